import { TICKS_PER_MS } from '../../base/ticks.js';
import { rankOf, ranksBefore } from '../../host/rank.js';
import type { Job } from '../../jobs/job.js';
import { readySinceMs } from '../../jobs/job-access.js';
import { transferOf } from '../../jobs/job-engine.js';
import type { PoolWorker } from '../pool-worker.js';
import type { WorkerSet } from '../workers/worker-set.js';
import type { Dispatcher } from './dispatcher.js';
import type { JobQueue } from './job-queue.js';
import type { Reserve } from './reserve.js';
import type { WorkerChoice } from './worker-choice.js';

export interface BacklogDeps {
  readonly queue: JobQueue<Job>;
  readonly workers: WorkerSet;
  readonly reserve: Reserve | undefined;
  readonly choice: Pick<WorkerChoice, 'usefulFor'>;
  readonly dispatcher: Pick<Dispatcher, 'isDue' | 'placed' | 'waiting'>;
}

/** Measures what waits in the queue and at workers: how many workers it needs, and whether they must be watched. */
export class Backlog {
  readonly #queue: JobQueue<Job>;
  readonly #workers: WorkerSet;
  readonly #reserve: Reserve | undefined;
  readonly #choice: BacklogDeps['choice'];
  readonly #dispatcher: BacklogDeps['dispatcher'];

  constructor({ queue, workers, reserve, choice, dispatcher }: BacklogDeps) {
    this.#queue = queue;
    this.#workers = workers;
    this.#reserve = reserve;
    this.#choice = choice;
    this.#dispatcher = dispatcher;
  }

  /** All jobs that wait to run or run. */
  *jobs(): Generator<Job> {
    yield* this.#dispatcher.waiting();
    for (const worker of this.#workers.all) yield* worker.inFlight;
  }

  /** How many jobs workers have begun. */
  get activeCount(): number {
    let count = 0;
    for (const { inFlight } of this.#workers.all) count += inFlight.size - inFlight.waitingCount;
    return count;
  }

  /** How long the job that will begin next has been ready to run, in ms; 0 if none waits. @param nowMs in ms of `now()`. */
  oldestMs(nowMs: number): number {
    let next = this.#queue.peek();
    const isNext = (job: Job): boolean => next === undefined || ranksBefore(rankOf(job), rankOf(next));
    for (const job of this.#dispatcher.placed ?? []) if (isNext(job)) next = job;
    for (const { inFlight } of this.#workers.all) {
      const first = inFlight.firstWaitingJob;
      if (first !== undefined && isNext(first)) next = first;
    }
    return next === undefined ? 0 : Math.max(0, nowMs - readySinceMs(next));
  }

  /** Whether fewer workers are of use to the queue than it has jobs, because of its first: those behind it may need more. */
  get isCut(): boolean {
    return this.#usefulWorkers < this.#queue.size;
  }

  /** How many more workers the queue would keep busy, plus those reserved, which are to be there when needed. */
  get wantedWorkers(): number {
    let coming = 0;
    const first = this.#queue.peek();
    // a job with `transfer` goes to an idle worker while there can be one: it could not be taken back from a blocked one
    const needsIdle = first !== undefined && transferOf(first) !== undefined;
    for (const worker of this.#workers.all)
      if (worker.isComing || (needsIdle ? worker.isIdle : worker.isFree)) coming++;
    const kept = first === undefined ? 0 : (this.#reserve?.keptFrom(first) ?? 0);
    const placed = this.#dispatcher.placed?.wantedWorkers ?? 0;
    return Math.max(0, this.#usefulWorkers + placed + kept - coming);
  }

  /** How many workers would be of use to what is queued, if it were all like the first. */
  get #usefulWorkers(): number {
    const first = this.#queue.peek();
    return first === undefined ? 0 : this.#choice.usefulFor(first, this.#queue.size);
  }

  /**
   * Whether workers must be checked again, as none will ring: jobs wait at one, or jobs are queued for one that is
   * stalled, or was until just now, or whose lane is full of entries that were taken back.
   */
  get needsWatching(): boolean {
    for (const worker of this.#workers.all) {
      if (!worker.isReady) continue;
      if (worker.inFlight.hasWaiting) return true;
      if (!this.#dispatcher.isDue) continue;
      if ((worker.isFree && this.#isOpenToFirst(worker)) || worker.isStalled || worker.isBlocked || !worker.hasRoom)
        return true;
    }
    return false;
  }

  /** Longest time, in ms, that a worker is expected to need for all it was sent. */
  get longestMs(): number {
    let ticks = 0;
    for (const { inFlight } of this.#workers.all) ticks = Math.max(ticks, inFlight.backlogTicks);
    return ticks / TICKS_PER_MS;
  }

  /** Whether a worker may be given the job that is next. */
  #isOpenToFirst(worker: PoolWorker): boolean {
    const first = this.#queue.peek();
    return first === undefined || this.#reserve === undefined || this.#reserve.mayTake(worker, first);
  }
}
