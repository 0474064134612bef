import { now } from '../../base/clock.js';
import { startTimer } from '../../base/timer.js';
import { rankOf, ranksBefore } from '../../host/rank.js';
import type { Job } from '../../jobs/job.js';
import { isSettled, optionsOf, ownerOf, seqOf, setOwner } from '../../jobs/job-access.js';
import { whenSettled } from '../../jobs/job-engine.js';
import type { PoolWorker } from '../pool-worker.js';
import type { WorkerSet } from '../workers/worker-set.js';
import type { Reserve } from './reserve.js';

/** As the owner of a job that is held: it has not begun. */
const HELD = { workerId: undefined, attempt: 0, hasBegun: (): boolean => false };

/** Jobs that wait for the same worker, or for any that is idle: the first to run first. */
class Lane {
  readonly jobs: Job[] = [];
  /** The worker that the jobs run on, once one was sent. */
  worker: PoolWorker | undefined;
  /** The job that was sent last. */
  last: Job | undefined;
  /** Jobs of the lane that have not settled. */
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

/** Key of the jobs that are only `exclusive`. No user can name it. */
const ANY_WORKER = Symbol('any worker');

export interface PlacedJobsDeps {
  readonly workers: WorkerSet;
  readonly reserve: Reserve | undefined;
  /** How long a key is remembered whose jobs have all settled. */
  readonly idleTimeoutMs: number;
  /** Sends a job; false if the worker has no room. */
  send(worker: PoolWorker, job: Job): boolean;
}

/** Whether the job's options say more about its worker than its priority does. */
export function isPlaced(job: Job): boolean {
  const { affinity, exclusive } = optionsOf(job);
  return affinity !== undefined || exclusive === true;
}

/**
 * Jobs with `affinity` or `exclusive`. When such a job is the next of the queue, it is held here, so that those behind it go on.
 * Held jobs are sent one at a time, each to a worker that begins it at once. A worker that is not free for the next of them is
 * *claimed*: it takes no other jobs until then. A worker that runs an exclusive job is claimed as well.
 *
 * A claim never keeps a parent from its children: an exclusive job that waits for its children claims nothing, and no worker is
 * claimed for one where a job waits for its children.
 */
export class PlacedJobs {
  readonly #deps: PlacedJobsDeps;
  readonly #lanes = new Map<string | symbol, Lane>();
  /** Exclusive jobs at workers. */
  readonly #exclusive = new Map<Job, PoolWorker>();
  #claimed = new Set<PoolWorker>();
  #held = 0;
  #isTimerSet = false;

  constructor(deps: PlacedJobsDeps) {
    this.#deps = deps;
  }

  /** Whether there is something to do at the next pass. */
  get isActive(): boolean {
    return this.#held > 0 || this.#exclusive.size > 0 || this.#claimed.size > 0;
  }

  /** How many workers would be of use to jobs that are bound to none. */
  get wantedWorkers(): number {
    let wanted = 0;
    for (const [key, { worker, jobs }] of this.#lanes)
      if (worker === undefined) wanted += key === ANY_WORKER ? jobs.length : Math.min(1, jobs.length);
    return wanted;
  }

  *[Symbol.iterator](): Generator<Job> {
    for (const { jobs } of [...this.#lanes.values()]) yield* [...jobs];
  }

  /** Takes a job that is off the queue. */
  hold(job: Job): void {
    const key = optionsOf(job).affinity ?? ANY_WORKER;
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = new Lane();
      this.#lanes.set(key, lane);
    }
    const { unsettled } = lane;
    if (!unsettled.has(job)) {
      unsettled.add(job);
      whenSettled(job, () => this.#settled(lane, job));
    }
    if (lane.last === job) lane.last = undefined; // it was taken back
    setOwner(job, HELD);
    lane.insert(job);
    this.#held++;
  }

  /** Removes a job that is held. False if it is not. */
  remove(job: Job): boolean {
    if (ownerOf(job) !== HELD) return false;
    const lane = this.#lanes.get(optionsOf(job).affinity ?? ANY_WORKER);
    const index = lane?.jobs.indexOf(job) ?? -1;
    if (lane === undefined || index < 0) return false;
    lane.jobs.splice(index, 1);
    this.#held--;
    setOwner(job, undefined);
    return true;
  }

  /**
   * Sends one held job that goes before `next`, the first of the queue, and claims workers for others that do. False if none was
   * sent.
   */
  sendOne(next: Job | undefined): boolean {
    const claimed = this.#claimed;
    this.#claimed = new Set();
    for (const worker of claimed) worker.lifecycle.isClaimed = false;
    for (const [job, worker] of this.#exclusive) {
      if (isSettled(job) || ownerOf(job) !== worker) this.#exclusive.delete(job);
      else if (!worker.suspended.has(job)) this.#claim(worker);
    }
    for (const lane of this.#lanesInOrder()) {
      const job = lane.jobs[0];
      if (job === undefined || (next !== undefined && ranksBefore(rankOf(next), rankOf(job)))) return false;
      if (lane.isInOrder && this.#trySend(lane, job)) return true;
    }
    return false;
  }

  #trySend(lane: Lane, job: Job): boolean {
    const { send, workers, reserve } = this.#deps;
    if (lane.worker?.isOpen === false) lane.worker = undefined;
    const mayTake = (worker: PoolWorker): boolean => reserve === undefined || reserve.mayTake(worker, job);
    const candidates = lane.worker === undefined ? workers.all.filter(mayTake) : [lane.worker];
    const isExclusive = optionsOf(job).exclusive === true;
    const free = candidates.filter((worker) => worker.isFree && (!isExclusive || worker.isIdle));
    const worker = free.find(({ isIdle }) => isIdle) ?? free[0];
    if (worker === undefined) {
      if (lane.worker !== undefined || isExclusive) this.#claimFor(candidates);
      return false;
    }
    this.remove(job);
    if (!send(worker, job)) {
      this.hold(job);
      return false;
    }
    if (optionsOf(job).affinity !== undefined) {
      lane.worker = worker;
      lane.last = job;
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

  /** Lanes with jobs, the one with the most urgent first job first. */
  #lanesInOrder(): Lane[] {
    const lanes = [...this.#lanes.values()].filter(({ jobs }) => jobs.length > 0);
    return lanes.sort((a, b) => (ranksBefore(rankOf(a.jobs[0] as Job), rankOf(b.jobs[0] as Job)) ? -1 : 1));
  }

  #settled(lane: Lane, job: Job): void {
    lane.unsettled.delete(job);
    if (lane.unsettled.size > 0) return;
    lane.last = undefined;
    lane.idleSinceMs = now();
    this.#forgetLater();
  }

  #forgetLater(): void {
    const { idleTimeoutMs } = this.#deps;
    if (this.#isTimerSet || idleTimeoutMs === Number.POSITIVE_INFINITY) return;
    this.#isTimerSet = true;
    startTimer(Math.max(1, idleTimeoutMs), () => this.#forget(), { keepsProcess: false });
  }

  #forget(): void {
    this.#isTimerSet = false;
    const sinceMs = now() - this.#deps.idleTimeoutMs;
    let isAnyIdle = false;
    for (const [key, { unsettled, idleSinceMs }] of this.#lanes) {
      if (unsettled.size > 0) continue;
      if (idleSinceMs <= sinceMs) this.#lanes.delete(key);
      else isAnyIdle = true;
    }
    if (isAnyIdle) this.#forgetLater();
  }
}
