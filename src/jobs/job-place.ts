/** Where a job is, as the job sees it: in the queue, with a worker, or past a run. */
export interface JobPlace {
  /** The worker it was sent to, or ran on. */
  readonly workerId: number | undefined;
  /** When the worker was last seen to get on, in ms of `now()`. Meant only where `hasBegun`. */
  readonly progressAtMs?: number;
  /** Past a run: which attempt that was, from 1. Elsewhere 0. */
  readonly attempt: number;
  /** Whether a worker has begun the job of this number: read from shared memory. */
  hasBegun(seq: number): boolean;
}
