import type { Job } from '../../jobs/job.js';
import type { Notice, Request } from '../codec/notices.js';

/** One call of a batch. */
export class BatchMember {
  readonly id: string;
  local: Job | undefined;
  outcome: Notice | undefined;
  /** The mark by which it was cancelled. */
  mark: string | undefined;
  /** When the code was first seen to run, in ms of `now()`. */
  seenRunningAtMs: number | undefined;
  isAnnounced = false;

  constructor(id: string) {
    this.id = id;
  }
}

/** The run of a batch, as others see it. */
export interface RunningBatch {
  readonly members: readonly BatchMember[];
  /** Handles a request for a member. Returns whether it will settle CANCELLED, or has the new priority. */
  request(index: number, request: Request): boolean;
}
