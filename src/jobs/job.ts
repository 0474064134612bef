// biome-ignore-all lint/style/useReadonlyClassProperties: fields are set by the functions that the class gives away

import { inspect } from 'node:util';
import { Bare } from '../base/bare.js';
import { refuseSurplusObjects } from '../base/check/options.js';
import { checkFinite, checkFunction } from '../base/check/values.js';
import { now } from '../base/clock.js';
import { giveAccess, type InFlightJobOverrides } from '../base/in-flight-job.js';
import { type Inspecting, shown } from '../base/inspect.js';
import { pinShape } from '../base/pin-shape.js';
import { TICKS_PER_MS, toTicks } from '../base/ticks.js';
import { textOf } from '../errors.js';
import { CancellationToken } from '../sync/cancellation-token.js';
import { LINK } from '../sync/inner.js';
import { stays, type Transferable } from '../sync/sharing/crossing.js';
import { attemptOf } from './attempt.js';
import { mayBeResolvers } from './follower.js';
import { follow, letGo, markObserved, promiseOf } from './followers.js';
import {
  begunAttempts,
  changePriority,
  ensureExtras,
  failureOf,
  giveJobAccess,
  isSettled,
  type JobAccess,
  type JobPool,
  orderOf,
} from './job-access.js';
import { progressOf, settleBy } from './job-engine.js';
import { JobExtras } from './job-extras.js';
import { JobKind } from './job-kind.js';
import { post } from './job-mail.js';
import type { JobOptions } from './job-options.js';
import type { JobOwner, Moment } from './job-owner.js';
import { JobPriority } from './job-priority.js';
import type { JobJson, JobState } from './job-state.js';
import { takeMail } from './mailbox.js';
import { accessProgress, listenToProgress } from './progress.js';
import { Cancellation } from './stop-cause.js';
import { refuseArgs, takeOptions } from './take-options.js';
import type { Task } from './task.js';
import { NO_ARGS } from './task-ref.js';
import { refOf } from './task-registry.js';
import { limitTime } from './time-limit.js';

let lastNumber = 0;
const NO_OPTIONS: JobOptions = Object.freeze(new Bare());
/** Captured before any code can replace them. */
const NativePromise = Promise;
const { then: PROMISE_THEN, catch: PROMISE_CATCH, finally: PROMISE_FINALLY } = Promise.prototype;
const { apply } = Reflect;

/**
 * One call of a task, from submission to outcome. Awaitable: resolves with the task's result, or rejects with what the
 * task threw or with the error that ended it. A job settles exactly once, and never while its code still runs, unless that runs
 * for more than `graceMs` once asked to stop. Its promise is made on first use: a job that nobody awaits is no unhandled rejection.
 *
 * @example
 * ```ts
 * const job = pool.submit((x: number, y: number) => x + y, [5, 10]);
 * await job;   // 15
 * job.state;   // 'COMPLETED'
 * ```
 */
export class Job<T = unknown, P = unknown> implements PromiseLike<T>, Pick<Promise<T>, 'catch' | 'finally'> {
  readonly #id: number;
  // Few fields, some with several uses over time: the garbage collector has to copy a million kept jobs.
  #kind: JobKind<JobPool>;
  #owner: JobOwner | undefined = undefined;
  #seq = 0;
  /** The arguments until the job settles; then its result, or its error if it did not complete. */
  #content: unknown;
  /** When the job was submitted (an object shared by its batch); once known, how long it waited, in ticks. */
  #waited: Moment | number = 0;
  #extras: JobExtras | undefined = undefined;

  /**
   * @param task a self-contained function, or a task of a `taskModule`.
   * @param args cloned when the job is sent to a thread: leave them unchanged until the job settles.
   * @throws {TypeError | RangeError} for a bad task, argument list or option.
   */
  constructor(task: Task, args?: readonly unknown[], options?: JobOptions) {
    const ref = refOf(task);
    if (args !== undefined && !Array.isArray(args)) refuseArgs(ref, args);
    this.#id = ++lastNumber;
    this.#content = args ?? NO_ARGS;
    const priority = options === undefined ? JobPriority.NORMAL : takeOptions(this, ref, options);
    this.#kind = JobKind.of(ref, priority);
  }

  /** Unique in this process. */
  get id(): number {
    return this.#id;
  }

  /** The option `name`, or else the task's name. */
  get name(): string {
    return this.#extras?.name ?? this.#kind.task.name;
  }

  /** The present priority: higher runs first. */
  get priority(): number {
    return this.#kind.priority;
  }

  /** The current state: RUNNING is read from shared memory. A job sent ahead to a worker but not begun is PENDING. */
  get state(): JobState {
    const { settledAs } = this.#kind;
    if (settledAs === undefined) return this.#owner?.hasBegun(this.#seq) ? 'RUNNING' : 'PENDING';
    if (settledAs === 'FAILED') markObserved(this);
    return settledAs;
  }

  /** What the task returned, once COMPLETED, or if it returned after the job was cancelled. Otherwise `undefined`. */
  get result(): T | undefined {
    const { settledAs } = this.#kind;
    if (settledAs === 'COMPLETED') return this.#content as T;
    if (settledAs === 'FAILED') markObserved(this);
    return this.#extras?.result as T | undefined;
  }

  /** Why the job did not complete, once FAILED or CANCELLED. Otherwise `undefined`. */
  get error(): unknown {
    const { settledAs } = this.#kind;
    if (settledAs === undefined || settledAs === 'COMPLETED') return undefined;
    markObserved(this);
    return failureOf(this);
  }

  /** Time from submission until the job's code began, in milliseconds; so far, while it waits. 0 before submission. */
  get queuedMs(): number {
    const waited = this.#waited;
    if (typeof waited === 'number') return waited / TICKS_PER_MS;
    const owner = this.#owner;
    const untilMs = (owner?.hasBegun(this.#seq) ? owner.begunAtMs?.(this.#seq) : undefined) ?? now();
    return Math.max(0, untilMs - waited.ms);
  }

  /** How long the job's code ran, in milliseconds. 0 until the job has settled. */
  get executionMs(): number {
    return isSettled(this) ? this.#seq / TICKS_PER_MS : 0;
  }

  /** When the job's code began, in milliseconds since 1970; of the last attempt. `undefined` before the first. */
  get startedAt(): number | undefined {
    return attemptOf(this)?.startedAt;
  }

  /** When the job's code ended, or its thread, in milliseconds since 1970. `undefined` before, and while it runs again. */
  get endedAt(): number | undefined {
    return attemptOf(this)?.endedAt;
  }

  /** How many times the job's code has begun. */
  get attempts(): number {
    const isRunning = !isSettled(this) && this.#owner?.hasBegun(this.#seq);
    return begunAttempts(this) + (isRunning ? 1 : 0);
  }

  /** Id of the worker that runs the job or ran it last; `undefined` before one begins it. */
  get workerId(): number | undefined {
    const owner = this.#owner;
    const hasRun = owner !== undefined && (owner.attempt > 0 || owner.hasBegun(this.#seq));
    return (hasRun ? owner : this.#extras?.lastRun)?.workerId;
  }

  /** The job's own token, a child of `options.token` and `options.signal`. Cancelling it cancels the job. */
  get token(): CancellationToken {
    const extras = ensureExtras(this);
    if (extras.token === undefined) {
      extras.token = new CancellationToken();
      const raised = isSettled(this) ? (extras.raised ?? extras.stopCause) : extras.raised;
      if (raised !== undefined) extras.token.cancel(raised.reason);
      else if (!isSettled(this)) extras.token[LINK](this);
    }
    return extras.token;
  }

  /** The values the task reports, in order. Complete from the first access on; before that only the latest is kept. */
  get progress(): AsyncIterable<P> {
    const progress = progressOf(this);
    accessProgress(progress);
    return progress as AsyncIterable<P>;
  }

  /**
   * Calls `fn` with each value the task reports. An error thrown by `fn` becomes a process warning.
   *
   * @returns a function that unregisters `fn`.
   * @throws {TypeError} if `fn` is not a function.
   */
  onProgress(fn: (value: P) => void): () => void;
  onProgress(fn: (value: P) => void, ...rest: readonly unknown[]): () => void {
    refuseSurplusObjects(rest, 'only a listener', 'register onProgress');
    checkFunction(fn, 'the listener', 'register onProgress');
    const progress = progressOf(this);
    accessProgress(progress);
    return listenToProgress(progress, fn as (value: unknown) => void);
  }

  /** Sends a message to the job's code (`currentJob().messages`). Returns `false` once it has settled. @throws {NotCloneableError} */
  post(message: unknown, transfer?: readonly Transferable[]): boolean {
    return post(this, message, transfer);
  }

  /**
   * Asks the job to stop. A PENDING job settles CANCELLED at once and never starts. A RUNNING one sees its token
   * cancelled, and settles CANCELLED when its code ends, or when its thread is replaced after `graceMs`.
   *
   * @returns `true` if the job will settle CANCELLED; `false` if it has settled or its code has already ended.
   */
  cancel(reason?: unknown): boolean {
    if (isSettled(this)) return false;
    const { pool } = this.#kind;
    if (pool !== undefined) {
      const outcome = pool.cancelJob(this, reason);
      return outcome === 'settled' || outcome === 'stopping';
    }
    settleBy(this, new Cancellation(this.name, reason));
    return true;
  }

  /** Changes the priority of a PENDING job. Returns `false` for any other. @throws {TypeError | RangeError} for a bad number. */
  setPriority(priority: number): boolean {
    checkFinite(priority, 'priority', `set priority of job '${this.name}'`);
    if (isSettled(this)) return false;
    const { pool } = this.#kind;
    if (pool !== undefined) return pool.reprioritise(this, priority) === 'changed';
    changePriority(this, priority);
    return true;
  }

  /** Sets the option `timeoutMs`, even of a running job. Returns `false` if the code has ended. @throws {TypeError | RangeError} */
  setTimeLimit(ms: number): boolean {
    return limitTime(this, ms);
  }

  // biome-ignore lint/suspicious/noThenProperty: a Job is awaitable by design
  then<A = T, B = never>(
    onfulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    const { settledAs } = this.#kind;
    if (settledAs === undefined && mayBeResolvers(onfulfilled, onrejected))
      return follow(this, onfulfilled as never, onrejected as never) as Promise<unknown> as Promise<A | B>;
    // a completed job gets a new promise each time: most are awaited once, and keeping the promise would cost more
    const promise = settledAs === 'COMPLETED' ? NativePromise.resolve(this.#content) : promiseOf(this);
    return apply(PROMISE_THEN, promise, [onfulfilled, onrejected]) as Promise<A | B>;
  }

  catch<B = never>(onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T | B> {
    return apply(PROMISE_CATCH, promiseOf(this), [onrejected]) as Promise<T | B>;
  }

  finally(onfinally?: (() => void) | null): Promise<T> {
    return apply(PROMISE_FINALLY, promiseOf(this), [onfinally]) as Promise<T>;
  }

  static {
    stays(Job, 'Job', (value) =>
      #id in value
        ? `job '${value.name}'; await it first and pass its result, or add both calls to a JobGraph and pass the node's output`
        : undefined,
    );
  }

  /** Returns the job's identity and status, without its arguments, result or error. */
  toJSON(): JobJson {
    const { id, name, state, priority, queuedMs, executionMs, attempts } = this;
    return { id, name, state, priority, queuedMs, executionMs, attempts };
  }

  [inspect.custom](...inspecting: Inspecting): string {
    const { id, name, state, priority } = this;
    const failure = state === 'FAILED' ? { error: textOf(failureOf(this)) } : {};
    return shown('Job', { id, name, state, priority, ...failure }, inspecting);
  }

  static {
    const access: JobAccess<Job> = {
      kindOf: (job) => job.#kind,
      isSettled: (job) => job.#kind.settledAs !== undefined,
      isPlain: (job) => job.#extras === undefined,
      hasOptions: (job) => job.#extras?.options !== undefined,
      optionsOf: (job) => job.#extras?.options ?? NO_OPTIONS,
      orderOf: (job) => job.#extras?.order ?? job.#id,
      ownerOf: (job) => job.#owner,
      setOwner: (job, owner) => {
        job.#owner = owner;
      },
      seqOf: (job) => job.#seq,
      enterPool: (job, pool, submitTime, last) => {
        job.#kind = job.#kind.ofPool(pool, submitTime.handicap);
        job.#waited = submitTime;
        return job.#extras === undefined && job.#id > last ? job.#id : Job.#number(job, last);
      },
      begunAttempts: (job) => {
        const ended = job.#owner?.attempt ?? 0;
        return ended > 0 ? ended : (job.#extras?.lastRun?.attempt ?? 0);
      },
      waitedTicks: (job, { begunAtMs }) => {
        const waited = job.#waited;
        if (typeof waited === 'number') return waited;
        const waitedMs = begunAtMs - waited.ms;
        return waitedMs > 0 ? toTicks(waitedMs) : 0; // the clocks of two threads differ by a few microseconds
      },
      recordRun: (job, run, waited, ranTicks) => {
        job.#owner = run;
        job.#waited = waited;
        job.#seq = ranTicks;
      },
      waitedSince: (job) => (typeof job.#waited === 'object' ? job.#waited : undefined),
      returnToPending: (job, moment) => {
        const extras = ensureExtras(job);
        extras.submitted ??= job.#owner?.since;
        extras.lastAttempt = attemptOf(job);
        if (job.#owner !== undefined) extras.lastRun = job.#owner;
        extras.stopCause = undefined;
        job.#owner = undefined;
        job.#seq = 0;
        job.#waited = moment;
      },
      readySinceMs: (job) => {
        const waited = job.#waited;
        return (job.#extras?.readySince ?? (typeof waited === 'object' ? waited : undefined))?.ms ?? 0;
      },
      becomeReady: (job, submitTime) => {
        ensureExtras(job).readySince = submitTime;
        if (begunAttempts(job) === 0) job.#kind = job.#kind.withHandicap(submitTime.handicap);
      },
      changePriority: (job, priority) => {
        job.#kind = job.#kind.withPriority(priority);
      },
      settle: (job, state, outcome, late) => {
        job.#kind = job.#kind.settled(state);
        job.#content = outcome; // releases the arguments (I9)
        if (typeof job.#waited === 'object') Job.#neverRan(job);
        if (job.#extras !== undefined) letGo(job, job.#extras, late);
      },
      failureOf: (job) => {
        const cause = job.#extras?.stopCause;
        if (cause !== undefined && job.#content === cause) job.#content = cause.error();
        return job.#content;
      },
      contentOf: (job) => job.#content,
      extrasOf: (job) => job.#extras,
      ensureExtras: (job) => {
        job.#extras ??= new JobExtras();
        return job.#extras;
      },
    };
    giveJobAccess(access);
    giveAccess<Job>({
      ...access,
      isInFlightJob: (value) => typeof value === 'object' && value !== null && #id in value,
      idOf: (job) => job.#id,
      argsOf: (job) => (job.#kind.settledAs === undefined ? (job.#content as readonly unknown[]) : NO_ARGS),
      overridesOf: (job) => Job.#overridesOf(job),
      transferOf: (job) => job.#extras?.options?.transfer ?? job.#extras?.mailbox?.moves,
      timeoutMsOf: (job) => job.#extras?.options?.timeoutMs,
      mailOf: (job) => takeMail(job.#extras?.mailbox),
      setOwner: (job, owner) => {
        job.#owner = owner as JobOwner | undefined;
      },
      setSeq: (job, seq) => {
        job.#seq = seq;
      },
    });
    pinShape(new Job(() => undefined));
    lastNumber = 0; // the job made here does not count
  }

  // Static, as private instance methods would cost each job a field.

  /** What a worker gets for the job besides its arguments; `undefined` if nothing. */
  static #overridesOf(job: Job): InFlightJobOverrides | undefined {
    const extras = job.#extras;
    if (extras === undefined) return undefined;
    const { name, context, origin } = extras;
    const attempts = begunAttempts(job) + (origin?.attemptsBefore ?? 0);
    if (attempts === 0 && name === undefined && context === undefined && origin === undefined) return undefined;
    return { attempt: attempts === 0 ? undefined : attempts + 1, name, context, id: origin?.id };
  }

  /** Records that the job's code did not run, or not again. */
  static #neverRan(job: Job): void {
    job.#owner = job.#extras?.lastRun;
    job.#seq = 0;
    job.#waited = toTicks(job.queuedMs);
  }

  /** Gives the job a number greater than `last`, and its position among equals by that number. */
  static #number(job: Job, last: number): number {
    const number = job.#id > last ? job.#id : ++lastNumber;
    const isFront = orderOf(job) < 0;
    if (isFront || number !== job.#id) ensureExtras(job).order = isFront ? -number : number;
    return number;
  }
}
