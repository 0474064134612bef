import type { Job } from './job.js';

/** The jobs that channels announce as other objects: as what users have of them, such as the jobs of a cluster. */
const jobs = new WeakMap<object, Job>();

/** A channel is about to announce a job as `published`. */
export function publishAs(published: object, job: Job): void {
  jobs.set(published, job);
}

/** Returns the job that was announced as this; `undefined` if none was. */
export function jobPublishedAs(published: object): Job | undefined {
  return jobs.get(published);
}
