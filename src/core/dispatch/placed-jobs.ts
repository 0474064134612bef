import { now } from '../../base/clock.js';
import { type StopTimer, startTimer } from '../../base/timer.js';
import { rankOf, ranksBefore } from '../../host/rank.js';
import type { Job } from '../../jobs/job.js';
import { isSettled, optionsOf, ownerOf, seqOf, setOwner } from '../../jobs/job-access.js';
import { whenSettled } from '../../jobs/job-engine.js';
import type { PoolWorker } from '../pool-worker.js';
import type { WorkerSet } from '../workers/worker-set.js';
import type { Reserve } from './reserve.js';

/** Owner of the jobs that wait here: none has begun. */
const WAITING = { workerId: undefined, attempt: 0, hasBegun: (): boolean => false };

/** Jobs that wait for the same worker, or for any that is idle: the first to run first. */
class KeyQueue {
  readonly jobs: Job[] = [];
  /** The worker that the jobs run on, once the first was sent. */
  worker: PoolWorker | undefined;
  /** The job that was sent last. */
  last: Job | undefined;
  /** Jobs of the key that have not settled, at a worker or here. */
  readonly unsettled = new Set<Job>();
  idleSinceMs = 0;

  insert(job: Job): void {
    const rank = rankOf(job);
    let index = this.jobs.length;
    while (index > 0 && ranksBefore(rank, rankOf(this.jobs[index - 1] as Job))) index--;
    this.jobs.splice(index, 0, job);
  }

  /** Whether the next may be sent: the one before has begun, and will not be taken back. */
  get isInOrder(): boolean {
    const { last } = this;
    return last === undefined || isSettled(last) || ownerOf(last)?.hasBegun(seqOf(last)) === true;
  }
}

/** Key of the jobs that are only `exclusive`: a symbol, so that it is no user's key. */
const ANY_WORKER = Symbol('any worker');

export interface PlacedJobsDeps {
  readonly workers: WorkerSet;
  readonly reserve: Reserve | undefined;
  /** How long a key is remembered, in ms, once all its jobs have settled. */
  readonly idleTimeoutMs: number;
  /** Sends a job; false if the worker has no room. */
  send(worker: PoolWorker, job: Job): boolean;
}

/** Whether the job has the option `affinity` or `exclusive`. */
export function isPlaced(job: Job): boolean {
  const { affinity, exclusive } = optionsOf(job);
  return affinity !== undefined || exclusive === true;
}

/**
 * Jobs with `affinity` or `exclusive`. Such a job waits here once it is the first of the pool's queue, so that it delays none
 * behind it. The jobs here are sent one at a time, each to a worker that begins it at once. If no worker is free for the next of
 * them, one is *claimed*: it takes no other jobs until then. A worker that runs an exclusive job is claimed as well.
 *
 * A claim never keeps a parent from its children: an exclusive job that waits for its children claims nothing, and no worker is
 * claimed on which a job waits for its children.
 */
export class PlacedJobs {
  readonly #deps: PlacedJobsDeps;
  readonly #queues = new Map<string | symbol, KeyQueue>();
  /** Exclusive jobs at workers. */
  readonly #exclusive = new Map<Job, PoolWorker>();
  #claimed = new Set<PoolWorker>();
  #waitingCount = 0;
  #stopTimer: StopTimer | undefined;

  constructor(deps: PlacedJobsDeps) {
    this.#deps = deps;
  }

  /** Whether there is something to do at the next pass. */
  get isActive(): boolean {
    return this.#waitingCount > 0 || this.#exclusive.size > 0 || this.#claimed.size > 0;
  }

  /** How many workers would be of use to jobs that are bound to none. */
  get wantedWorkers(): number {
    let wanted = 0;
    for (const [key, { worker, jobs }] of this.#queues)
      if (worker === undefined) wanted += key === ANY_WORKER ? jobs.length : Math.min(1, jobs.length);
    return wanted;
  }

  *[Symbol.iterator](): Generator<Job> {
    for (const { jobs } of [...this.#queues.values()]) yield* [...jobs];
  }

  /** Adds a job that was removed from the pool's queue. */
  add(job: Job): void {
    const key = optionsOf(job).affinity ?? ANY_WORKER;
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      queue = new KeyQueue();
      this.#queues.set(key, queue);
    }
    const { unsettled } = queue;
    if (!unsettled.has(job)) {
      unsettled.add(job);
      whenSettled(job, () => this.#settled(queue, job));
    }
    if (queue.last === job) queue.last = undefined; // it was taken back
    setOwner(job, WAITING);
    queue.insert(job);
    this.#waitingCount++;
  }

  /** Removes a job that waits here. False if it does not. */
  remove(job: Job): boolean {
    if (ownerOf(job) !== WAITING) return false;
    const queue = this.#queues.get(optionsOf(job).affinity ?? ANY_WORKER);
    const index = queue?.jobs.indexOf(job) ?? -1;
    if (queue === undefined || index < 0) return false;
    queue.jobs.splice(index, 1);
    this.#waitingCount--;
    setOwner(job, undefined);
    return true;
  }

  /**
   * Sends one job that goes before `next`, the first of the pool's queue, and claims workers for other such jobs. False if none
   * was sent.
   */
  sendOne(next: Job | undefined): boolean {
    const claimed = this.#claimed;
    this.#claimed = new Set();
    for (const worker of claimed) worker.lifecycle.isClaimed = false;
    for (const [job, worker] of this.#exclusive) {
      if (isSettled(job) || ownerOf(job) !== worker) this.#exclusive.delete(job);
      else if (!worker.suspended.has(job)) this.#claim(worker);
    }
    for (const queue of this.#queuesInOrder()) {
      const job = queue.jobs[0];
      if (job === undefined || (next !== undefined && ranksBefore(rankOf(next), rankOf(job)))) return false;
      if (queue.isInOrder && this.#trySend(queue, job)) return true;
    }
    return false;
  }

  #trySend(queue: KeyQueue, job: Job): boolean {
    const { send, workers, reserve } = this.#deps;
    if (queue.worker?.isOpen === false) queue.worker = undefined;
    const mayTake = (worker: PoolWorker): boolean => reserve === undefined || reserve.mayTake(worker, job);
    const candidates = queue.worker === undefined ? workers.all.filter(mayTake) : [queue.worker];
    const isExclusive = optionsOf(job).exclusive === true;
    const free = candidates.filter((worker) => worker.isFree && (!isExclusive || worker.isIdle));
    const worker = free.find(({ isIdle }) => isIdle) ?? free[0];
    if (worker === undefined) {
      if (queue.worker !== undefined || isExclusive) this.#claimFor(candidates);
      return false;
    }
    this.remove(job);
    if (!send(worker, job)) {
      this.add(job);
      return false;
    }
    if (optionsOf(job).affinity !== undefined) {
      queue.worker = worker;
      queue.last = job;
    }
    if (isExclusive && !isSettled(job)) {
      this.#exclusive.set(job, worker);
      this.#claim(worker);
    }
    return true;
  }

  /** Claims the worker that will probably be free first. */
  #claimFor(candidates: readonly PoolWorker[]): void {
    const claimable = candidates.filter((worker) => worker.isReady && worker.suspended.size === 0);
    const [first] = claimable.sort((a, b) => a.inFlight.backlogTicks - b.inFlight.backlogTicks);
    if (first !== undefined) this.#claim(first);
  }

  #claim(worker: PoolWorker): void {
    worker.lifecycle.isClaimed = true;
    this.#claimed.add(worker);
  }

  /** No more jobs will come: forgets no key later. */
  close(): void {
    this.#stopTimer?.();
  }

  /** Queues with jobs, the one with the most urgent first job first. */
  #queuesInOrder(): KeyQueue[] {
    const queues = [...this.#queues.values()].filter(({ jobs }) => jobs.length > 0);
    return queues.sort((a, b) => (ranksBefore(rankOf(a.jobs[0] as Job), rankOf(b.jobs[0] as Job)) ? -1 : 1));
  }

  #settled(queue: KeyQueue, job: Job): void {
    queue.unsettled.delete(job);
    if (queue.unsettled.size > 0) return;
    queue.last = undefined;
    queue.idleSinceMs = now();
    this.#forgetLater();
  }

  #forgetLater(): void {
    const { idleTimeoutMs } = this.#deps;
    if (this.#stopTimer !== undefined || idleTimeoutMs === Number.POSITIVE_INFINITY) return;
    this.#stopTimer = startTimer(Math.max(1, idleTimeoutMs), () => this.#forget(), { keepsProcess: false });
  }

  #forget(): void {
    this.#stopTimer = undefined;
    const sinceMs = now() - this.#deps.idleTimeoutMs;
    let isAnyIdle = false;
    for (const [key, { unsettled, idleSinceMs }] of this.#queues) {
      if (unsettled.size > 0) continue;
      if (idleSinceMs <= sinceMs) this.#queues.delete(key);
      else isAnyIdle = true;
    }
    if (isAnyIdle) this.#forgetLater();
  }
}
