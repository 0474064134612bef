import { describe } from '../errors.js';
import { checkMs, type StopTimer, startTimer } from '../sync/timer.js';
import type { Dispatcher } from './dispatcher.js';
import type { Ledger, SettledCounts } from './ledger.js';
import { SHUTDOWN_MODES as MODES, type ShutdownMode, type ShutdownOptions } from './shutdown-options.js';
import type { WorkerSet } from './worker-set.js';

const REASON = 'the pool was shut down';

/** The end of a pool: open, then draining, then closed, never back (I5). */
export class Shutdown {
  readonly #ledger: Ledger;
  readonly #dispatcher: Dispatcher;
  readonly #workers: WorkerSet;
  #mode: ShutdownMode | undefined;
  #promise: Promise<SettledCounts> | undefined;
  readonly #stopTimers: StopTimer[] = [];

  constructor(ledger: Ledger, dispatcher: Dispatcher, workers: WorkerSet) {
    this.#ledger = ledger;
    this.#dispatcher = dispatcher;
    this.#workers = workers;
  }

  get hasBegun(): boolean {
    return this.#promise !== undefined;
  }

  begin(options: ShutdownOptions): Promise<SettledCounts> {
    const { mode = 'drain', timeoutMs = Number.POSITIVE_INFINITY } = options;
    if (!MODES.includes(mode))
      throw new TypeError(`Cannot shut down pool: mode must be one of ${MODES.join(', ')}, received ${describe(mode)}`);
    checkMs(timeoutMs, 'timeoutMs', 'shut down pool');
    this.#promise ??= this.#run();
    this.#escalate(mode);
    if (timeoutMs !== Number.POSITIVE_INFINITY && this.#mode !== 'abort')
      this.#stopTimers.push(startTimer(timeoutMs, () => this.#escalate('abort'), { keepsProcess: false }));
    return this.#promise;
  }

  async #run(): Promise<SettledCounts> {
    const before = this.#ledger.counts();
    this.#ledger.hold();
    await this.#ledger.waitAll(Number.POSITIVE_INFINITY);
    for (const stop of this.#stopTimers) stop();
    await this.#workers.endAll();
    this.#ledger.end();
    const after = this.#ledger.counts();
    return {
      completed: after.completed - before.completed,
      failed: after.failed - before.failed,
      cancelled: after.cancelled - before.cancelled,
    };
  }

  #escalate(mode: ShutdownMode): void {
    if (this.#mode !== undefined && MODES.indexOf(mode) <= MODES.indexOf(this.#mode)) return;
    this.#mode = mode;
    switch (mode) {
      case 'drain':
        this.#dispatcher.resume();
        break;
      case 'finishRunning':
        for (const job of [...this.#dispatcher.unsettled()]) this.#dispatcher.cancelPending(job, REASON);
        break;
      case 'abort':
        for (const job of [...this.#dispatcher.unsettled()]) job.cancel(REASON);
        for (const worker of [...this.#workers.all]) if (worker.open > 0) worker.terminate();
        break;
    }
  }
}
