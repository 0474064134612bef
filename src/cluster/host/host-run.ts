import type { Job as BullJob } from 'bullmq';
import { now } from '../../base/clock.js';
import type { Job } from '../../jobs/job.js';
import { isJobData, type JobData, laterFormatOf } from '../codec/job-data.js';
import type { Notice, Request, RunInfo } from '../codec/notices.js';
import type { RunningBatch } from './batch-member.js';

/**
 * Why a run ends without an outcome of its code.
 *
 * | cause | what becomes of the job |
 * |---|---|
 * | `cancelled` | a submitter has asked for it: it settles CANCELLED |
 * | `drained` | the host leaves: it is given back, no attempt used |
 * | `fenced` | its lock is lost: another host runs it, and this one reports nothing |
 */
export type RunStop = 'cancelled' | 'drained' | 'fenced';

const NOT_BEGUN = { attempts: 0, queuedMs: 0, executionMs: 0, workerId: undefined };

/** One fetch of a BullMQ job by this host, until the job has ended or is given back. */
export class HostRun {
  readonly bull: BullJob;
  readonly token: string;
  readonly id: string;
  /** The data, if this library has added the job; `undefined` for a plain one. */
  readonly data: JobData | undefined;
  /** The format of its data, if only a later version of this library reads that. */
  readonly laterFormat: number | undefined;
  /** When the lock was last known to be held, in ms of `now()`. */
  lockedAtMs = now();
  /** The job on the pool of this host, once there is one. */
  local: Job | undefined;
  /** Its calls, if it is a batch. */
  batch: RunningBatch | undefined;
  /** Requests that arrived before the job was on the pool. */
  readonly early: Request[] = [];
  /** Called when such a request arrives: the run may be waiting for its turn. */
  onEarly: (() => void) | undefined;
  stoppedBy: RunStop | undefined;
  /** The mark by which it was cancelled. */
  mark: string | undefined;
  /** Whether no other attempt may follow, as a cancel came too late to stop this one. */
  isLast = false;
  /** When the code was first seen to run, in ms of `now()`. */
  seenRunningAtMs: number | undefined;
  /** Whether the submitter knows that the code runs. */
  isAnnounced = false;
  /** The notice to the submitter, sent once Redis has the outcome. */
  outcome: Notice | undefined;

  constructor(bull: BullJob, token: string) {
    this.bull = bull;
    this.token = token;
    this.id = bull.id ?? '';
    this.data = isJobData(bull.data) ? bull.data : undefined;
    this.laterFormat = laterFormatOf(bull.data);
  }

  /** Number of this attempt, from 1. Attempts that ended by a crash count. */
  get attempt(): number {
    return this.bull.attemptsMade + this.bull.stalledCounter + 1 + (this.data?.o?.k ?? 0);
  }

  /** Whether the code of the attempt has begun. */
  get hasBegun(): boolean {
    return (this.local?.attempts ?? 0) > 0;
  }

  /** The jobs of the pool that it has made. */
  get locals(): readonly Job[] {
    if (this.batch !== undefined) return this.batch.members.flatMap(({ local }) => local ?? []);
    return this.local === undefined ? [] : [this.local];
  }

  /**
   * How the attempt goes or went. An attempt whose code has not begun is not counted.
   *
   * @param local the job of the pool; for a batch, that of the member.
   */
  info(host: string, local = this.local): RunInfo {
    const { bull } = this;
    const untilFetchedMs = Math.max(0, (bull.processedOn ?? Date.now()) - bull.timestamp - (bull.delay ?? 0));
    const { attempts, queuedMs, executionMs, workerId = 0 } = local ?? NOT_BEGUN;
    const attempt = attempts > 0 ? this.attempt : this.attempt - 1;
    return [attempt, untilFetchedMs + queuedMs, executionMs, workerId, host];
  }
}
