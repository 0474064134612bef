import type { Job } from './job.js';

/** The jobs that channels announce as other objects: those that users have, such as a `ClusterJob`. */
const jobs = new WeakMap<object, Job>();

/** A channel is about to announce a job as `published`. */
export function publishAs(published: object, job: Job): void {
  jobs.set(published, job);
}

/** Returns the job that was announced as this; `undefined` if none was. */
export function jobPublishedAs(published: object): Job | undefined {
  return jobs.get(published);
}
