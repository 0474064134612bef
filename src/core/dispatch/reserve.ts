import { tierOf } from '../../host/tiered-in-flight.js';
import { isInService } from '../../host/worker-lifecycle.js';
import type { Job } from '../../jobs/job.js';
import { kindOf } from '../../jobs/job-access.js';
import { type ReservedWorkers, sum, tiersOf } from '../options/reserved-workers.js';
import type { PoolWorker } from '../pool-worker.js';

/** What the reserve reads of a `WorkerSet`. */
interface Workers {
  readonly all: readonly PoolWorker[];
  readonly maxWorkers: number;
}

/**
 * Keeps workers free for urgent jobs: jobs below a threshold may occupy only a limited number of workers at once, so
 * that enough are left for those above. Which workers these are may change with each job.
 *
 * The thresholds divide jobs into tiers, 0 for the least urgent. A worker counts for a tier while it has any job of that tier
 * or below, begun or not: so a job never waits at a worker that is kept from it.
 */
export class Reserve {
  /** The thresholds, in rising order. */
  readonly tiers: readonly number[];
  /** How many workers are kept from jobs of each tier. From the last tier, none. */
  readonly #keptFrom: readonly number[];
  readonly #workers: Workers;

  private constructor(reserved: readonly ReservedWorkers[], workers: Workers) {
    this.#workers = workers;
    this.tiers = tiersOf(reserved);
    this.#keptFrom = this.tiers.map((tier) => sum(reserved.filter(({ atLeast }) => atLeast >= tier)));
  }

  /** Returns `undefined` if nothing is reserved. */
  static of(reserved: readonly ReservedWorkers[], workers: Workers): Reserve | undefined {
    return reserved.length === 0 ? undefined : new Reserve(reserved, workers);
  }

  /** How many workers are kept from a job. */
  keptFrom(job: Job): number {
    return this.#keptFrom[this.#tierOf(job)] ?? 0;
  }

  /** How many of the workers that are kept from the least urgent jobs have no job. */
  get unused(): number {
    let taken = 0;
    for (const { state, inFlight } of this.#workers.all)
      if (isInService(state) && inFlight.lowestTier > 0 && inFlight.size > 0) taken++;
    return Math.max(0, (this.#keptFrom[0] ?? 0) - taken);
  }

  /**
   * Highest `lowestTier` of a worker that may be given this job: `Infinity` if any worker may, otherwise only those that
   * count for that tier already.
   */
  barFor(job: Job): number {
    for (let tier = this.#tierOf(job); tier < this.tiers.length; tier++)
      if (this.#countOf(tier) >= this.#workers.maxWorkers - (this.#keptFrom[tier] ?? 0)) return tier;
    return Number.POSITIVE_INFINITY;
  }

  /** Whether a worker may be given the job. */
  mayTake({ inFlight }: PoolWorker, job: Job): boolean {
    const { lowestTier } = inFlight;
    return lowestTier <= this.#tierOf(job) || lowestTier <= this.barFor(job);
  }

  /** Whether two jobs are of the same tier. */
  areAlike(a: Job, b: Job): boolean {
    return this.#tierOf(a) === this.#tierOf(b);
  }

  #tierOf(job: Job): number {
    return tierOf(this.tiers, kindOf(job).priority);
  }

  /** How many workers have a job of the tier or below. Workers that are ending do not count: they have been replaced. */
  #countOf(tier: number): number {
    let count = 0;
    for (const { state, inFlight } of this.#workers.all) if (isInService(state) && inFlight.lowestTier <= tier) count++;
    return count;
  }
}
