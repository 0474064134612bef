import type { ListenerQueue } from '../../base/listener-queue.js';
import type { StoppedEnd, Thrown } from '../../host/result-lane.js';
import type { JobSink } from '../../host/worker-events.js';
import type { Job } from '../../jobs/job.js';
import {
  begunAttempts,
  hasOptions,
  isPlain,
  kindOf,
  recordRun,
  waitedSince,
  waitedTicks,
} from '../../jobs/job-access.js';
import { addReport } from '../../jobs/job-engine.js';
import type { MetricsRecorder } from '../../metrics/recorder.js';
import { learnRun } from '../dispatch/run-estimate.js';
import type { EventHub } from '../events.js';
import type { Ledger } from '../ledger.js';
import type { PoolWorker } from '../pool-worker.js';
import type { GraceKeeper } from '../workers/grace.js';
import type { ChildJobs } from './child-jobs.js';
import type { Settling } from './settling.js';
import type { TimeLimits } from './time-limits.js';

export interface OutcomeDeps {
  readonly ledger: Ledger;
  readonly metrics: MetricsRecorder;
  readonly events: EventHub;
  readonly listenerQueue: ListenerQueue;
  readonly grace: GraceKeeper;
  readonly limits: TimeLimits;
  readonly settling: Settling;
  readonly childJobs: ChildJobs;
}

/** Receives what workers report of jobs: records each run, and has the job settled. */
export class Outcomes implements JobSink<Job, PoolWorker> {
  readonly #deps: OutcomeDeps;
  // fields, as they are read for each job that returns
  readonly #ledger: Ledger;
  readonly #metrics: MetricsRecorder;
  readonly #childJobs: ChildJobs;

  constructor(deps: OutcomeDeps) {
    this.#deps = deps;
    this.#ledger = deps.ledger;
    this.#metrics = deps.metrics;
    this.#childJobs = deps.childJobs;
  }

  jobStarted(worker: PoolWorker, job: Job): void {
    this.#deps.limits.began(job, worker.results.begunAtMs);
    this.#deps.events.emitOften('jobStarted', job);
  }

  /** The job has failed before its code began. */
  jobFailedToStart(job: Job, thrown: Thrown): void {
    this.#deps.ledger.settle(job, 'FAILED', { outcome: thrown.error });
  }

  jobReported(job: Job, value: unknown): void {
    addReport(job, value, this.#deps.listenerQueue);
  }

  jobReturned(worker: PoolWorker, job: Job, value: unknown): void {
    this.#ran(worker, job);
    if (this.#childJobs.hasChildren(job)) this.#deps.settling.returned(job, value);
    else this.#ledger.complete(job, value);
  }

  jobThrew(worker: PoolWorker, job: Job, thrown: Thrown): void {
    this.#childJobs.cancelChildren(job);
    this.#ran(worker, job);
    this.#deps.settling.threw(job, thrown.error);
  }

  /** The code of a job that was asked to stop has ended: the job settles as asked, however the code ended. */
  jobStopped(worker: PoolWorker, job: Job, end: StoppedEnd): void {
    this.#deps.grace.stop(job, worker);
    this.#ran(worker, job);
    this.#deps.settling.stopped(job, end);
  }

  #ran(worker: PoolWorker, job: Job): void {
    const { results } = worker;
    if (hasOptions(job)) this.#deps.limits.ended(job);
    const { runTicks } = results;
    const waited = waitedTicks(job, results);
    const run = worker.runs.of(isPlain(job) ? 1 : begunAttempts(job) + 1, waitedSince(job));
    recordRun(job, run, waited, runTicks);
    const kind = kindOf(job);
    learnRun(kind.task, runTicks);
    this.#metrics.jobRan(kind, waited, runTicks);
  }
}
