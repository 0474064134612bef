import { now } from '../../base/clock.js';
import { TICKS_PER_MS } from '../../base/ticks.js';
import { outranks, type Rank, rankOf } from '../../host/rank.js';
import type { Job } from '../../jobs/job.js';
import type { PoolWorker } from '../pool-worker.js';
import type { WorkerSet } from '../workers/worker-set.js';
import type { JobQueue } from './job-queue.js';
import type { Reserve } from './reserve.js';
import type { WorkerChoice } from './worker-choice.js';

/** Smallest backlog worth sharing with an idle worker. */
export const SHARE_TICKS = 0.1 * TICKS_PER_MS;
/** Rank before every job's. */
const FIRST_RANK: Rank = { urgency: Number.POSITIVE_INFINITY, order: 0 };

export interface BalanceDeps {
  readonly queue: JobQueue<Job>;
  readonly workers: WorkerSet;
  readonly reserve: Reserve | undefined;
  readonly choice: WorkerChoice;
}

/**
 * Takes jobs that workers have not begun back into the queue: when a more urgent job comes, when another worker is idle,
 * and when a worker makes no progress.
 */
export class Balance {
  readonly #queue: JobQueue<Job>;
  readonly #workers: WorkerSet;
  readonly #reserve: Reserve | undefined;
  readonly #choice: WorkerChoice;

  constructor({ queue, workers, reserve, choice }: BalanceDeps) {
    this.#queue = queue;
    this.#workers = workers;
    this.#reserve = reserve;
    this.#choice = choice;
  }

  /** Publishes what a worker was sent. Takes it back if the worker's thread has blocked meanwhile. */
  publish(worker: PoolWorker): void {
    if (worker.publish() === 'blocked') this.recall(worker);
  }

  /** Like `publish`, but leaves a thread that will soon check by itself asleep until the next `publish`. */
  publishEarly(worker: PoolWorker): void {
    if (worker.publishEarly() === 'blocked') this.recall(worker);
  }

  /** Takes back all jobs that a worker has not begun. */
  recall(worker: PoolWorker): void {
    this.#takeAll(worker);
  }

  /** Takes back all jobs that no worker has begun. */
  recallAll(): void {
    for (const worker of this.#workers.all) this.recall(worker);
  }

  /** Takes back the jobs at a worker that rank behind `job`. Returns how many. */
  recallBehind(worker: PoolWorker, job: Job): number {
    return this.#takeBack(worker, rankOf(job), Number.POSITIVE_INFINITY);
  }

  /** Takes back the jobs that rank behind `job` at every worker where it would overtake some. False if there are none. */
  recallOvertaken(job: Job): boolean {
    let isAnyTaken = false;
    for (const worker of this.#workers.all)
      if (worker.inFlight.wouldOvertake(job) && this.recallBehind(worker, job) > 0) isAnyTaken = true;
    return isAnyTaken;
  }

  /**
   * Takes back the jobs that `job` outranks, wherever they wait; from an overdue worker all that would run behind it, as
   * none of them may be the first to run when that worker goes on.
   */
  clearTheWay(job: Job): void {
    for (const worker of this.#workers.all) {
      if (worker.inFlight.wouldOutrank(job)) this.recallBehind(worker, job);
      if (!worker.inFlight.wouldOvertake(job) || !this.#choice.isOverdue(worker)) continue;
      worker.markStalled();
      this.recall(worker);
    }
  }

  /** Takes back, for a free worker, jobs at others that have to begin before `job` would there. False if there are none. */
  recallBefore(worker: PoolWorker, job: Job): boolean {
    if (!this.#choice.waitsBehind(worker, job)) return false;
    let isAnyTaken = false;
    for (const other of this.#workers.all)
      if (this.#choice.isBehindIn(other, worker, job) && this.#takeAll(other) > 0) isAnyTaken = true;
    return isAnyTaken;
  }

  /** Takes back jobs that wait at starting workers if one that is up would begin them sooner. False if there are none. */
  recallEarly(): boolean {
    let isAnyTaken = false;
    for (const worker of this.#workers.all) {
      if (worker.state !== 'starting') continue;
      const first = worker.inFlight.firstWaitingJob;
      if (first === undefined || !this.#workers.all.some((other) => this.#choice.canTake(other, first))) continue;
      if (this.#takeAll(worker) > 0) isAnyTaken = true;
    }
    return isAnyTaken;
  }

  /** Takes back jobs that wait behind others running far longer than expected, for whichever worker is free first. */
  recallStuck(): void {
    this.#choice.beginPass(now());
    for (const worker of this.#workers.all) {
      if (!worker.inFlight.hasWaiting) continue;
      const first = worker.inFlight.firstWaiting();
      if (first === worker.watchedSeq && this.#choice.isOverdue(worker)) {
        worker.markStalled();
        this.recall(worker);
      }
      worker.watchedSeq = first;
    }
  }

  /** Takes back half of what the busiest worker has not begun, for an idle one (I3). False if there is nothing to share. */
  share(): boolean {
    let isAnyFree = false;
    let isAnyEarly = false;
    let busiest: PoolWorker | undefined;
    for (const worker of this.#workers.all) {
      const { inFlight } = worker;
      if (!inFlight.hasWaiting) isAnyFree ||= worker.isFree;
      else if (worker.state === 'starting') isAnyEarly = true;
      else if (inFlight.backlogTicks > (busiest?.inFlight.backlogTicks ?? SHARE_TICKS)) busiest = worker;
    }
    if (!isAnyFree) return false;
    if (isAnyEarly && this.recallEarly()) return true;
    if (busiest === undefined) return false;
    const ends = busiest.inFlight.waitingEnds;
    if (ends !== undefined && this.#choice.leavesIdleNow(ends.first)) return false;
    if (this.#reserve !== undefined) return this.#shareReserved(this.#reserve);
    // the last jobs are taken first; all of them if the first outranks the last, which must not begin before it
    const isMixed = ends !== undefined && outranks(ends.first, ends.last);
    return this.#takeBack(busiest, FIRST_RANK, isMixed ? Number.POSITIVE_INFINITY : halfOf(busiest)) > 0;
  }

  /** Like `share`, if not every free worker may be given every job. */
  #shareReserved(reserve: Reserve): boolean {
    const free = this.#workers.all.filter(({ isFree, inFlight }) => isFree && !inFlight.hasWaiting);
    const busy = this.#workers.all.filter(({ inFlight }) => inFlight.hasWaiting && inFlight.backlogTicks > SHARE_TICKS);
    busy.sort((a, b) => b.inFlight.backlogTicks - a.inFlight.backlogTicks);
    for (const worker of busy) {
      const ends = worker.inFlight.waitingEnds;
      if (ends === undefined || !free.some((other) => reserve.mayTake(other, ends.first))) continue;
      // jobs that the free worker may not take are last, and are taken back first: so all are
      const isHalf = reserve.areAlike(ends.first, ends.last) && !outranks(ends.first, ends.last);
      if (this.#takeBack(worker, FIRST_RANK, isHalf ? halfOf(worker) : Number.POSITIVE_INFINITY) > 0) return true;
    }
    return false;
  }

  #takeAll(worker: PoolWorker): number {
    return this.#takeBack(worker, FIRST_RANK, Number.POSITIVE_INFINITY);
  }

  #takeBack(worker: PoolWorker, rank: Rank, max: number): number {
    const taken = worker.inFlight.takeBack(rank, max);
    for (const job of taken) this.#queue.insert(job);
    return taken.length;
  }
}

/** Half of the jobs that wait at a worker, rounded up. */
function halfOf({ inFlight }: PoolWorker): number {
  return (inFlight.waitingCount + 1) >> 1;
}
