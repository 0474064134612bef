import type { ListenerQueue } from '../../base/listener-queue.js';
import type { StoppedEnd, Thrown } from '../../host/result-lane.js';
import type { JobSink } from '../../host/worker-events.js';
import { begunAttempts, hasOptions, isPlain, type Job, ran, waitedTicks } from '../../jobs/job.js';
import { reported, stopCauseOf, taskOf } from '../../jobs/job-engine.js';
import type { MetricsRecorder } from '../../metrics/recorder.js';
import { learnRun } from '../dispatch/run-estimate.js';
import type { EventHub } from '../events.js';
import type { Ledger } from '../ledger.js';
import type { PoolWorker } from '../pool-worker.js';
import type { GraceKeeper } from '../workers/grace.js';
import type { ChildJobs } from './child-jobs.js';
import type { Retries } from './retries.js';
import type { TimeLimits } from './time-limits.js';

/** What the outcomes are told to. */
export interface OutcomeDeps {
  readonly ledger: Ledger;
  readonly metrics: MetricsRecorder;
  readonly events: EventHub;
  readonly listenerQueue: ListenerQueue;
  readonly grace: GraceKeeper;
  readonly limits: TimeLimits;
  readonly retries: Retries;
  readonly childJobs: ChildJobs;
}

/** Turns what workers answer into how jobs settle. */
export class Outcomes implements JobSink<Job, PoolWorker> {
  readonly #deps: OutcomeDeps;
  // by themselves, as each job that returns asks for them
  readonly #ledger: Ledger;
  readonly #metrics: MetricsRecorder;
  readonly #childJobs: ChildJobs;

  constructor(parts: OutcomeDeps) {
    this.#deps = parts;
    this.#ledger = parts.ledger;
    this.#metrics = parts.metrics;
    this.#childJobs = parts.childJobs;
  }

  jobStarted(worker: PoolWorker, job: Job): void {
    this.#deps.limits.began(job, worker.results.begunAtMs);
    this.#deps.events.emit('jobStarted', job);
  }

  /** There was no code to run. */
  jobFailedToStart(job: Job, thrown: Thrown): void {
    this.#deps.ledger.settle(job, 'FAILED', { outcome: thrown.error });
  }

  jobReported(job: Job, value: unknown): void {
    reported(job, value, this.#deps.listenerQueue);
  }

  jobReturned(worker: PoolWorker, job: Job, value: unknown): void {
    if (this.#childJobs.hasChildren(job)) {
      this.#completeLater(worker, job, value);
      return;
    }
    this.#ran(worker, job);
    this.#ledger.complete(job, value);
  }

  #completeLater(worker: PoolWorker, job: Job, value: unknown): void {
    this.#settleLater(worker, job, () => this.#ledger.complete(job, value));
  }

  jobThrew(worker: PoolWorker, job: Job, thrown: Thrown): void {
    const settle = (): void => {
      if (hasOptions(job) && this.#deps.retries.take(job, thrown.error, false)) return;
      this.#deps.ledger.settle(job, 'FAILED', { outcome: thrown.error });
    };
    this.#deps.childJobs.cancelChildren(job);
    this.#settleLater(worker, job, settle);
  }

  /** However its code ended: it was asked to stop, and settles by that. */
  jobStopped(worker: PoolWorker, job: Job, end: StoppedEnd): void {
    this.#deps.grace.stop(job, worker);
    this.#settleLater(worker, job, () => this.#settleStopped(job, end));
  }

  #settleStopped(job: Job, end: StoppedEnd): void {
    const isOwnFault = end.kind === 'threw' && !end.thrown.isCancelled;
    const ending = stopCauseOf(job);
    if (ending === undefined) return;
    const outcome = ending.error(isOwnFault ? { thrown: end.thrown.error } : undefined);
    if (this.#deps.retries.take(job, outcome, false)) return;
    const late = end.kind === 'returned' ? { result: end.value } : undefined;
    this.#deps.ledger.settle(job, ending.state, { outcome, late });
  }

  #settleLater(worker: PoolWorker, job: Job, settle: () => void): void {
    this.#ran(worker, job);
    this.#deps.childJobs.settleAfterChildren(job, settle);
  }

  #ran(worker: PoolWorker, job: Job): void {
    const { results } = worker;
    if (hasOptions(job)) this.#deps.limits.ended(job);
    const { runTicks } = results;
    const waited = waitedTicks(job, results);
    ran(job, worker.run(isPlain(job) ? 1 : begunAttempts(job) + 1), waited, runTicks);
    learnRun(taskOf(job), runTicks);
    this.#metrics.jobRan(waited, runTicks);
  }
}
