import type { StoppedEnd } from '../../host/result-lane.js';
import type { Job } from '../../jobs/job.js';
import { hasOptions } from '../../jobs/job-access.js';
import { stopCauseOf } from '../../jobs/job-engine.js';
import type { Ledger } from '../ledger.js';
import type { ChildJobs } from './child-jobs.js';
import type { AttemptEnd, Retries } from './retries.js';

export interface SettlingDeps {
  readonly ledger: Ledger;
  readonly retries: Retries;
  readonly childJobs: ChildJobs;
}

/** Settles jobs whose attempt is over: once their children have settled, and unless another attempt follows. */
export class Settling {
  readonly #ledger: Ledger;
  readonly #retries: Retries;
  readonly #childJobs: ChildJobs;

  constructor({ ledger, retries, childJobs }: SettlingDeps) {
    this.#ledger = ledger;
    this.#retries = retries;
    this.#childJobs = childJobs;
  }

  /** The job's code has returned. */
  returned(job: Job, result: unknown): void {
    this.#childJobs.settleAfterChildren(job, () => this.#ledger.complete(job, result));
  }

  /** The job's code has thrown. */
  threw(job: Job, error: unknown): void {
    this.#fail(job, error, 'code ended');
  }

  /** The job's thread has ended while it ran. */
  threadLost(job: Job, error: unknown): void {
    this.#fail(job, error, 'thread lost');
  }

  /** The job was asked to stop. @param end how its code ended; undefined if it is given up, or its thread is gone. */
  stopped(job: Job, end: StoppedEnd | undefined): void {
    this.#childJobs.settleAfterChildren(job, () => this.#settleStopped(job, end));
  }

  #fail(job: Job, error: unknown, end: AttemptEnd): void {
    this.#childJobs.settleAfterChildren(job, () => {
      if (hasOptions(job) && this.#retries.tryRetry(job, error, end) === 'retried') return;
      this.#ledger.settle(job, 'FAILED', { outcome: error });
    });
  }

  #settleStopped(job: Job, end: StoppedEnd | undefined): void {
    const cause = stopCauseOf(job);
    if (cause === undefined) return;
    const isOwnFault = end?.kind === 'threw' && !end.thrown.isCancelled;
    const outcome = cause.error(isOwnFault ? { thrown: end.thrown.error } : undefined);
    if (this.#retries.tryRetry(job, outcome, 'code ended') === 'retried') return;
    if (end === undefined) this.#ledger.settleBy(job, cause);
    else {
      const late = end.kind === 'returned' ? { result: end.value } : undefined;
      this.#ledger.settle(job, cause.state, { outcome, late });
    }
  }
}
