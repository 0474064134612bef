import { RemoteWorker } from '../../host/remote-worker.js';
import { type Job, type JobOwner, kindOf, moveTo, optionsOf, placeOf, seqOf } from '../../jobs/job.js';
import { endingOf, endWithAttempt, raiseToken, setEnding, transferOf } from '../../jobs/job-engine.js';
import { OwnerRef } from '../../jobs/job-kind.js';
import { Cancellation, type Ending } from '../../jobs/stop-cause.js';
import type { MetricsRecorder } from '../../metrics/recorder.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { Pacer } from '../dispatch/pacer.js';
import type { Ledger } from '../ledger.js';
import type { GraceKeeper } from '../workers/grace.js';
import type { PoolWorker } from '../workers/worker-set.js';
import type { Families } from './child-jobs.js';
import type { HeldJobs } from './deferred-jobs.js';

/** What jobs are controlled by. */
export interface JobControlParts {
  readonly ledger: Ledger;
  readonly metrics: MetricsRecorder;
  readonly dispatcher: Dispatcher;
  readonly pacer: Pacer;
  readonly grace: GraceKeeper;
  readonly held: HeldJobs;
  readonly families: Families;
}

/** Cancels jobs and changes their priority, wherever they are. */
export class JobControl implements JobOwner {
  readonly #parts: JobControlParts;
  #spared: Job | undefined;
  /** By which jobs hold this. */
  readonly ref = new OwnerRef<JobOwner>();

  constructor(parts: JobControlParts) {
    this.#parts = parts;
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
    yield* this.#parts.held;
    yield* this.#parts.families;
    yield* this.#parts.dispatcher.unsettled();
  }

  /** Jobs with children that have not settled, each before its children. */
  get parents(): readonly Job[] {
    return this.#parts.families.parents;
  }

  cancelJob(job: Job, reason: unknown): boolean {
    if (job !== this.#spared) return this.stop(job, new Cancellation(job.name, reason));
    workerOf(job)?.tell({ kind: 'parent-cancelled', seq: seqOf(job), reason });
    raiseToken(job, reason);
    return false;
  }

  /** Ends a job, wherever it is. True: it settles as `ending` says. */
  stop(job: Job, ending: Ending): boolean {
    const { dispatcher, ledger, grace, held } = this.#parts;
    if (dispatcher.queue.remove(job) || held.remove(job)) {
      ledger.settleBy(job, ending);
      return true;
    }
    if (this.#parts.families.isWaiting(job)) {
      raiseToken(job, ending.reason); // its children end; it settles as its code did
      return false;
    }
    const worker = workerOf(job);
    switch (worker?.cancel(job, ending.reason)) {
      case 'taken back':
        ledger.settleBy(job, ending);
        return true;
      case 'asked':
        setEnding(job, ending);
        if (worker !== undefined) grace.start(job, worker);
        // an attempt whose time is over may be followed by another, whose token is not cancelled
        if (ending.state === 'CANCELLED' || optionsOf(job).retry === undefined) raiseToken(job, ending.reason); // last, as its listeners are foreign code (I7)
        return true;
      case 'asked before':
        if (endingOf(job)?.state === 'FAILED' && ending.state === 'CANCELLED' && optionsOf(job).retry !== undefined) {
          // its time is over, and it might be tried again: not after this
          setEnding(job, ending);
          raiseToken(job, ending.reason);
        }
        return endingOf(job)?.state === ending.state;
      case 'too late':
      case undefined:
        if (ending.state === 'CANCELLED' && optionsOf(job).retry !== undefined) endWithAttempt(job);
        return false;
    }
  }

  /** Cancels a job that has not begun; leaves any other as it is. */
  cancelPending(job: Job, reason: unknown): void {
    const { dispatcher, held } = this.#parts;
    if (dispatcher.queue.remove(job) || held.remove(job) || workerOf(job)?.seats.takeBackOne(job))
      this.#parts.ledger.settleBy(job, new Cancellation(job.name, reason));
  }

  reprioritise(job: Job, priority: number): boolean {
    const worker = workerOf(job);
    const { dispatcher, held } = this.#parts;
    const isQueued = dispatcher.queue.remove(job);
    const isHeld = !isQueued && held.has(job);
    // one with something to transfer is sent only once: it stays where it is, next on a worker that was free
    const isNext = transferOf(job) !== undefined && worker !== undefined && !worker.hasBegun(seqOf(job));
    if (!isQueued && !isHeld && !isNext && !worker?.seats.takeBackOne(job)) return false;
    this.#parts.metrics.jobReprioritised(kindOf(job).priority, priority);
    moveTo(job, priority);
    if (isNext || isHeld) return true;
    this.#parts.ledger.look(); // it may begin a batch: those that come with it are to have their own time
    this.#parts.pacer.enqueueBefore(job);
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
