import { now } from '../base/clock.js';
import type { Job } from '../jobs/job.js';
import { becomeReady, enterPool, type JobPool, kindOf, orderOf, settle } from '../jobs/job-access.js';
import { addCallSites, settleBy, stopCauseOf, taskOf } from '../jobs/job-engine.js';
import type { SubmitTime } from '../jobs/job-extras.js';
import type { PoolRef } from '../jobs/job-kind.js';
import type { SettledState } from '../jobs/job-state.js';
import type { StopCause } from '../jobs/stop-cause.js';
import type { MetricsRecorder } from '../metrics/recorder.js';
import type { Aging } from './dispatch/aging.js';
import type { EventHub } from './events.js';
import { KeepAlive } from './keep-alive.js';
import type { SettledCounts } from './options/shutdown-options.js';
import { SettleWaiters } from './settle-waiters.js';
import type { UnobservedFailures } from './unobserved-failures.js';

/** What other parts do when the ledger changes. */
export interface LedgerEvents {
  /** Called when a job is entered after all earlier ones have settled. */
  readonly onBusy: () => void;
  /** Called after each job that settled. */
  readonly onSettled: (() => void) | undefined;
  /** Called once for each batch of submissions or answers. */
  readonly onBatch: () => void;
}

export interface LedgerDeps {
  /** The reference by which jobs find their pool. */
  readonly poolRef: PoolRef<JobPool>;
  readonly metrics: MetricsRecorder;
  readonly events: EventHub;
  readonly unobserved: Pick<UnobservedFailures, 'watch'>;
  /** If waiting jobs age. */
  readonly aging: Aging | undefined;
}

/** Every job is entered here once, and settled here once (I1): nothing else ends a job or counts one (I2). */
export class Ledger {
  readonly #poolRef: PoolRef<JobPool>;
  readonly #metrics: MetricsRecorder;
  readonly #events: EventHub;
  readonly #unobserved: Pick<UnobservedFailures, 'watch'>;
  readonly #keepAlive = new KeepAlive();
  readonly #waiters = new SettleWaiters();
  /** The number of the job entered last. */
  #lastNumber = 0;
  #onBusy: (() => void) | undefined;
  #onSettled: (() => void) | undefined;
  #onBatch: (() => void) | undefined;
  readonly #aging: Aging | undefined;
  /** Listeners, each called with a job that is about to fail, while it still has its arguments. */
  readonly failing = new Set<(job: Job) => void>();
  /** When the current batch was submitted. */
  #now: SubmitTime;

  constructor({ poolRef, metrics, events, unobserved, aging }: LedgerDeps) {
    this.#poolRef = poolRef;
    this.#metrics = metrics;
    this.#events = events;
    this.#unobserved = unobserved;
    this.#aging = aging;
    this.#now = this.#submitTimeAt(now());
  }

  /** Connects the receivers of reports, which are made after this ledger. Called once, before the first job. */
  reportTo({ onBusy, onSettled, onBatch }: LedgerEvents): void {
    this.#onBusy = onBusy;
    this.#onSettled = onSettled;
    this.#onBatch = onBatch;
  }

  get unsettled(): number {
    return this.#metrics.unsettled;
  }

  /** Reads the clock: once per batch of jobs, as that takes 35 ns. Returns ms of `now()`. */
  refreshClock(): number {
    const ms = now();
    this.#now = this.#submitTimeAt(ms);
    this.#metrics.passed(ms);
    this.#onBatch?.();
    return ms;
  }

  /** Counts a new job, and gives it its number in the order of submission. */
  enter(job: Job): void {
    this.#lastNumber = enterPool(job, this.#poolRef, this.#now, this.#lastNumber);
    this.#metrics.jobSubmitted(kindOf(job));
    if (this.unsettled === 1) this.#becameBusy();
  }

  #becameBusy(): void {
    this.#keepAlive.ref();
    this.#onBusy?.();
  }

  /** A job is deferred no longer: from now on it waits for its turn. */
  released(job: Job): void {
    this.refreshClock();
    becomeReady(job, this.#now);
  }

  /** Settles a job whose code has ended. @param end.late what the code of a cancelled job returned after all. */
  settle(
    job: Job,
    state: SettledState,
    end: { readonly outcome: unknown; readonly late?: { readonly result: unknown } | undefined },
  ): void {
    if (stopCauseOf(job)?.state === 'FAILED') this.#metrics.jobTimedOut(taskOf(job));
    this.#count(job, state, end.outcome);
    if (state === 'FAILED') this.#fails(job, end.outcome);
    settle(job, state, end.outcome, end.late);
  }

  /** Settles a job whose code did not begin, or whose thread is gone. */
  settleBy(job: Job, cause: StopCause): void {
    if (cause.state === 'FAILED') {
      this.#metrics.jobTimedOut(taskOf(job));
      this.#fails(job, cause.reason);
    }
    this.#count(job, cause.state, cause.reason);
    settleBy(job, cause);
  }

  #fails(job: Job, error: unknown): void {
    addCallSites(job, error);
    this.#unobserved.watch(job, error);
    for (const tell of this.failing) tell(job);
  }

  /** `settle` for a job that has returned: without an options object, as it happens a million times a second. */
  complete(job: Job, result: unknown): void {
    this.#countCompleted(job);
    settle(job, 'COMPLETED', result);
  }

  /** Counts a job that had settled before it was submitted: it was cancelled. */
  enterSettled(job: Job): void {
    this.enter(job);
    this.#count(job, 'CANCELLED');
  }

  /**
   * Resolves with `true` once every job entered before the call has settled, with `false` if `timeoutMs` passes first.
   */
  waitAll(timeoutMs: number): Promise<boolean> {
    return this.#waiters.wait(this.#lastNumber, this.unsettled, timeoutMs);
  }

  counts(): SettledCounts {
    const { completed, failed, cancelled } = this.#metrics;
    return { completed, failed, cancelled };
  }

  /** Returns how many jobs have settled since `counts` returned `before`. */
  countsSince(before: SettledCounts): SettledCounts {
    const { completed, failed, cancelled } = this.#metrics;
    return {
      completed: completed - before.completed,
      failed: failed - before.failed,
      cancelled: cancelled - before.cancelled,
    };
  }

  /** Keeps the process alive, even with every job settled, until `unref` has been called as often. */
  ref(): void {
    this.#keepAlive.ref();
  }

  unref(): void {
    this.#keepAlive.unref();
  }

  /** Stops keeping the process alive, for good. */
  end(): void {
    this.#keepAlive.end();
  }

  #submitTimeAt(ms: number): SubmitTime {
    return { ms, handicap: this.#aging === undefined ? 0 : this.#aging.handicapAt(ms) };
  }

  /** @param error of a job that has failed. */
  #count(job: Job, state: SettledState, error?: unknown): void {
    switch (state) {
      case 'COMPLETED':
        this.#countCompleted(job);
        break;
      case 'FAILED':
        this.#metrics.jobFailed(kindOf(job), error);
        this.#events.emit('jobFailed', job);
        this.#counted(job);
        break;
      case 'CANCELLED':
        this.#metrics.jobCancelled(kindOf(job));
        this.#events.emit('jobCancelled', job);
        this.#counted(job);
        break;
    }
  }

  #countCompleted(job: Job): void {
    this.#metrics.jobCompleted(kindOf(job));
    this.#events.emitOften('jobCompleted', job);
    this.#counted(job);
  }

  #counted(job: Job): void {
    if (this.#waiters.count > 0) this.#waiters.settled(Math.abs(orderOf(job)));
    this.#onSettled?.();
    if (this.unsettled === 0) this.#becameIdle();
  }

  #becameIdle(): void {
    this.#keepAlive.unref();
    this.#events.emit('idle', undefined);
  }
}
