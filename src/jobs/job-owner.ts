/** What has a job now: a level of the queue, or a worker; after a run, the record of that run. */
export interface JobOwner {
  /** The worker the job was sent to or ran on. */
  readonly workerId: number | undefined;
  /** When the worker was last seen to make progress, in ms of `now()`. Only valid if `hasBegun`. */
  readonly progressAtMs?: number;
  /** Number of the attempt, from 1, after a run; otherwise 0. */
  readonly attempt: number;
  /** Whether a worker has begun the job of this number; read from shared memory. */
  hasBegun(seq: number): boolean;
}
