import { isInFlightJob } from '../../base/in-flight-job.js';
import { extrasOf, failureOf, type JobHandle, kindOf } from '../../jobs/job-access.js';
import type { JobState } from '../../jobs/job-state.js';

/** A job as a channel announces it: of this copy of the library, or of another one in this process. */
export interface AnnouncedJob extends JobHandle {
  readonly priority: number;
  readonly state: JobState;
  readonly error: unknown;
}

// To look at a failed job observes its failure, of which the program would not be warned any more. So a job of this copy is
// read by what it gives to the engine; of one of another copy, only what is public can be read.

function isOwn(job: AnnouncedJob): boolean {
  return typeof isInFlightJob === 'function' && isInFlightJob(job); // undefined before the first job is loaded
}

export function taskNameOf(job: AnnouncedJob): string {
  return isOwn(job) ? kindOf(job).task.name : job.name;
}

/** The values that the job's code sees as its context, such as those that a child has from its parent. */
export function contextOf(job: AnnouncedJob): object | undefined {
  return isOwn(job) ? extrasOf(job)?.context : undefined;
}

export function stateOf(job: AnnouncedJob): JobState | undefined {
  return isOwn(job) ? kindOf(job).settledAs : job.state;
}

/** The error of a job that has settled and did not complete. */
export function errorOf(job: AnnouncedJob): unknown {
  return isOwn(job) ? failureOf(job) : job.error;
}
