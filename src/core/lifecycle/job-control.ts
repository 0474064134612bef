import type { Mail } from '../../base/in-flight-job.js';
import { RemoteWorker } from '../../host/remote-worker.js';
import { copyMail } from '../../host/worker-talk.js';
import type { Job } from '../../jobs/job.js';
import {
  changePriority,
  isSettled,
  type JobPool,
  kindOf,
  optionsOf,
  ownerOf,
  type PriorityOutcome,
  type StopOutcome,
  seqOf,
  type TimeLimitOutcome,
} from '../../jobs/job-access.js';
import { endWithAttempt, raiseToken, setStopCause, stopCauseOf, transferOf } from '../../jobs/job-engine.js';
import type { PoolRef } from '../../jobs/job-kind.js';
import { keepMail } from '../../jobs/job-mail.js';
import { Cancellation, type StopCause } from '../../jobs/stop-cause.js';
import { setTimeoutMs } from '../../jobs/time-limit.js';
import type { MetricsRecorder } from '../../metrics/recorder.js';
import type { PoolChannels } from '../channels.js';
import type { Backlog } from '../dispatch/backlog.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { Pacer } from '../dispatch/pacer.js';
import type { Ledger } from '../ledger.js';
import type { PoolWorker } from '../pool-worker.js';
import type { TraceRecorder } from '../trace/trace-recorder.js';
import type { GraceKeeper } from '../workers/grace.js';
import type { ChildJobs } from './child-jobs.js';
import type { DeferredJobs } from './deferred-jobs.js';
import type { TimeLimits } from './time-limits.js';

export interface JobControlDeps {
  /** The reference by which jobs find the control. */
  readonly poolRef: PoolRef<JobPool>;
  readonly ledger: Ledger;
  readonly metrics: MetricsRecorder;
  readonly dispatcher: Dispatcher;
  readonly backlog: Backlog;
  readonly pacer: Pacer;
  readonly grace: GraceKeeper;
  readonly deferred: DeferredJobs;
  readonly childJobs: ChildJobs;
  readonly channels: PoolChannels;
  readonly limits: TimeLimits;
  readonly recorder: TraceRecorder;
}

/** Cancels jobs, changes their priority and time limit, and posts messages to them, wherever they are. */
export class JobControl implements JobPool {
  readonly #deps: JobControlDeps;
  /** The job that cannot be cancelled now: see `shielding`. */
  #shielded: Job | undefined;

  constructor(deps: JobControlDeps) {
    this.#deps = deps;
  }

  /** The pool has unsettled jobs, which have to find this control. */
  attach(): void {
    this.#deps.poolRef.pool = this;
  }

  /** The pool has no unsettled job: tasks no longer keep it alive. */
  detach(): void {
    this.#deps.poolRef.pool = undefined;
  }

  /** All jobs that are not settled. */
  *unsettled(): Generator<Job> {
    yield* this.#deps.deferred;
    yield* this.#deps.childJobs;
    yield* this.#deps.backlog.jobs();
  }

  /** Jobs with children that have not settled, each before its children. */
  get parents(): readonly Job[] {
    return this.#deps.childJobs.parents;
  }

  cancelJob(job: Job, reason: unknown): StopOutcome {
    if (job !== this.#shielded) return this.stop(job, new Cancellation(job.name, reason));
    workerOf(job)?.post({ kind: 'parent-cancelled', seq: seqOf(job), reason });
    raiseToken(job, reason);
    return 'shielded';
  }

  /** Stops a job, wherever it is, so that it settles as `cause` says. */
  stop(job: Job, cause: StopCause): StopOutcome {
    const { dispatcher, ledger, deferred } = this.#deps;
    if (dispatcher.remove(job) || deferred.remove(job)) {
      ledger.settleBy(job, cause);
      return 'settled';
    }
    if (this.#deps.childJobs.isWaiting(job)) {
      raiseToken(job, cause.reason); // its children end; the job settles as its code did
      return 'too late';
    }
    const worker = workerOf(job);
    return worker === undefined ? this.#stopEnded(job, cause) : this.#stopAt(worker, job, cause);
  }

  #stopAt(worker: PoolWorker, job: Job, cause: StopCause): StopOutcome {
    switch (worker.cancel(job, cause.reason)) {
      case 'taken back':
        this.#deps.ledger.settleBy(job, cause);
        return 'settled';
      case 'asked':
        setStopCause(job, cause);
        this.#deps.channels.cancelling(job, cause.reason);
        this.#deps.recorder.stopping(job);
        this.#deps.grace.start(job, worker);
        // an attempt that timed out may be followed by another, whose token must not be cancelled
        if (cause.state === 'CANCELLED' || optionsOf(job).retry === undefined) raiseToken(job, cause.reason); // last, as its listeners are foreign code (I7)
        return 'stopping';
      case 'asked before':
        if (stopCauseOf(job)?.state === 'FAILED' && cause.state === 'CANCELLED' && optionsOf(job).retry !== undefined) {
          // the attempt has timed out and might have been retried: now it will not
          setStopCause(job, cause);
          raiseToken(job, cause.reason);
        }
        return stopCauseOf(job)?.state === cause.state ? 'stopping' : 'too late';
      case 'ended':
        return this.#stopEnded(job, cause);
    }
  }

  /** The attempt's code has ended: only the attempts that would follow can be stopped. */
  #stopEnded(job: Job, cause: StopCause): 'too late' {
    if (cause.state === 'CANCELLED' && optionsOf(job).retry !== undefined) endWithAttempt(job);
    return 'too late';
  }

  /** Cancels every unsettled job, or those for which `filter` returns true. Returns how many will settle CANCELLED. */
  cancelAll(filter: ((job: Job) => boolean) | undefined): number {
    let count = 0;
    for (const job of [...this.unsettled()]) if (!isSettled(job) && (filter?.(job) ?? true) && job.cancel()) count++;
    return count;
  }

  /** Cancels a job if it has not begun. */
  cancelPending(job: Job, reason: unknown): void {
    const { dispatcher, deferred } = this.#deps;
    const isWaiting = dispatcher.remove(job) || deferred.remove(job);
    if (isWaiting || workerOf(job)?.inFlight.takeBackOne(job) === 'taken back')
      this.#deps.ledger.settleBy(job, new Cancellation(job.name, reason));
  }

  reprioritise(job: Job, priority: number): PriorityOutcome {
    const worker = workerOf(job);
    const { dispatcher, deferred } = this.#deps;
    const isQueued = dispatcher.remove(job);
    const isDeferred = !isQueued && deferred.has(job);
    // a job with `transfer` can be sent only once: it stays at its worker, where it is next
    const isNext = transferOf(job) !== undefined && worker !== undefined && !worker.hasBegun(seqOf(job));
    if (!isQueued && !isDeferred && !isNext && worker?.inFlight.takeBackOne(job) !== 'taken back') return 'too late';
    this.#deps.metrics.jobReprioritised(kindOf(job).priority, priority);
    changePriority(job, priority);
    if (isDeferred) deferred.reprioritised(job);
    if (isNext || isDeferred) return 'changed';
    this.#deps.ledger.refreshClock(); // this may begin a batch, whose jobs need the present time
    this.#deps.pacer.enqueueBefore(job);
    return 'changed';
  }

  limitTime(job: Job, timeoutMs: number): TimeLimitOutcome {
    if (this.#deps.childJobs.isWaiting(job)) return 'too late';
    setTimeoutMs(job, timeoutMs);
    if (workerOf(job) !== undefined) this.#deps.limits.changed(job);
    return 'changed';
  }

  post(job: Job, mail: Mail): void {
    const worker = workerOf(job);
    if (worker === undefined) {
      keepMail(job, copyMail(mail));
      return;
    }
    const hasBegun = worker.hasBegun(seqOf(job));
    const moves = mail.transfer.length > 0;
    if (moves && !hasBegun && transferOf(job) === undefined && worker.inFlight.takeBackOne(job) === 'taken back') {
      // a message that moves values is sent only once: from now on the job is not taken back
      keepMail(job, copyMail(mail));
      this.#deps.pacer.enqueueBefore(job);
      return;
    }
    const isKept = !moves && (!hasBegun || optionsOf(job).retry !== undefined);
    if (isKept) keepMail(job, copyMail(mail));
    worker.talk.post(job, mail, isKept ? 'kept' : 'sent once');
  }

  /** Runs `act` while the job cannot be cancelled: a token that its own code has cancelled is not a request to stop it. */
  shielding(job: Job | undefined, act: () => void): void {
    this.#shielded = job;
    try {
      act();
    } finally {
      this.#shielded = undefined;
    }
  }
}

function workerOf(job: Job): PoolWorker | undefined {
  const owner = ownerOf(job);
  return owner instanceof RemoteWorker ? (owner as PoolWorker) : undefined;
}
