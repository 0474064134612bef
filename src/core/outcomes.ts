import type { Job } from '../jobs/job.js';
import type { MetricsRecorder } from '../metrics/recorder.js';
import type { Outbox } from '../sync/outbox.js';
import type { JobSink } from '../workers/remote-worker.js';
import type { StoppedEnd, Thrown } from '../workers/result-lane.js';
import type { EventHub } from './events.js';
import type { GraceKeeper } from './grace-keeper.js';
import type { Ledger } from './ledger.js';
import type { Retries } from './retries.js';
import { learnRun } from './run-time.js';
import type { TimeLimits } from './time-limits.js';
import type { PoolWorker } from './worker-set.js';

/** What the outcomes are told to. */
export interface OutcomeParts {
  readonly ledger: Ledger;
  readonly metrics: MetricsRecorder;
  readonly events: EventHub;
  readonly outbox: Outbox;
  readonly grace: GraceKeeper;
  readonly limits: TimeLimits;
  readonly retries: Retries;
}

/** Turns what workers answer into how jobs settle. */
export class Outcomes implements JobSink<Job> {
  readonly #parts: OutcomeParts;

  constructor(parts: OutcomeParts) {
    this.#parts = parts;
  }

  jobStarted(worker: PoolWorker, job: Job): void {
    this.#parts.limits.began(job, worker.results.begunAtMs);
    this.#parts.events.emit('jobStarted', job);
  }

  /** There was no code to run. */
  jobFailedToStart(job: Job, thrown: Thrown): void {
    this.#parts.ledger.settle(job, 'FAILED', { outcome: thrown.error });
  }

  jobReported(job: Job, value: unknown): void {
    job.report(value, this.#parts.outbox);
  }

  jobReturned(worker: PoolWorker, job: Job, value: unknown): void {
    this.#ran(worker, job);
    this.#parts.ledger.complete(job, value);
  }

  jobThrew(worker: PoolWorker, job: Job, thrown: Thrown): void {
    this.#ran(worker, job);
    if (job.hasOptions && this.#parts.retries.take(job, thrown.error, false)) return;
    this.#parts.ledger.settle(job, 'FAILED', { outcome: thrown.error });
  }

  /** However its code ended: it was asked to stop, and settles by that. */
  jobStopped(worker: PoolWorker, job: Job, end: StoppedEnd): void {
    this.#ran(worker, job);
    this.#parts.grace.stop(job, worker);
    const isOwnFault = end.kind === 'threw' && !end.thrown.isCancelled;
    const { ending } = job;
    if (ending === undefined) return;
    const outcome = ending.error(isOwnFault ? { thrown: end.thrown.error } : undefined);
    if (this.#parts.retries.take(job, outcome, false)) return;
    const late = end.kind === 'returned' ? { result: end.value } : undefined;
    this.#parts.ledger.settle(job, ending.state, { outcome, late });
  }

  #ran(worker: PoolWorker, job: Job): void {
    const { results } = worker;
    if (job.hasOptions) this.#parts.limits.ended(job);
    const { runTicks } = results;
    const waitedTicks = job.waitedTicks(results);
    job.ran(worker.run(job.begunAttempts + 1), waitedTicks, runTicks);
    learnRun(job.task, runTicks);
    this.#parts.metrics.jobRan(waitedTicks, runTicks);
  }
}
