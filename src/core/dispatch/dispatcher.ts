import { now } from '../../base/clock.js';
import { outranks, rankOf, ranksBefore } from '../../host/rank.js';
import type { Job } from '../../jobs/job.js';
import { isPlain, ownerOf } from '../../jobs/job-access.js';
import { taskOf, transferOf, urgencyOf } from '../../jobs/job-engine.js';
import type { Ledger } from '../ledger.js';
import type { PoolWorker } from '../pool-worker.js';
import type { WorkerSet } from '../workers/worker-set.js';
import type { Balance } from './balance.js';
import { ageOf, type JobQueue } from './job-queue.js';
import { isPlaced, PlacedJobs } from './placed-jobs.js';
import type { Reserve } from './reserve.js';
import { plannedTicks } from './run-estimate.js';
import { isInWindow, type WorkerChoice } from './worker-choice.js';

/** Most jobs sent to one worker before the next worker gets some. */
const MAX_BURST = 1024;

export interface DispatcherDeps {
  readonly queue: JobQueue<Job>;
  readonly ledger: Ledger;
  readonly workers: WorkerSet;
  readonly reserve: Reserve | undefined;
  readonly choice: WorkerChoice;
  readonly balance: Balance;
}

/**
 * Takes jobs off the queue and sends them to workers. Only `send` sends a job.
 *
 * Jobs are sent ahead, as many as are expected to take a millisecond, so that one wakeup serves hundreds; `Balance` takes
 * back those not begun if another worker is to run them.
 *
 * Nothing is sent ahead to one worker while a job that outranks it waits at another: so none begins before it (I4).
 */
export class Dispatcher {
  readonly queue: JobQueue<Job>;
  /** A new job more urgent than this is sent early. Any other waits behind another, and is sent with its batch. */
  earlyAbove = Number.NEGATIVE_INFINITY;
  readonly #ledger: Ledger;
  readonly #workers: WorkerSet;
  readonly #reserve: Reserve | undefined;
  readonly #choice: WorkerChoice;
  readonly #balance: Balance;
  #placed: PlacedJobs | undefined;
  #isPaused = false;
  #isFeeding = false;
  /** Whether jobs were taken back for a free worker: they are spread over the others, too. */
  #isTail = false;
  /**
   * Whether a job is being written, which may run foreign code: getters of its arguments. Nothing else is sent
   * meanwhile.
   */
  #isSending = false;

  constructor({ queue, ledger, workers, reserve, choice, balance }: DispatcherDeps) {
    this.queue = queue;
    this.#ledger = ledger;
    this.#workers = workers;
    this.#reserve = reserve;
    this.#choice = choice;
    this.#balance = balance;
  }

  /** Whether there are jobs to send, and the pool is not paused. */
  get isDue(): boolean {
    return this.queue.size > 0 && !this.#isPaused;
  }

  /** Whether a pass over the workers may send something. */
  get isFeedable(): boolean {
    return this.isDue || (this.#placed?.isActive === true && !this.#isPaused);
  }

  /** Jobs that wait for a certain worker; `undefined` before the first. */
  get placed(): PlacedJobs | undefined {
    return this.#placed;
  }

  /** Removes a job that waits, in the queue or for a certain worker. False if it does not wait. */
  remove(job: Job): boolean {
    return this.queue.remove(job) || this.#placed?.remove(job) === true;
  }

  /** All jobs that wait, in the queue or for a certain worker. */
  *waiting(): Generator<Job> {
    yield* this.queue;
    if (this.#placed !== undefined) yield* this.#placed;
  }

  /** Of the jobs that wait, the one that was submitted first. */
  oldestWaiting(): Job | undefined {
    let oldest = this.queue.oldest();
    for (const job of this.#placed ?? []) if (oldest === undefined || ageOf(job) < ageOf(oldest)) oldest = job;
    return oldest;
  }

  /** Of the jobs that wait, the one that is to begin last. */
  lastWaiting(): Job | undefined {
    let last = this.queue.last();
    for (const job of this.#placed ?? []) if (last === undefined || ranksBefore(rankOf(last), rankOf(job))) last = job;
    return last;
  }

  /** The pool has ended. */
  close(): void {
    this.#placed?.close();
  }

  /** Returns all jobs that wait for a certain worker to the queue. */
  releasePlaced(): void {
    for (const job of this.#placed ?? []) if (this.#placed?.remove(job) === true) this.queue.insert(job);
  }

  /** A job with `affinity` or `exclusive` is about to be queued. */
  expectPlaced(): void {
    this.#placed ??= new PlacedJobs({
      workers: this.#workers,
      reserve: this.#reserve,
      idleTimeoutMs: this.#workers.idleTimeoutMs,
      send: (worker, job) => this.#sendPlaced(worker, job),
    });
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get isSending(): boolean {
    return this.#isSending;
  }

  /** Sends nothing until `resume`, and takes back all jobs that no worker has begun. */
  pause(): void {
    this.#isPaused = true;
    this.earlyAbove = Number.POSITIVE_INFINITY;
    this.#balance.recallAll();
  }

  resume(): void {
    this.#isPaused = false;
    this.updateEarlyAbove();
  }

  /** Sends the most urgent jobs, each to the worker that will begin it first, until no worker may take more. */
  feed(): void {
    // called by a getter of an argument: the outer call continues
    if (this.#isFeeding || this.#isSending) return;
    this.#isFeeding = true;
    this.#choice.beginPass(now());
    try {
      this.#isTail = false;
      this.#balance.recallEarly();
      while (this.#feedOne());
    } finally {
      this.#isFeeding = false;
    }
  }

  /** Sets the first job aside if it is for a certain worker, or sends one that was. False if there was neither. */
  #feedPlaced(placed: PlacedJobs): boolean {
    if (this.#isPaused) return false;
    const next = this.queue.peek();
    if (next === undefined || !isPlaced(next)) return placed.sendOne(next);
    this.queue.remove(next);
    placed.add(next);
    return true;
  }

  #sendPlaced(worker: PoolWorker, job: Job): boolean {
    this.#balance.recallBehind(worker, job);
    if (!this.send(worker, job)) return false;
    this.#balance.publish(worker);
    return true;
  }

  /** Sends some jobs to one worker. False if no worker may take any. */
  #feedOne(): boolean {
    const { queue } = this;
    if (this.#placed !== undefined && this.#feedPlaced(this.#placed)) return true;
    const job = queue.peek();
    if (job === undefined || this.#isPaused) return false;
    this.#balance.clearTheWay(job);
    const worker = this.#choice.pick(job);
    if (worker === undefined) return false;
    if (this.#balance.recallBefore(worker, job)) {
      this.#isTail = true;
      return true;
    }
    const count = this.#isTail ? queue.firstLevelSize : queue.size;
    const isSent = this.#sendBurst(
      worker,
      job,
      Math.min(MAX_BURST, worker.jobsLeft, Math.ceil(count / this.#choice.spreadOf(job))),
    );
    this.#balance.publish(worker);
    return isSent;
  }

  /**
   * A job has arrived that may be the next to begin: sends at once what would begin at once, and takes back what it
   * outranks. The rest is sent with its batch.
   */
  feedEarly(): void {
    if (this.#isFeeding || this.#isSending) return;
    this.#isFeeding = true;
    this.#choice.beginPass(now());
    try {
      this.#balance.recallEarly();
      while (this.#feedOneEarly());
    } finally {
      this.#isFeeding = false;
    }
    this.updateEarlyAbove();
  }

  #feedOneEarly(): boolean {
    if (this.#placed !== undefined && this.#feedPlaced(this.#placed)) return true;
    const job = this.queue.peek();
    if (job === undefined || this.#isPaused) return false;
    const free = this.#choice.pickFree(job);
    if (free !== undefined) return this.#balance.recallBefore(free, job) || this.#sendEarly(free, job);
    const isAnyTaken = this.#balance.recallOvertaken(job);
    // one that runs others in place of one left asleep, or that starts, gets the job now, as this thread may be busy from now on
    const standIn = isAnyTaken ? undefined : this.#choice.pickStandIn(job);
    if (standIn !== undefined) return this.#sendEarly(standIn, job);
    const worker = this.#choice.pick(job);
    if (worker === undefined) return false;
    return (isAnyTaken || !worker.isReady) && this.#sendEarly(worker, job);
  }

  #sendEarly(worker: PoolWorker, job: Job): boolean {
    const isSent = this.#sendBurst(worker, job, 1);
    this.#balance.publishEarly(worker);
    return isSent;
  }

  /** Sets `earlyAbove`. Call this when the queue, or the jobs at workers, may have changed. */
  updateEarlyAbove(): void {
    this.earlyAbove = this.#isPaused ? Number.POSITIVE_INFINITY : this.#firstUrgency();
  }

  #firstUrgency(): number {
    const first = this.queue.peek();
    return first === undefined ? Number.NEGATIVE_INFINITY : urgencyOf(first);
  }

  /**
   * Sends the first job, and those behind it that fit in the window. A job that takes long to send is the last, so that its
   * worker runs it while the next, for another worker, is sent. False if the worker had no room for any.
   */
  #sendBurst(worker: PoolWorker, first: Job, most: number): boolean {
    const reserve = this.#reserve;
    const isOnly = this.#workers.all.length === 1;
    let sent = 0;
    let job: Job | undefined = first;
    do {
      if (worker.inFlight.wouldOvertake(job)) this.#balance.recallBehind(worker, job);
      this.queue.remove(job);
      if (!this.send(worker, job)) {
        this.queue.insert(job);
        break;
      }
      sent++;
      job = this.queue.peek();
    } while (
      sent < most &&
      !worker.hasSentSlowly &&
      job !== undefined &&
      !this.#isPaused && // by the getter of an argument
      (isPlain(job) || mayFollow(job)) &&
      worker.isReady &&
      isInWindow(worker, job) &&
      (isOnly || !outranks(first, job)) &&
      (reserve === undefined || reserve.mayTake(worker, job))
    );
    return sent > 0;
  }

  /** Sends a job that is off the queue; one whose arguments cannot be sent settles FAILED. False if the worker has no room. */
  send(worker: PoolWorker, job: Job): boolean {
    this.#isSending = true;
    try {
      return worker.send(job, plannedTicks(taskOf(job)));
    } catch (error) {
      this.#failToSend(worker, job, error);
      return true;
    } finally {
      this.#isSending = false;
    }
  }

  /** An argument cannot be sent. A getter of one may have cancelled the job already, or taken it back. */
  #failToSend(worker: PoolWorker, job: Job, error: unknown): void {
    const isHere = ownerOf(job) === worker ? worker.inFlight.takeBackOne(job) === 'taken back' : this.queue.remove(job);
    if (isHere) this.#ledger.settle(job, 'FAILED', { outcome: error });
  }
}

/** Whether a job that is not plain may be sent behind others in one pass. */
function mayFollow(job: Job): boolean {
  return transferOf(job) === undefined && !isPlaced(job);
}
