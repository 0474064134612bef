import { now } from '../../base/clock.js';
import { msUntil } from '../../base/timer.js';
import { warnOf } from '../../base/warn.js';
import { again, begunAttempts, isSettled, type Job, optionsOf } from '../../jobs/job.js';
import { isLastAttempt } from '../../jobs/job-engine.js';
import { retryDelayMs } from '../../jobs/retry-policy.js';
import type { MetricsRecorder } from '../../metrics/recorder.js';
import type { EventHub } from '../events.js';
import type { DeferredJobs } from './deferred-jobs.js';

export interface RetryDeps {
  readonly deferred: DeferredJobs;
  readonly metrics: MetricsRecorder;
  readonly events: EventHub;
  /** Whether the pool still runs what is pending. */
  readonly isAllowed: () => boolean;
}

/** Tries jobs again whose attempt has failed. What waits for its next attempt holds no worker. */
export class Retries {
  readonly #deps: RetryDeps;

  constructor(parts: RetryDeps) {
    this.#deps = parts;
  }

  /**
   * Whether a job is tried again that has failed with `error`. It is PENDING again then, at its old place among its equals.
   *
   * @param isThreadLost whether its thread died.
   */
  take(job: Job, error: unknown, isThreadLost: boolean): boolean {
    const { retry, deadline } = optionsOf(job);
    if (retry === undefined || begunAttempts(job) >= retry.maxAttempts || !this.#deps.isAllowed()) return false;
    if (isLastAttempt(job) || (isThreadLost && !retry.onWorkerExit)) return false;
    const delayMs = retryDelayMs(retry, begunAttempts(job));
    if (deadline !== undefined && delayMs >= msUntil(deadline)) return false;
    try {
      if (retry.retryIf !== undefined && !retry.retryIf(error)) return false;
    } catch (fault) {
      warnOf(fault, 'retryIf');
      return false;
    }
    if (isSettled(job) || isLastAttempt(job) || !this.#deps.isAllowed()) return false; // by what `retryIf` did
    const { deferred, metrics, events } = this.#deps;
    again(job, { ms: now() });
    metrics.retried++;
    events.emit('jobRetried', job, { error, attempt: job.attempts, delayMs });
    deferred.delay(job, delayMs);
    return true;
  }
}
