import { type StopTimer, startTimer } from '../base/timer.js';
import type { Dispatcher } from './dispatch/dispatcher.js';
import type { Pacer } from './dispatch/pacer.js';
import type { Ledger } from './ledger.js';
import type { JobControl } from './lifecycle/job-control.js';
import type { PoolLog } from './log.js';
import {
  SHUTDOWN_MODES as MODES,
  type SettledCounts,
  type ShutdownMode,
  type ShutdownSettings,
} from './options/shutdown-options.js';
import type { PoolState } from './pool-state.js';
import type { Profiling } from './profile/profiling.js';
import type { WorkerSet } from './workers/worker-set.js';

const REASON = 'the pool was shut down';

export interface ShutdownDeps {
  readonly state: PoolState;
  readonly ledger: Ledger;
  readonly dispatcher: Dispatcher;
  readonly pacer: Pacer;
  readonly control: JobControl;
  readonly workers: WorkerSet;
  readonly log: PoolLog;
  readonly profiling: Profiling;
}

/** Ends a pool: open, then draining, then closed, never back (I5). The only writer of its `PoolState`. */
export class Shutdown {
  readonly #deps: ShutdownDeps;
  #promise: Promise<SettledCounts> | undefined;
  readonly #stopTimers: StopTimer[] = [];

  constructor(deps: ShutdownDeps) {
    this.#deps = deps;
  }

  begin({ mode, timeoutMs }: ShutdownSettings): Promise<SettledCounts> {
    const { state, log, ledger } = this.#deps;
    if (this.#promise === undefined) log.shutdownBegins(mode, ledger.unsettled);
    this.#promise ??= this.#run();
    state.hasBegun = true;
    this.#escalate(mode);
    if (timeoutMs !== Number.POSITIVE_INFINITY && state.mode !== 'abort')
      this.#stopTimers.push(startTimer(timeoutMs, () => this.#escalate('abort'), { keepsProcess: false }));
    return this.#promise;
  }

  async #run(): Promise<SettledCounts> {
    const { ledger, workers, log, profiling } = this.#deps;
    const before = ledger.counts();
    ledger.ref();
    await ledger.waitAll(Number.POSITIVE_INFINITY);
    await profiling.collect();
    await workers.endAll();
    for (const stop of this.#stopTimers) stop();
    ledger.end();
    const after = ledger.counts();
    const counts = {
      completed: after.completed - before.completed,
      failed: after.failed - before.failed,
      cancelled: after.cancelled - before.cancelled,
    };
    log.shutdownEnds(counts);
    return counts;
  }

  #escalate(mode: ShutdownMode): void {
    const { state, dispatcher, pacer, control, workers, ledger, log } = this.#deps;
    if (state.mode !== undefined && MODES.indexOf(mode) <= MODES.indexOf(state.mode)) return;
    if (state.mode !== undefined) log.shutdownEscalates(mode, ledger.unsettled);
    state.mode = mode;
    switch (mode) {
      case 'drain':
        dispatcher.resume();
        pacer.pump();
        break;
      case 'finishRunning':
        for (const job of [...control.unsettled()]) control.cancelPending(job, REASON);
        break;
      case 'abort':
        // parents first: the cancellation of a child that they await must not look like a failure of theirs
        for (const job of control.parents) job.cancel(REASON);
        for (const job of [...control.unsettled()]) job.cancel(REASON);
        workers.terminateAll(REASON);
        break;
    }
  }
}
