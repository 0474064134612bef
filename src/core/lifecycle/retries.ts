import { now } from '../../base/clock.js';
import { msUntil } from '../../base/timer.js';
import { warnOf } from '../../base/warn.js';
import type { Job } from '../../jobs/job.js';
import { again, begunAttempts, isSettled, optionsOf } from '../../jobs/job-access.js';
import { isLastAttempt } from '../../jobs/job-engine.js';
import { retryDelayMs } from '../../jobs/retry-policy.js';
import type { MetricsRecorder } from '../../metrics/recorder.js';
import type { EventHub } from '../events.js';
import type { PoolState } from '../pool-state.js';
import type { DeferredJobs } from './deferred-jobs.js';

export interface RetryDeps {
  readonly state: Readonly<PoolState>;
  readonly deferred: DeferredJobs;
  readonly metrics: MetricsRecorder;
  readonly events: EventHub;
}

/** Runs jobs again whose attempt has failed. A job that waits for its next attempt occupies no worker. */
export class Retries {
  readonly #deps: RetryDeps;

  constructor(deps: RetryDeps) {
    this.#deps = deps;
  }

  /**
   * Retries a job whose attempt has failed with `error`, if its options allow that: the job is PENDING again, at its old
   * place among its equals. False if no attempt follows.
   *
   * @param isThreadLost whether the attempt failed because its thread ended.
   */
  tryRetry(job: Job, error: unknown, isThreadLost: boolean): boolean {
    const { retry, deadline } = optionsOf(job);
    if (retry === undefined || begunAttempts(job) >= retry.maxAttempts || !this.#deps.state.runsPending) return false;
    if (isLastAttempt(job) || (isThreadLost && !retry.onWorkerExit)) return false;
    const delayMs = retryDelayMs(retry, begunAttempts(job));
    if (deadline !== undefined && delayMs >= msUntil(deadline)) return false;
    try {
      if (retry.retryIf !== undefined && !retry.retryIf(error)) return false;
    } catch (fault) {
      warnOf(fault, 'retryIf');
      return false;
    }
    if (isSettled(job) || isLastAttempt(job) || !this.#deps.state.runsPending) return false; // `retryIf` may have cancelled it, or shut the pool down
    const { deferred, metrics, events } = this.#deps;
    again(job, { ms: now() });
    metrics.retried++;
    events.emit('jobRetried', job, { error, attempt: job.attempts, delayMs });
    deferred.delay(job, delayMs);
    return true;
  }
}
