import type { Job } from '../../jobs/job.js';
import { isPlain, kindOf } from '../../jobs/job-access.js';
import { taskOf } from '../../jobs/job-engine.js';
import type { PoolWorker } from '../pool-worker.js';
import type { WorkerSet } from '../workers/worker-set.js';
import { type Balance, SHARE_TICKS } from './balance.js';
import type { Dispatcher } from './dispatcher.js';
import type { Reserve } from './reserve.js';
import { plannedTicks, WINDOW_TICKS } from './run-estimate.js';
import type { WorkerChoice } from './worker-choice.js';

/** Jobs are dispatched directly if even this many of them, taken together, are not worth sharing with an idle worker. */
const FEWEST_DIRECT = 8;
/** Longest run of direct dispatch to one worker, half a window: the longer it is, the fewer workers have to be woken. */
const RUN_TICKS = WINDOW_TICKS / 2;

export interface DirectDispatchDeps {
  readonly dispatcher: Dispatcher;
  readonly choice: WorkerChoice;
  readonly balance: Balance;
  readonly workers: WorkerSet;
  readonly reserve: Reserve | undefined;
}

/**
 * Sends short jobs of one kind to workers as they come, past the queue: in runs, each to the worker that would be sent the
 * next job. Workers see them at the next `publish`.
 */
export class DirectDispatch {
  readonly #dispatcher: Dispatcher;
  readonly #choice: WorkerChoice;
  readonly #balance: Balance;
  readonly #workers: WorkerSet;
  readonly #hasReserve: boolean;
  /** The kind of jobs that are dispatched directly. */
  #kind: ReturnType<typeof kindOf> | undefined;
  /** The worker of the current run, and how many more jobs it may be sent. */
  #worker: PoolWorker | undefined;
  #left = 0;

  constructor({ dispatcher, choice, balance, workers, reserve }: DirectDispatchDeps) {
    this.#dispatcher = dispatcher;
    this.#choice = choice;
    this.#balance = balance;
    this.#workers = workers;
    this.#hasReserve = reserve !== undefined;
  }

  /**
   * Called if many jobs come one by one and none waits: dispatches jobs like this one directly until `publish`, if they are
   * short.
   */
  plan(job: Job, nowMs: number): void {
    const kind = kindOf(job);
    const isShort = plannedTicks(kind.task) * FEWEST_DIRECT <= SHARE_TICKS;
    const { queue, isPaused } = this.#dispatcher;
    if (!isShort || queue.size > 0 || isPaused || this.#hasReserve) return;
    this.#choice.beginPass(nowMs);
    this.#kind = kind;
    this.#left = 0;
  }

  /** Sends a new job past the queue. False if it has to queue. */
  trySend(job: Job): boolean {
    if (kindOf(job) !== this.#kind) {
      this.#kind = undefined;
      return false;
    }
    const dispatcher = this.#dispatcher;
    if (dispatcher.queue.size > 0 || dispatcher.isPaused || dispatcher.isSending || !isPlain(job)) return false;
    if (this.#left === 0 && !this.#beginRun(job)) return false;
    const worker = this.#worker;
    if (worker === undefined || !worker.isReady || !dispatcher.send(worker, job)) return false;
    this.#left--;
    if (worker.hasSentSlowly) this.publish();
    return true;
  }

  /** Lets workers see all jobs that they were sent, wakes those that sleep, and ends direct dispatch. */
  publish(): void {
    this.#kind = undefined;
    this.#worker = undefined;
    for (const worker of this.#workers.all) this.#balance.publish(worker);
  }

  #beginRun(job: Job): boolean {
    const worker = this.#choice.pick(job);
    if (worker === undefined || worker.inFlight.wouldOvertake(job) || this.#choice.waitsBehind(worker, job))
      return false;
    this.#worker = worker;
    const windowTicks = WINDOW_TICKS * worker.concurrency - worker.inFlight.backlogTicks;
    this.#left = Math.min(worker.jobsLeft, Math.ceil(Math.min(RUN_TICKS, windowTicks) / plannedTicks(taskOf(job))));
    return this.#left > 0;
  }
}
