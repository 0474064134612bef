import { inspect, types } from 'node:util';
import { describe, stackOf } from '../errors.js';
import { linkToSignal, unlinkFromSignal } from '../sync/abort-link.js';
import { CancellationToken } from '../sync/cancellation-token.js';
import type { ContextValues } from '../sync/context-stores.js';
import type { Transferable } from '../sync/crossing.js';
import { inTurn } from '../sync/in-turn.js';
import { keepShape } from '../sync/keep-shape.js';
import type { Outbox } from '../sync/outbox.js';
import { now } from '../sync/platform.js';
import { TICKS_PER_MS, toTicks } from '../sync/ticks.js';
import { Cancellation, type Ending } from './ending.js';
import { Follower, isResolver } from './follower.js';
import { JobKind, type OwnerRef } from './job-kind.js';
import { checkJobOptions, checkPriority, type JobOptions } from './job-options.js';
import type { JobPlace } from './job-place.js';
import { JobPriority } from './job-priority.js';
import type { JobState, SettledState } from './job-state.js';
import { ProgressStream } from './progress.js';
import { NO_ARGS, refOf, type Task, type TaskRef } from './task.js';

/** The pool a job was submitted to, as the job sees it. */
export interface JobOwner {
  cancelJob(job: Job, reason: unknown): boolean;
  reprioritise(job: Job, priority: number): boolean;
}

/** What only some jobs have: kept apart, so that a plain job stays small. */
interface JobExtras {
  /** Its place among equals, where that is not its `id`. Before it is submitted: -1 where it is to go ahead of them. */
  order?: number;
  promise?: Promise<unknown>;
  followers?: Follower | Follower[];
  name?: string | undefined;
  /** When it had been held back, and was not any more. */
  queuedFrom?: Moment;
  /** What it was given, until it settles. */
  options?: JobOptions | undefined;
  /** What its code sees of where it was submitted, until it settles. */
  context?: ContextValues | undefined;
  token?: CancellationToken | undefined;
  progress?: ProgressStream<unknown> | undefined;
  /** Are called once it has settled. */
  whenSettled?: Set<() => void> | undefined;
  /** Where it was submitted, for the stacks of its errors. */
  submitStack?: { readonly stack?: string };
  /** Its last attempt, where that failed and another is to follow. */
  lastRun?: JobPlace;
  /** Its own token was raised, whether anybody has it or not. */
  raised?: { readonly reason: unknown };
  /** It was cancelled too late to stop its attempt. */
  isLastAttempt?: boolean;
  /** It was asked to stop: how it is to settle. */
  ending?: Ending | undefined;
  /** What the code of a cancelled job still returned. */
  result?: unknown;
  /** Somebody has looked at its error. */
  isObserved?: boolean;
}

/** A look at the clock, in ms of `now()`. */
export interface Moment {
  readonly ms: number;
}

/** When jobs come into a pool. */
export interface Arrival extends Moment {
  /** What is taken from the urgency of those that come then: see `JobKind`. */
  readonly handicap: number;
}

/** When a job's code began. */
export interface Beginning {
  readonly begunAtMs: number;
}

/** What is told of a job where it is not as with most. */
export interface JobAside {
  /** From 2. */
  readonly attempt: number | undefined;
  readonly name: string | undefined;
  readonly context: ContextValues | undefined;
}

let lastNumber = 0;
/** What `then` returns to an engine's resolving function that was called at once: it will have returned `undefined`. */
const FOLLOWED = Promise.resolve() as Promise<never>;
/** There were followers, and they know. */
const TOLD: Follower[] = [];
const NO_OPTIONS: JobOptions = Object.freeze({});

function refuseArgs(ref: TaskRef, args: unknown): never {
  throw new TypeError(`Cannot make job '${ref.name}': args must be an array, received ${describe(args)}`);
}

function hasMoreThanPriority(options: JobOptions): boolean {
  for (const name in options) if (name !== 'priority' && name !== 'front') return true;
  return false;
}

/**
 * One call of a task, from submission to outcome. Awaitable: it resolves to the task's result, or rejects with what the task
 * threw or with why it did not run to its end. It settles exactly once (I1), and never while its code still runs (I8).
 *
 * Its promise is made when first asked for: a job that nobody awaits costs none, and is never an unhandled rejection.
 *
 * @example
 * ```ts
 * const job = pool.submit((x: number, y: number) => x + y, [5, 10]);
 * await job;   // 15
 * job.state;   // 'COMPLETED'
 * ```
 */
export class Job<T = unknown, P = unknown> implements PromiseLike<T> {
  /** Unique in this process. */
  readonly id: number;
  // Few fields, some for one thing after the other: a million kept jobs are copied by the garbage collector as they are.
  /** @internal */
  kind: JobKind<JobOwner>;
  /** @internal `undefined` before it is submitted, and once it has settled without a run. */
  place: JobPlace | undefined = undefined;
  /**
   * @internal Its number where it is: in a level of the queue, or in the lane of the worker it was sent to. Once it has
   * settled, for how many ticks its code ran.
   */
  seq = 0;
  /** The arguments until it settles. Then its result or, where it did not complete, the error. */
  #content: unknown;
  /** When it was submitted (shared by its batch); once that is known, how long it waited, in ticks. */
  #waited: Moment | number = 0;
  // biome-ignore lint/style/useReadonlyClassProperties: static methods set it
  #extras: JobExtras | undefined = undefined;

  /**
   * @param task a self-contained function, or a task of a `taskModule`.
   * @param args its arguments; cloned when the job is sent to a thread. Leave them unchanged until the job settles.
   * @throws {TypeError} or {RangeError} for a bad task, argument list or option.
   */
  constructor(task: Task, args?: readonly unknown[], options?: JobOptions) {
    const ref = refOf(task);
    if (args !== undefined && !Array.isArray(args)) refuseArgs(ref, args);
    this.id = ++lastNumber;
    this.#content = args ?? NO_ARGS;
    const priority = options === undefined ? JobPriority.NORMAL : Job.#takeOptions(this, ref, options);
    this.kind = JobKind.of(ref, priority);
  }

  get name(): string {
    return this.#extras?.name ?? this.kind.task.name;
  }

  get priority(): number {
    return this.kind.priority;
  }

  /** Live: RUNNING is read from shared memory. A job sent ahead to a worker but not begun is PENDING. */
  get state(): JobState {
    return this.kind.settledAs ?? (this.place?.hasBegun(this.seq) ? 'RUNNING' : 'PENDING');
  }

  /** What the task returned: once COMPLETED, or CANCELLED after it had begun. Else `undefined`. */
  get result(): T | undefined {
    if (this.kind.settledAs === 'COMPLETED') return this.#content as T;
    return this.#extras?.result as T | undefined;
  }

  /** Why it did not complete: once FAILED or CANCELLED. Else `undefined`. */
  get error(): unknown {
    const { settledAs } = this.kind;
    if (settledAs === undefined || settledAs === 'COMPLETED') return undefined;
    Job.#extrasOf(this).isObserved = true;
    return Job.#errorOf(this);
  }

  /** How long it waited from submission until its code began, in ms; so far, while it waits. 0 before it is submitted. */
  get queuedMs(): number {
    const waited = this.#waited;
    if (typeof waited === 'number') return waited / TICKS_PER_MS;
    const { place } = this;
    // when its code began is known once it has ended; until then, when the worker was last seen to get on
    const untilMs = (place?.hasBegun(this.seq) ? place.progressAtMs : undefined) ?? now();
    return Math.max(0, untilMs - waited.ms);
  }

  /** How long its code ran, in ms. 0 until it has ended. */
  get executionMs(): number {
    return this.isSettled ? this.seq / TICKS_PER_MS : 0;
  }

  /** How many times its code was begun. */
  get attempts(): number {
    return this.begunAttempts + (this.state === 'RUNNING' ? 1 : 0);
  }

  /** The worker that runs it or ran it last; `undefined` before one begins it. */
  get workerId(): number | undefined {
    const { place } = this;
    const hasRun = place !== undefined && (place.attempt > 0 || place.hasBegun(this.seq));
    return (hasRun ? place : this.#extras?.lastRun)?.workerId;
  }

  /** The job's own token: a child of `options.token` and `options.signal`. Cancelling it cancels the job. */
  get token(): CancellationToken {
    const extras = Job.#extrasOf(this);
    if (extras.token === undefined) {
      extras.token = new CancellationToken();
      const raised = this.isSettled ? (extras.raised ?? extras.ending) : extras.raised;
      if (raised !== undefined) extras.token.cancel(raised.reason);
      else if (!this.isSettled) extras.token.link(this);
    }
    return extras.token;
  }

  /** What the task reports, in order: complete from the first access on; before that, only the latest is kept. */
  get progress(): AsyncIterable<P> {
    return Job.#progressOf(this).access() as AsyncIterable<P>;
  }

  /**
   * Calls `fn` with each value the task reports. What it throws becomes a process warning.
   *
   * @returns a function that unregisters it.
   */
  onProgress(fn: (value: P) => void): () => void {
    if (typeof fn !== 'function')
      throw new TypeError(`Cannot register onProgress: the listener must be a function, received ${describe(fn)}`);
    return Job.#progressOf(this)
      .access()
      .listen(fn as (value: unknown) => void);
  }

  /**
   * Asks the job to stop. A PENDING job settles CANCELLED at once and never starts. A RUNNING one sees its token raised, and
   * settles CANCELLED when its code ends, or when its thread is replaced after `graceMs`.
   *
   * @returns `true`: it will settle CANCELLED. `false`: it is settled, or its code has ended already.
   */
  cancel(reason?: unknown): boolean {
    if (this.isSettled) return false;
    const { owner } = this.kind;
    if (owner !== undefined) return owner.cancelJob(this, reason);
    this.settleBy(new Cancellation(this.name, reason));
    return true;
  }

  /** Gives a PENDING job another priority. False when it is not PENDING any more. */
  setPriority(priority: number): boolean {
    checkPriority(priority, `set priority of job '${this.name}'`);
    if (this.isSettled) return false;
    const { owner } = this.kind;
    if (owner !== undefined) return owner.reprioritise(this, priority);
    this.moveTo(priority);
    return true;
  }

  // biome-ignore lint/suspicious/noThenProperty: a Job is awaitable by design
  then<A = T, B = never>(
    onfulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    if (isResolver(onfulfilled)) {
      if (this.kind.settledAs === 'COMPLETED') {
        void onfulfilled(this.#content);
        return FOLLOWED;
      }
      if (isResolver(onrejected))
        return Job.#follow(this, onfulfilled, onrejected) as Promise<unknown> as Promise<never>;
    }
    return Job.#promiseOf(this).then(onfulfilled, onrejected);
  }

  catch<B = never>(onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T | B> {
    return Job.#promiseOf(this).catch(onrejected);
  }

  finally(onfinally?: (() => void) | null): Promise<T> {
    return Job.#promiseOf(this).finally(onfinally);
  }

  [inspect.custom](): string {
    return `Job { id: ${this.id}, name: '${this.name}', state: '${this.state}', priority: ${this.priority} }`;
  }

  /** @internal */
  get task(): TaskRef {
    return this.kind.task;
  }

  /** @internal Whether its code returned, also after it had been asked to stop. */
  get hasReturned(): boolean {
    return this.kind.settledAs === 'COMPLETED' || (this.#extras !== undefined && 'result' in this.#extras);
  }

  /** @internal By this it is before others or behind them: its priority, unless waiting jobs age. */
  get urgency(): number {
    return this.kind.urgency;
  }

  /** @internal Its place among equals: the order of submission, negative where it went ahead of them. */
  get order(): number {
    return this.#extras?.order ?? this.id;
  }

  /** @internal Whether it has a pool. */
  get isSubmitted(): boolean {
    return this.kind.ownerRef !== undefined;
  }

  /**
   * @internal Gives it a pool, and its place among equals there.
   *
   * @param last the greatest number that a job of the pool has; its own becomes greater still.
   * @returns its number.
   */
  submittedTo(owner: OwnerRef<JobOwner>, arrival: Arrival, last: number): number {
    this.kind = this.kind.ownedBy(owner, arrival.handicap);
    this.#waited = arrival;
    return this.#extras === undefined && this.id > last ? this.id : Job.#number(this, last);
  }

  /** @internal Nothing holds it back any more. It ages from now on; or on, where an attempt of it has run. */
  queuedFrom(arrival: Arrival): void {
    Job.#extrasOf(this).queuedFrom = arrival;
    if (this.begunAttempts === 0) this.kind = this.kind.withHandicap(arrival.handicap);
  }

  /** @internal Since when it waits for its turn, in ms of `now()`, while it is in the queue. */
  get queuedFromMs(): number {
    const waited = this.#waited;
    return (this.#extras?.queuedFrom ?? (typeof waited === 'object' ? waited : undefined))?.ms ?? 0;
  }

  /** @internal */
  moveTo(priority: number): void {
    this.kind = this.kind.withPriority(priority);
  }

  /** @internal Links the parents given as options. Returns whether one of them has cancelled the job already. */
  linkParents(): void {
    const options = this.#extras?.options;
    if (options === undefined) return;
    options.token?.link(this);
    if (options.signal !== undefined && !this.isSettled) linkToSignal(options.signal, this);
  }

  /** @internal */
  get isSettled(): boolean {
    return this.kind.settledAs !== undefined;
  }

  /** @internal */
  get args(): readonly unknown[] {
    return this.kind.settledAs === undefined ? (this.#content as readonly unknown[]) : NO_ARGS;
  }

  /** @internal */
  get begunAttempts(): number {
    const ended = this.place?.attempt ?? 0;
    return ended > 0 ? ended : (this.#extras?.lastRun?.attempt ?? 0);
  }

  /** @internal How long it waited until its code began. */
  waitedTicks(beginning: Beginning): number {
    const waited = this.#waited;
    if (typeof waited === 'number') return waited;
    const waitedMs = beginning.begunAtMs - waited.ms;
    return waitedMs > 0 ? toTicks(waitedMs) : 0; // times of two threads differ by a few microseconds
  }

  /** @internal Its code has ended. */
  ran(run: JobPlace, waitedTicks: number, ranTicks: number): void {
    this.place = run;
    this.#waited = waitedTicks;
    this.seq = ranTicks;
  }

  /** @internal An attempt has failed, and another follows: it is PENDING again. */
  again(moment: Moment): void {
    const extras = Job.#extrasOf(this);
    if (this.place !== undefined) extras.lastRun = this.place;
    extras.ending = undefined;
    this.place = undefined;
    this.seq = 0;
    this.#waited = moment;
  }

  /** @internal It is cancelled, too late to stop the attempt that has ended: no other follows. */
  endWithAttempt(): void {
    Job.#extrasOf(this).isLastAttempt = true;
  }

  /** @internal Whether somebody, perhaps its own code, has cancelled it or its token. */
  get isLastAttempt(): boolean {
    const extras = this.#extras;
    return extras?.isLastAttempt === true || extras?.raised !== undefined || extras?.ending?.state === 'CANCELLED';
  }

  /** @internal What became of its code is not known: it began, at about that time. */
  lost(run: JobPlace, begunAtMs: number): void {
    this.#waited = this.waitedTicks({ begunAtMs });
    this.place = run;
    this.seq = 0;
  }

  /** @internal Whether anybody awaits it or has looked at its error. */
  get isObserved(): boolean {
    const extras = this.#extras;
    return extras !== undefined && (extras.followers !== undefined || (extras.isObserved ?? false));
  }

  /** @internal What a worker is told of it besides its arguments; `undefined` where that is nothing. */
  get aside(): JobAside | undefined {
    const extras = this.#extras;
    if (extras === undefined) return undefined;
    const { name, context } = extras;
    const attempts = this.begunAttempts;
    if (attempts === 0 && name === undefined && context === undefined) return undefined;
    return { attempt: attempts === 0 ? undefined : attempts + 1, name, context };
  }

  /** @internal What its code sees of where it was submitted. */
  get context(): ContextValues | undefined {
    return this.#extras?.context;
  }

  /** @internal Its error, for who does not count as somebody that looks at it. */
  get failure(): unknown {
    return Job.#errorOf(this);
  }

  /** @internal */
  set context(values: ContextValues) {
    Job.#extrasOf(this).context = values;
  }

  /** @internal Whether it has options besides a priority. */
  get hasOptions(): boolean {
    return this.#extras?.options !== undefined;
  }

  /** @internal What it was submitted with, until it has settled. */
  get options(): JobOptions {
    return this.#extras?.options ?? NO_OPTIONS;
  }

  /** @internal */
  get transfer(): readonly Transferable[] | undefined {
    return this.#extras?.options?.transfer;
  }

  /** @internal Whether a worker is told nothing of it but its arguments. */
  get isPlain(): boolean {
    return this.#extras === undefined;
  }

  /** @internal How many ms its code may run. */
  get timeoutMs(): number | undefined {
    return this.#extras?.options?.timeoutMs;
  }

  /** @internal Calls `fn` once it has settled, before any foreign code hears of it. Answers how to take it off. */
  whenSettled(fn: () => void): () => void {
    const extras = Job.#extrasOf(this);
    extras.whenSettled ??= new Set();
    const { whenSettled } = extras;
    whenSettled.add(fn);
    return () => whenSettled.delete(fn);
  }

  /** @internal Remembers the line that calls `by`. */
  submittedBy(by: (...args: never[]) => unknown): void {
    const place: { readonly stack?: string } = {};
    Error.captureStackTrace(place, by);
    Job.#extrasOf(this).submitStack = place;
  }

  /** @internal Adds that line to the stack of the job's error. */
  addSubmitStack(error: unknown): void {
    const place = this.#extras?.submitStack;
    if (place === undefined || !types.isNativeError(error)) return;
    const [, ...frames] = stackOf(place, '').split('\n');
    if (frames.length === 0) return; // `Error.stackTraceLimit` is 0
    const stack = stackOf(error, String(error));
    error.stack = `${stack}\n    --- submitted as job '${this.name}' ---\n${frames.join('\n')}`;
  }

  /** @internal How it is to settle, where it was asked to stop while it ran. */
  get ending(): Ending | undefined {
    return this.#extras?.ending;
  }

  /** @internal It is asked to stop while it runs. */
  set ending(ending: Ending) {
    Job.#extrasOf(this).ending = ending;
  }

  /** @internal Raises the job's own token, where anybody has it. */
  raiseToken(reason: unknown): void {
    const extras = Job.#extrasOf(this);
    extras.raised ??= { reason };
    const { token } = extras;
    if (token === undefined || token.isCancelled) return;
    token.unlink(this);
    token.cancel(reason);
  }

  /** @internal */
  report(value: unknown, outbox: Outbox): void {
    Job.#progressOf(this).push(value, outbox);
  }

  /** @internal Settles it without its code having come to its end. Its error is made when somebody asks for it. */
  settleBy(ending: Ending): void {
    this.ending = ending;
    this.settle(ending.state, ending);
  }

  /**
   * @internal Ends the job, with its result or its error. Called once: by the ledger, or by `cancel` before it has a pool.
   *
   * @param late what the code of a cancelled job still returned.
   */
  settle(state: SettledState, outcome: unknown, late?: { readonly result: unknown }): void {
    this.kind = this.kind.settled(state);
    this.#content = outcome; // what a settled job does not need is let go (I9)
    if (typeof this.#waited === 'object') Job.#neverRan(this);
    if (this.#extras !== undefined) Job.#letGo(this, this.#extras, late);
  }

  // Static, as a class with private methods costs each object a field.

  /** Its code did not run, or not again. */
  static #neverRan(job: Job): void {
    job.place = job.#extras?.lastRun;
    job.seq = 0;
    job.#waited = toTicks(job.queuedMs);
  }

  /** It has settled: tells those who wait for it. */
  static #letGo(job: Job, extras: JobExtras, late?: { readonly result: unknown }): void {
    if (extras.options !== undefined) {
      const { token, signal } = extras.options;
      token?.unlink(job);
      if (signal !== undefined) unlinkFromSignal(signal, job);
      extras.options = undefined;
      extras.context = undefined;
    }
    if (late !== undefined) extras.result = late.result;
    extras.token?.unlink(job);
    extras.progress?.end();
    if (extras.whenSettled !== undefined) for (const fn of extras.whenSettled) inTurn(fn);
    extras.whenSettled = undefined;
    if (extras.followers !== undefined) {
      Job.#tell(job, extras.followers);
      extras.followers = TOLD;
    }
    // last, as its listeners are foreign code (I7)
    if (extras.ending !== undefined) extras.token?.cancel(extras.ending.reason);
  }

  static {
    keepShape(new Job(() => undefined));
    lastNumber = 0; // it is nobody's job
  }

  /** Gives it a number that is greater than the last, and its place by that. */
  static #number(job: Job, last: number): number {
    const number = job.id > last ? job.id : ++lastNumber;
    const isFront = job.order < 0;
    if (isFront || number !== job.id) Job.#extrasOf(job).order = isFront ? -number : number;
    return number;
  }

  /** Answers its priority. */
  static #takeOptions(job: Job, ref: TaskRef, options: JobOptions): number {
    checkJobOptions(options, `make job '${ref.name}'`);
    if (hasMoreThanPriority(options)) job.#extras = { name: options.name, options: { ...options } };
    if (options.front) Job.#extrasOf(job).order = -1;
    return options.priority ?? JobPriority.NORMAL;
  }

  static #extrasOf(job: Job): JobExtras {
    job.#extras ??= {};
    return job.#extras;
  }

  static #errorOf(job: Job): unknown {
    const ending = job.#extras?.ending;
    if (ending !== undefined && job.#content === ending) job.#content = ending.error();
    return job.#content;
  }

  static #progressOf(job: Job): ProgressStream<unknown> {
    const extras = Job.#extrasOf(job);
    if (extras.progress === undefined) {
      extras.progress = new ProgressStream();
      if (job.isSettled) extras.progress.end();
    }
    return extras.progress;
  }

  static #promiseOf<T>(job: Job<T>): Promise<T> {
    const extras = Job.#extrasOf(job);
    extras.promise ??= new Promise((resolve, reject) => Job.#follow(job, resolve, reject));
    return extras.promise as Promise<T>;
  }

  static #follow(job: Job, resolve: (value: unknown) => void, reject: (error: unknown) => void): Follower {
    const follower = new Follower(job, resolve, reject);
    if (job.kind.settledAs !== undefined) {
      Job.#extrasOf(job).followers = TOLD;
      Job.#tell(job, follower);
      return follower;
    }
    const extras = job.#extras;
    if (extras === undefined) job.#extras = { followers: follower };
    else if (extras.followers === undefined) extras.followers = follower;
    else if (extras.followers instanceof Follower) extras.followers = [extras.followers, follower];
    else extras.followers.push(follower);
    return follower;
  }

  static #tell(job: Job, followers: Follower | readonly Follower[]): void {
    if (!(followers instanceof Follower)) for (const follower of followers) Job.#tell(job, follower);
    else if (job.kind.settledAs === 'COMPLETED') followers.resolve(job.#content);
    else followers.reject(Job.#errorOf(job));
  }
}
