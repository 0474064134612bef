import { type StopTimer, startTimer } from '../base/timer.js';
import { SHUT_DOWN } from '../contract/worker-end.js';
import type { PoolChannels } from './channels.js';
import type { Dispatcher } from './dispatch/dispatcher.js';
import type { Pacer } from './dispatch/pacer.js';
import type { StarvationWatch } from './dispatch/starvation-watch.js';
import type { Ledger } from './ledger.js';
import type { JobControl } from './lifecycle/job-control.js';
import type { PoolLog } from './log.js';
import type { SettledCounts, ShutdownMode, ShutdownSettings } from './options/shutdown-options.js';
import type { PoolState } from './pool-state.js';
import type { Profiling } from './profile/profiling.js';
import type { IdleReaper } from './workers/idle-reaper.js';
import type { WorkerSet } from './workers/worker-set.js';

export interface ShutdownDeps {
  readonly state: PoolState;
  readonly ledger: Ledger;
  readonly dispatcher: Dispatcher;
  readonly pacer: Pacer;
  readonly starvation: StarvationWatch;
  readonly control: JobControl;
  readonly workers: WorkerSet;
  readonly reaper: IdleReaper;
  readonly log: PoolLog;
  readonly channels: PoolChannels;
  readonly profiling: Profiling;
  /** What ends the other parts' waiting, starting and scheduling: called once, after what the first mode does to jobs. */
  readonly closers: readonly (() => void)[];
}

/** Ends a pool, in a mode that only gets stricter (I5). The only writer of its `PoolState`. */
export class Shutdown {
  readonly #deps: ShutdownDeps;
  /** Set while the pool is not open. */
  #ended: Promise<SettledCounts> | undefined;
  readonly #stopTimers: StopTimer[] = [];

  constructor(deps: ShutdownDeps) {
    this.#deps = deps;
  }

  /** Begins the shutdown, or makes it stricter. Each call returns the same promise. */
  begin({ mode, timeoutMs }: ShutdownSettings): Promise<SettledCounts> {
    this.#ended ??= this.#end(mode);
    this.#tighten(mode);
    const { phase } = this.#deps.state;
    if (timeoutMs !== Number.POSITIVE_INFINITY && phase !== 'abort' && phase !== 'closed')
      this.#stopTimers.push(startTimer(timeoutMs, () => this.#tighten('abort'), { keepsProcess: false }));
    return this.#ended;
  }

  /** Waits until all jobs have settled, then ends the workers. */
  async #end(mode: ShutdownMode): Promise<SettledCounts> {
    const { state, ledger, dispatcher, workers, reaper, log, profiling } = this.#deps;
    log.shutdownBegins(mode, ledger.unsettled);
    const before = ledger.counts();
    ledger.ref();
    await ledger.waitAll(Number.POSITIVE_INFINITY);
    await profiling.collect();
    reaper.pause();
    await workers.endAll();
    dispatcher.close();
    for (const stop of this.#stopTimers) stop();
    state.close();
    ledger.end();
    this.#deps.channels.closed();
    const counts = ledger.countsSince(before);
    log.shutdownEnds(counts);
    return counts;
  }

  #tighten(mode: ShutdownMode): void {
    const { state, dispatcher, pacer, starvation, control, workers, ledger, log } = this.#deps;
    const transition = state.shutDown(mode);
    if (transition === 'unchanged') return;
    if (transition === 'escalated') log.shutdownEscalates(mode, ledger.unsettled);
    switch (mode) {
      case 'drain':
        dispatcher.resume();
        pacer.pump();
        starvation.watch(); // if it was paused
        break;
      case 'finishRunning':
        for (const job of [...control.unsettled()]) control.cancelPending(job, SHUT_DOWN.text);
        break;
      case 'abort':
        // parents first: the cancellation of a child that they await must not look like a failure of theirs
        for (const job of control.parents) job.cancel(SHUT_DOWN.text);
        for (const job of [...control.unsettled()]) job.cancel(SHUT_DOWN.text);
        workers.terminateAll(SHUT_DOWN);
        break;
    }
    if (transition === 'begun') for (const close of this.#deps.closers) close();
  }
}
