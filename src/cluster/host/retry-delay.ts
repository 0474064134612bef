import type { Job as BullJob } from 'bullmq';
import { type RetryOptions, retryDelayMs } from '../../jobs/retry-policy.js';
import { type JobData, OWN_BACKOFF } from '../codec/job-data.js';

/** Returns how a BullMQ job is retried: by the settings of its submitter, or by its own options. */
function retryOf({ data, opts }: Pick<BullJob, 'data' | 'opts'>): RetryOptions {
  const own = (data as Partial<JobData> | undefined)?.o?.b;
  if (own !== undefined) {
    const [delayMs, backoff, maxDelayMs, jitter] = own;
    return { maxAttempts: 2, delayMs, backoff, jitter, ...(maxDelayMs >= 0 && { maxDelayMs }) };
  }
  const { backoff } = opts;
  if (typeof backoff !== 'object') return { maxAttempts: 2, delayMs: backoff ?? 0 };
  return {
    maxAttempts: 2,
    delayMs: backoff.delay ?? 0,
    backoff: backoff.type === 'exponential' ? 'exponential' : 'fixed',
  };
}

/** How many attempts were made by other jobs before. */
function attemptsBefore({ data }: Pick<BullJob, 'data'>): number {
  return (data as Partial<JobData> | undefined)?.o?.k ?? 0;
}

/** Returns the delay before the next attempt, in ms: an estimate, if it is partly random. */
export function nextDelayMs(bull: BullJob): number {
  return retryDelayMs(retryOf(bull), bull.attemptsMade + 1 + attemptsBefore(bull));
}

/** Called by BullMQ for the delay of a job whose backoff it does not know. */
export function backoffStrategy(
  attemptsMade: number,
  type?: string,
  _error?: Error,
  bull?: Pick<BullJob, 'data' | 'opts'>,
): number {
  if (type !== OWN_BACKOFF || bull === undefined) return 0;
  return Math.round(retryDelayMs(retryOf(bull), attemptsMade + attemptsBefore(bull)));
}
