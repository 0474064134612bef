import { RemoteWorker } from '../../host/remote-worker.js';
import { type Job, type JobOwner, kindOf, moveTo, optionsOf, placeOf, seqOf } from '../../jobs/job.js';
import { endWithAttempt, raiseToken, setStopCause, stopCauseOf, transferOf } from '../../jobs/job-engine.js';
import { OwnerRef } from '../../jobs/job-kind.js';
import { Cancellation, type StopCause } from '../../jobs/stop-cause.js';
import type { MetricsRecorder } from '../../metrics/recorder.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { Pacer } from '../dispatch/pacer.js';
import type { Ledger } from '../ledger.js';
import type { PoolWorker } from '../pool-worker.js';
import type { GraceKeeper } from '../workers/grace.js';
import type { ChildJobs } from './child-jobs.js';
import type { DeferredJobs } from './deferred-jobs.js';

/** What jobs are controlled by. */
export interface JobControlDeps {
  readonly ledger: Ledger;
  readonly metrics: MetricsRecorder;
  readonly dispatcher: Dispatcher;
  readonly pacer: Pacer;
  readonly grace: GraceKeeper;
  readonly deferred: DeferredJobs;
  readonly childJobs: ChildJobs;
}

/** Cancels jobs and changes their priority, wherever they are. */
export class JobControl implements JobOwner {
  readonly #deps: JobControlDeps;
  #spared: Job | undefined;
  /** By which jobs hold this. */
  readonly ref = new OwnerRef<JobOwner>();

  constructor(parts: JobControlDeps) {
    this.#deps = parts;
  }

  /** It has jobs: these find it by `ref`. */
  attach(): void {
    this.ref.owner = this;
  }

  /** It has none, and tasks keep the pool no longer. */
  detach(): void {
    this.ref.owner = undefined;
  }

  /** All jobs that are not settled. */
  *unsettled(): Generator<Job> {
    yield* this.#deps.deferred;
    yield* this.#deps.childJobs;
    yield* this.#deps.dispatcher.unsettled();
  }

  /** Jobs with children that have not settled, each before its children. */
  get parents(): readonly Job[] {
    return this.#deps.childJobs.parents;
  }

  cancelJob(job: Job, reason: unknown): boolean {
    if (job !== this.#spared) return this.stop(job, new Cancellation(job.name, reason));
    workerOf(job)?.tell({ kind: 'parent-cancelled', seq: seqOf(job), reason });
    raiseToken(job, reason);
    return false;
  }

  /** Ends a job, wherever it is. True: it settles as `ending` says. */
  stop(job: Job, ending: StopCause): boolean {
    const { dispatcher, ledger, grace, deferred } = this.#deps;
    if (dispatcher.queue.remove(job) || deferred.remove(job)) {
      ledger.settleBy(job, ending);
      return true;
    }
    if (this.#deps.childJobs.isWaiting(job)) {
      raiseToken(job, ending.reason); // its children end; it settles as its code did
      return false;
    }
    const worker = workerOf(job);
    switch (worker?.cancel(job, ending.reason)) {
      case 'taken back':
        ledger.settleBy(job, ending);
        return true;
      case 'asked':
        setStopCause(job, ending);
        if (worker !== undefined) grace.start(job, worker);
        // an attempt whose time is over may be followed by another, whose token is not cancelled
        if (ending.state === 'CANCELLED' || optionsOf(job).retry === undefined) raiseToken(job, ending.reason); // last, as its listeners are foreign code (I7)
        return true;
      case 'asked before':
        if (
          stopCauseOf(job)?.state === 'FAILED' &&
          ending.state === 'CANCELLED' &&
          optionsOf(job).retry !== undefined
        ) {
          // its time is over, and it might be tried again: not after this
          setStopCause(job, ending);
          raiseToken(job, ending.reason);
        }
        return stopCauseOf(job)?.state === ending.state;
      case 'too late':
      case undefined:
        if (ending.state === 'CANCELLED' && optionsOf(job).retry !== undefined) endWithAttempt(job);
        return false;
    }
  }

  /** Cancels a job that has not begun; leaves any other as it is. */
  cancelPending(job: Job, reason: unknown): void {
    const { dispatcher, deferred } = this.#deps;
    if (dispatcher.queue.remove(job) || deferred.remove(job) || workerOf(job)?.inFlight.takeBackOne(job))
      this.#deps.ledger.settleBy(job, new Cancellation(job.name, reason));
  }

  reprioritise(job: Job, priority: number): boolean {
    const worker = workerOf(job);
    const { dispatcher, deferred } = this.#deps;
    const isQueued = dispatcher.queue.remove(job);
    const isHeld = !isQueued && deferred.has(job);
    // one with something to transfer is sent only once: it stays where it is, next on a worker that was free
    const isNext = transferOf(job) !== undefined && worker !== undefined && !worker.hasBegun(seqOf(job));
    if (!isQueued && !isHeld && !isNext && !worker?.inFlight.takeBackOne(job)) return false;
    this.#deps.metrics.jobReprioritised(kindOf(job).priority, priority);
    moveTo(job, priority);
    if (isNext || isHeld) return true;
    this.#deps.ledger.look(); // it may begin a batch: those that come with it are to have their own time
    this.#deps.pacer.enqueueBefore(job);
    return true;
  }

  /** Runs `act`, in which nothing cancels the job: what its own code has cancelled is no request to stop it. */
  sparing(job: Job | undefined, act: () => void): void {
    this.#spared = job;
    try {
      act();
    } finally {
      this.#spared = undefined;
    }
  }
}

function workerOf(job: Job): PoolWorker | undefined {
  const place = placeOf(job);
  return place instanceof RemoteWorker ? (place as PoolWorker) : undefined;
}
