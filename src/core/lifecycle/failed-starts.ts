import { now } from '../../base/clock.js';
import { messageOf, WorkerExitError } from '../../errors.js';
import { reasonOf, type ThreadExit } from '../../host/thread-exit.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { Pacer } from '../dispatch/pacer.js';
import type { Ledger } from '../ledger.js';
import type { PoolLog } from '../log.js';
import type { ThreadOptions } from '../options/thread-options.js';
import type { StartBackoff } from '../workers/start-backoff.js';
import type { WarmUp } from '../workers/warm-up.js';
import type { WorkerSet } from '../workers/worker-set.js';

/** Maximum number of distinct faults for which a process warning is emitted, once each. */
const MOST_WARNINGS = 16;

/** Flags that load a hook which finds or reads modules, such as that of Yarn PnP. */
const LOADERS = /(?:^|\s)(?:-r|--require|--import|--(?:experimental-)?loader)[\s=]/;
const NOT_FOUND = /Cannot find (?:module|package) /;

export interface FailedStartsDeps {
  readonly backoff: StartBackoff;
  readonly workers: WorkerSet;
  readonly dispatcher: Dispatcher;
  readonly pacer: Pacer;
  readonly ledger: Ledger;
  readonly log: PoolLog;
  readonly warmUp: WarmUp;
}

/** Deals with workers that could not start: reports them, and tries another start after a pause, or fails the waiting jobs. */
export class FailedStarts {
  readonly #deps: FailedStartsDeps;
  /** The option `env`. */
  readonly #env: ThreadOptions['env'];
  /** Faults for which a process warning was emitted. */
  readonly #warned = new Set<string>();

  constructor(env: ThreadOptions['env'], deps: FailedStartsDeps) {
    this.#env = env;
    this.#deps = deps;
  }

  /**
   * A worker could not start. If there are others, even busy or starting ones, they do its work, and another start is tried
   * later. If there are none, another is tried soon; if starts keep failing, all waiting jobs fail.
   *
   * @param begunAtMs when the start was begun, in ms of `now()`.
   */
  add(exit: ThreadExit, begunAtMs: number): void {
    const { backoff, workers, log, warmUp } = this.#deps;
    backoff.failed(begunAtMs, now());
    const fault = exit.startFault ?? `its thread ended with exit code ${exit.exitCode}`;
    const message = `Cannot start a worker: ${fault}${reasonOf(exit)}${adviceOn(exit, this.#env)}`;
    warmUp.startFailed(message, exit);
    if (workers.hasAny) {
      this.#warn(message, backoff.pauseMs);
      this.#startAfter(backoff.pauseMs);
      return;
    }
    const pauseMs = backoff.pauseAloneMs;
    if (pauseMs === undefined) {
      log.startFailed(message, 'No worker is running; failing all waiting jobs');
      this.#failWaitingJobs(message, exit);
    } else {
      log.startFailed(message, `No worker is running; retrying in ${pauseMs} ms`);
      this.#startAfter(pauseMs);
    }
  }

  #startAfter(pauseMs: number): void {
    const { workers, pacer } = this.#deps;
    workers.suspendStarts(pauseMs, () => {
      workers.refill();
      pacer.pump();
    });
  }

  /** Fails the jobs that are in the queue now. Later ones find a pool that tries to start workers again. */
  #failWaitingJobs(message: string, exit: ThreadExit): void {
    const { dispatcher, ledger, pacer } = this.#deps;
    dispatcher.releasePlaced();
    for (let count = dispatcher.queue.size; count > 0; count--) {
      const job = dispatcher.queue.shift();
      if (job !== undefined) ledger.settle(job, 'FAILED', { outcome: new WorkerExitError(message, exit) });
    }
    pacer.pump();
  }

  /** Reports a fault: each time if there is a logger, otherwise once per message. */
  #warn(message: string, pauseMs: number): void {
    const { log } = this.#deps;
    if (!log.isOpen) {
      if (this.#warned.has(message) || this.#warned.size === MOST_WARNINGS) return;
      this.#warned.add(message);
    }
    const next = `Continuing with the other workers; retrying in ${pauseMs} ms`;
    log.fault(`${message}. ${next}`, { type: 'ThreadSystemWarning' });
  }
}

/** Returns advice, as the end of a message, if a start failed because it lacked the loaders of this process; otherwise ''. */
function adviceOn({ cause }: ThreadExit, env: ThreadOptions['env']): string {
  const isWithout = typeof env === 'object' && env['NODE_OPTIONS'] === undefined;
  if (!isWithout || !NOT_FOUND.test(messageOf(cause)) || !LOADERS.test(process.env['NODE_OPTIONS'] ?? '')) return '';
  return '; the option env has no NODE_OPTIONS, by which this process finds modules: write env: { ...process.env, … }';
}
