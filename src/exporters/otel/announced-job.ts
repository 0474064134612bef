import { isInFlightJob } from '../../base/in-flight-job.js';
import type { Job } from '../../jobs/job.js';
import { extrasOf, failureOf, type JobHandle, kindOf } from '../../jobs/job-access.js';
import { shownIdOf } from '../../jobs/job-engine.js';
import type { FetchedFrom } from '../../jobs/job-extras.js';
import type { JobState } from '../../jobs/job-state.js';
import { jobPublishedAs } from '../../jobs/published-jobs.js';

/** A job as a channel announces it: of this copy of the library, or of another one in this process. */
export interface AnnouncedJob extends JobHandle {
  readonly priority: number;
  readonly state: JobState;
  readonly error: unknown;
  /** Of a job of a cluster: resolves once Redis has it. */
  readonly added?: Promise<void>;
}

// Reading the error of a failed job would observe its failure, and the program would no longer be warned of it. So a job of this copy is
// read by what it gives to the engine; of one of another copy, only what is public can be read.

function ownJobOf(job: AnnouncedJob): Job | undefined {
  const isOwn = typeof isInFlightJob === 'function' && isInFlightJob(job); // undefined before the first job is loaded
  return isOwn ? (job as unknown as Job) : jobPublishedAs(job);
}

/** The id that users know the job by. */
export function idOf(job: AnnouncedJob): number | string {
  const own = ownJobOf(job);
  return own === undefined ? job.id : shownIdOf(own);
}

export function taskNameOf(job: AnnouncedJob): string {
  const own = ownJobOf(job);
  return own === undefined ? job.name : kindOf(own).task.name;
}

/** The values that the job's code sees as its context, such as those that a child has from its parent. */
export function contextOf(job: AnnouncedJob): object | undefined {
  const own = ownJobOf(job);
  return own && extrasOf(own)?.context;
}

/** The queue from which the job's host has fetched it; `undefined` if it was submitted in this process. */
export function fetchedFrom(job: AnnouncedJob): FetchedFrom | undefined {
  const own = ownJobOf(job);
  return own && extrasOf(own)?.origin?.fetched;
}

/** How many attempts were made by other jobs before, such as those on other hosts. */
export function attemptsBefore(job: AnnouncedJob): number {
  const own = ownJobOf(job);
  return (own && extrasOf(own)?.origin?.attemptsBefore) ?? 0;
}

/** Resolves once the queue of a cluster has the job; rejects if the job settles before. `undefined` for a job of a local pool. */
export function whenAdded(job: AnnouncedJob): Promise<void> | undefined {
  const own = ownJobOf(job);
  return own === undefined ? job.added : extrasOf(own)?.origin?.whenAdded;
}

/** The queue by which the jobs of a pool go to other machines; `undefined` if the pool runs them. */
export function queueOf(pool: object): string | undefined {
  const { queue } = pool as { readonly queue?: unknown };
  return typeof queue === 'string' ? queue : undefined;
}

export function stateOf(job: AnnouncedJob): JobState | undefined {
  const own = ownJobOf(job);
  return own === undefined ? job.state : kindOf(own).settledAs;
}

/** The error of a job that has settled and did not complete. */
export function errorOf(job: AnnouncedJob): unknown {
  const own = ownJobOf(job);
  return own === undefined ? job.error : failureOf(own);
}
