import { now } from '../../base/clock.js';
import { attemptOf } from '../../jobs/attempt.js';
import type { Job } from '../../jobs/job.js';
import { begunAttempts, isSettled, optionsOf, returnToPending } from '../../jobs/job-access.js';
import { isLastAttempt, taskOf } from '../../jobs/job-engine.js';
import { msToNextAttempt } from '../../jobs/retry-policy.js';
import type { MetricsRecorder } from '../../metrics/recorder.js';
import type { EventHub } from '../events.js';
import type { ReadonlyPoolState } from '../pool-state.js';
import type { DeferredJobs } from './deferred-jobs.js';

/** What ended an attempt that failed. */
export type AttemptEnd = 'code ended' | 'thread lost';

export interface RetryDeps {
  readonly state: ReadonlyPoolState;
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
   * position among its equals.
   */
  tryRetry(job: Job, error: unknown, end: AttemptEnd): 'retried' | 'final' {
    if (isLastAttempt(job) || !this.#deps.state.runsPending) return 'final';
    const attempt = { attempts: begunAttempts(job), error, isThreadLost: end === 'thread lost' };
    const failed = attemptOf(job);
    const delayMs = msToNextAttempt(optionsOf(job), attempt);
    if (delayMs === undefined || failed === undefined) return 'final';
    if (isSettled(job) || isLastAttempt(job) || !this.#deps.state.runsPending) return 'final'; // `retryIf` may have cancelled it, or shut the pool down
    const { deferred, metrics, events } = this.#deps;
    returnToPending(job, { ms: now() });
    metrics.jobRetried(taskOf(job));
    const { startedAt, executionMs, workerId } = failed;
    events.emit('jobRetried', job, { error, attempt: job.attempts, delayMs, startedAt, executionMs, workerId });
    deferred.delay(job, delayMs);
    return 'retried';
  }
}
