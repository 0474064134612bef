/** A point in time, in ms of `now()`. Shared by all jobs of a batch. */
export interface Moment {
  readonly ms: number;
}

/** What has a job now: a level of the queue, or a worker; after a run, the record of that run. */
export interface JobOwner {
  /** The worker that the job was sent to or ran on. */
  readonly workerId: number | undefined;
  /** After a run: when the job began to wait for that run, shared by a batch of jobs. */
  readonly since?: Moment | undefined;
  /** Number of the attempt, from 1, after a run; otherwise 0. */
  readonly attempt: number;
  /** Whether a worker has begun the job of this number; read from shared memory. */
  hasBegun(seq: number): boolean;
  /** When the job of this number began, in ms of `now()`. Only if `hasBegun`, and the code has not ended. */
  begunAtMs?(seq: number): number;
}
