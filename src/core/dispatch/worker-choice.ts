import { now } from '../../base/clock.js';
import { TICKS_PER_MS } from '../../base/ticks.js';
import { outranks, rankOf, ranksBefore } from '../../host/rank.js';
import type { Job } from '../../jobs/job.js';
import { isPlain, kindOf } from '../../jobs/job-access.js';
import { taskOf, transferOf } from '../../jobs/job-engine.js';
import type { TaskRef } from '../../jobs/task-ref.js';
import type { PoolWorker } from '../pool-worker.js';
import type { WorkerSet } from '../workers/worker-set.js';
import type { Reserve } from './reserve.js';
import { BRIEF_TICKS, isBrief, isOrdered, mayWait, plannedTicks, WINDOW_TICKS } from './run-estimate.js';

/** How many jobs may wait at a worker even if together they exceed the window. */
const AHEAD = 4;
/** How much longer than expected a worker may take to answer before it counts as overdue. */
const OVERDUE_MS = 0.02;
/** Returned by `Reserve.barFor` if any worker may be given the job. */
const NO_BAR = Number.POSITIVE_INFINITY;

/** How many workers are enough for jobs that each may have one. */
const ANY_NUMBER = Number.POSITIVE_INFINITY;

/** Decides which workers may be given a job, and which of them is likely to begin it first. Changes none. */
export class WorkerChoice {
  readonly #workers: WorkerSet;
  readonly #reserve: Reserve | undefined;
  readonly #processors: number;
  /** When the current pass over the workers began, in ms of `now()`. */
  #nowMs = 0;

  /** @param processors how many threads can run at once. */
  constructor(workers: WorkerSet, reserve: Reserve | undefined, processors: number) {
    this.#workers = workers;
    this.#reserve = reserve;
    this.#processors = processors;
  }

  /** Begins a pass over the workers: until the next, whether one is overdue is judged by this time. */
  beginPass(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  /** The worker that is likely to begin the job first, if any may take it. */
  pick(job: Job): PoolWorker | undefined {
    let best: PoolWorker | undefined;
    const bar = this.#reserve?.barFor(job) ?? NO_BAR;
    const leavesIdle = this.leavesIdle(job);
    for (const worker of this.#workers.all) {
      if (leavesIdle && worker.inFlight.size === 0) continue;
      if (!this.canTake(worker, job) || (bar !== NO_BAR && worker.inFlight.lowestTier > bar)) continue;
      if (worker.isIdle) return worker;
      if (best === undefined || worker.inFlight.backlogTicks < best.inFlight.backlogTicks) best = worker;
    }
    return best ?? (leavesIdle ? undefined : this.#pickEarly(job));
  }

  /** A worker that would begin the job at once. */
  pickFree(job: Job): PoolWorker | undefined {
    let free: PoolWorker | undefined;
    const bar = this.#reserve?.barFor(job) ?? NO_BAR;
    const leavesIdle = this.leavesIdle(job);
    for (const worker of this.#workers.all) {
      if (leavesIdle && worker.inFlight.size === 0) continue;
      if (!worker.isFree || !this.canTake(worker, job) || (bar !== NO_BAR && worker.inFlight.lowestTier > bar))
        continue;
      if (worker.isIdle) return worker;
      free ??= worker;
    }
    return free;
  }

  /** How many workers jobs like this one are spread over. */
  spreadOf(job: Job): number {
    return Math.min(this.#enoughFor(job), this.#workers.all.length);
  }

  /** Whether idle workers are left asleep, as enough run brief jobs. See docs/decisions/0028-idle-workers-left-asleep.md. */
  leavesIdle(job: Job): boolean {
    const enough = this.#enoughFor(job);
    return enough !== ANY_NUMBER && this.#countBrisk(job) >= enough;
  }

  /** Like `leavesIdle`, outside a pass: judged at this time. */
  leavesIdleNow(job: Job): boolean {
    if (this.#enoughFor(job) === ANY_NUMBER) return false;
    this.#nowMs = now();
    return this.leavesIdle(job);
  }

  /** A worker that runs brief jobs and is sent the job at once, in place of an idle one that is left asleep. */
  pickStandIn(job: Job): PoolWorker | undefined {
    if (!this.leavesIdle(job)) return undefined;
    let best: PoolWorker | undefined;
    for (const worker of this.#workers.all) {
      const { size } = worker.inFlight;
      if (size > 0 && worker.hasRoom && this.#isBrisk(worker, job) && size < (best?.inFlight.size ?? ANY_NUMBER))
        best = worker;
    }
    if (best === undefined || best.inFlight.size * this.#enoughFor(job) >= this.#workers.maxWorkers) return undefined;
    const mayTake = this.#reserve === undefined || this.#reserve.mayTake(best, job);
    return mayTake && !this.waitsBehind(best, job) ? best : undefined;
  }

  /** How many workers that run no brief jobs yet would be of use to `count` jobs like this one. Judged at this time. */
  usefulFor(job: Job, count: number): number {
    const enough = this.#enoughFor(job);
    if (enough === ANY_NUMBER) return count;
    this.#nowMs = now();
    let coming = 0; // with jobs; those without count as they do for any job
    for (const { state, inFlight } of this.#workers.all) if (state === 'starting' && inFlight.size > 0) coming++;
    return Math.min(count, Math.max(0, enough - this.#countBrisk(job) - coming));
  }

  /** How many workers are enough for jobs like this one: for brief ones, as many as there are processors. */
  #enoughFor(job: Job): number {
    if (this.#workers.maxWorkers <= this.#processors || !isBrief(taskOf(job)) || transferOf(job) !== undefined)
      return ANY_NUMBER;
    let enough = this.#processors;
    for (const worker of this.#workers.all) if (worker.isStalled && worker.inFlight.size > 0) enough *= 2;
    return enough;
  }

  #countBrisk(job: Job): number {
    let count = 0;
    for (const worker of this.#workers.all) if (worker.inFlight.size > 0 && this.#isBrisk(worker, job)) count++;
    return count;
  }

  /** Whether a worker with jobs runs brief ones, without delay and none of which the job outranks. */
  #isBrisk(worker: PoolWorker, job: Job): boolean {
    const { inFlight } = worker;
    return (
      worker.isReady &&
      !worker.isBlocked &&
      !worker.isStalled &&
      inFlight.backlogTicks <= BRIEF_TICKS * inFlight.size &&
      !inFlight.wouldOutrank(job) &&
      (!this.isOverdue(worker) || !worker.results.isEmpty || inFlight.waitingCount === inFlight.size)
    );
  }

  /** A starting worker that would begin the job as soon as it is up. Never for `transfer`: it could not be taken back. */
  #pickEarly(job: Job): PoolWorker | undefined {
    if (transferOf(job) !== undefined) return undefined;
    const bar = this.#reserve?.barFor(job) ?? NO_BAR;
    return this.#workers.all.find(
      (worker) =>
        worker.takesEarly && (bar === NO_BAR || worker.inFlight.lowestTier <= bar) && !this.waitsBehind(worker, job),
    );
  }

  /** Whether a worker that is up may be given the job, apart from the reserve. */
  canTake(worker: PoolWorker, job: Job): boolean {
    if (!worker.isReady || !worker.hasRoom || worker.isBlocked) return false;
    if (worker.isIdle) return true;
    if (transferOf(job) !== undefined) return worker.isFree && this.#workers.isFull;
    if (worker.isFree) return true;
    if (worker.isStalled || this.isOverdue(worker)) return false;
    // jobs that this one outranks will be taken back, which makes room
    if (!isInWindow(worker, job) && !(worker.inFlight.hasWaiting && worker.inFlight.wouldOvertake(job))) return false;
    return !this.waitsBehind(worker, job);
  }

  /** Whether a job that must begin before this one waits at a worker other than `worker`. */
  waitsBehind(worker: PoolWorker, job: Job): boolean {
    for (const other of this.#workers.all) if (this.isBehindIn(other, worker, job)) return true;
    return false;
  }

  /**
   * Whether a job that waits at `other` has to begin before `job` can begin at `worker`. Never for the only job of a worker that
   * is up, as nothing delays it; nor for one that `worker` is kept from, by the reserve: aging may have raised it.
   */
  isBehindIn(other: PoolWorker, worker: PoolWorker, job: Job): boolean {
    if (other === worker || (other.isReady && other.inFlight.size === 1) || hasOnlyEquals(other, job)) return false;
    const first = other.inFlight.firstWaitingJob;
    if (first === undefined || !precedes(first, job)) return false;
    return this.#reserve === undefined || this.#reserve.mayTake(worker, first);
  }

  /** Whether a worker has not answered for longer than all it was sent should take. */
  isOverdue(worker: PoolWorker): boolean {
    return this.#nowMs - worker.progressAtMs > worker.inFlight.backlogTicks / TICKS_PER_MS + OVERDUE_MS;
  }
}

/** Whether the worker's backlog would fit in the window with the job, or a few would wait behind short ones. */
export function isInWindow(worker: PoolWorker, job: Job): boolean {
  const backlogTicks = worker.inFlight.backlogTicks + plannedTicks(taskOf(job));
  return backlogTicks <= WINDOW_TICKS * worker.concurrency || isAmongFew(worker, job);
}

function isAmongFew({ inFlight, concurrency }: PoolWorker, job: Job): boolean {
  if (inFlight.size >= concurrency + AHEAD || !mayWait(taskOf(job))) return false;
  return inFlight.lastTask === undefined || mayWait(inFlight.lastTask as TaskRef); // of a job of ours
}

/**
 * Whether all jobs at a worker are equals of this one that may begin in any order. Answered without a look at shared words, which
 * would come from the other core: it is asked for each burst of plain jobs.
 */
function hasOnlyEquals({ inFlight }: PoolWorker, job: Job): boolean {
  return inFlight.onlyKind === kindOf(job) && isPlain(job) && !isOrdered(taskOf(job), taskOf(job));
}

/** Whether a job has to begin before another, on whatever workers. */
function precedes(first: Job, job: Job): boolean {
  return outranks(first, job) || (isOrdered(taskOf(first), taskOf(job)) && ranksBefore(rankOf(first), rankOf(job)));
}
