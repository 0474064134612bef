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
import type { Profiling } from './profile/profiling.js';
import type { WorkerSet } from './workers/worker-set.js';

const REASON = 'the pool was shut down';

/** What is shut down. */
export interface ShutdownDeps {
  readonly ledger: Ledger;
  readonly dispatcher: Dispatcher;
  readonly pacer: Pacer;
  readonly control: JobControl;
  readonly workers: WorkerSet;
  readonly log: PoolLog;
  readonly profiling: Profiling;
}

/** The end of a pool: open, then draining, then closed, never back (I5). */
export class Shutdown {
  readonly #deps: ShutdownDeps;
  #mode: ShutdownMode | undefined;
  #promise: Promise<SettledCounts> | undefined;
  readonly #stopTimers: StopTimer[] = [];

  constructor(parts: ShutdownDeps) {
    this.#deps = parts;
  }

  /** Whether jobs that are not begun, or are to be tried again, still run. */
  get runsPending(): boolean {
    return this.#mode === undefined || this.#mode === 'drain';
  }

  get hasBegun(): boolean {
    return this.#promise !== undefined;
  }

  begin({ mode, timeoutMs }: ShutdownSettings): Promise<SettledCounts> {
    if (this.#promise === undefined) this.#deps.log.shutdownBegins(mode, this.#deps.ledger.unsettled);
    this.#promise ??= this.#run();
    this.#escalate(mode);
    if (timeoutMs !== Number.POSITIVE_INFINITY && this.#mode !== 'abort')
      this.#stopTimers.push(startTimer(timeoutMs, () => this.#escalate('abort'), { keepsProcess: false }));
    return this.#promise;
  }

  async #run(): Promise<SettledCounts> {
    const { ledger, workers, log, profiling } = this.#deps;
    const before = ledger.counts();
    ledger.hold();
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
    if (this.#mode !== undefined && MODES.indexOf(mode) <= MODES.indexOf(this.#mode)) return;
    const { dispatcher, pacer, control, workers, ledger, log } = this.#deps;
    if (this.#mode !== undefined) log.shutdownEscalates(mode, ledger.unsettled);
    this.#mode = mode;
    switch (mode) {
      case 'drain':
        dispatcher.resume();
        pacer.pump();
        break;
      case 'finishRunning':
        for (const job of [...control.unsettled()]) control.cancelPending(job, REASON);
        break;
      case 'abort':
        // parents first: the cancellation of a child that they await is not to look like a fault of their own
        for (const job of control.parents) job.cancel(REASON);
        for (const job of [...control.unsettled()]) job.cancel(REASON);
        workers.terminateAll(REASON);
        break;
    }
  }
}
