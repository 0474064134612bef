/** Where a job is: in the queue, at a worker, or after a run. */
export interface JobPlace {
  /** The worker the job was sent to or ran on. */
  readonly workerId: number | undefined;
  /** When the worker was last seen to make progress, in ms of `now()`. Only valid if `hasBegun`. */
  readonly progressAtMs?: number;
  /** Number of the attempt, from 1, after a run; otherwise 0. */
  readonly attempt: number;
  /** Whether a worker has begun the job of this number; read from shared memory. */
  hasBegun(seq: number): boolean;
}
