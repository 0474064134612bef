import { inspect } from 'node:util';
import { CancelledError, describe } from '../errors.js';
import { linkToSignal, unlinkFromSignal } from '../sync/abort-link.js';
import { CancellationToken, cancelledMessage } from '../sync/cancellation-token.js';
import type { Transferable } from '../sync/crossing.js';
import type { Outbox } from '../sync/outbox.js';
import { now } from '../sync/platform.js';
import { checkJobOptions, checkPriority, type JobOptions } from './job-options.js';
import { JobPriority } from './job-priority.js';
import type { QueueLevel } from './job-queue.js';
import type { JobState, SettledState } from './job-state.js';
import { ProgressStream } from './progress.js';
import { refOf, type Task, type TaskRef } from './task.js';

/** The worker a job was sent to, as the job sees it. */
export interface JobSeat {
  readonly workerId: number;
  /** Whether the worker has begun the job of this slot: read from shared memory. */
  hasBegun(seq: number): boolean;
}

/** The pool a job was submitted to, as the job sees it. */
export interface JobOwner {
  cancelJob(job: Job, reason: unknown): boolean;
  reprioritise(job: Job, priority: number): boolean;
}

/** What only some jobs have: kept apart, so that a plain job stays small. */
interface JobExtras {
  name?: string | undefined;
  parentToken?: CancellationToken | undefined;
  parentSignal?: AbortSignal | undefined;
  token?: CancellationToken | undefined;
  progress?: ProgressStream<unknown> | undefined;
  graceMs?: number | undefined;
  transfer?: readonly Transferable[] | undefined;
  cancelReason?: unknown;
  /** What the code of a cancelled job still returned. */
  result?: unknown;
  /** Somebody has looked at its error. */
  isObserved?: boolean;
}

/** A look at the clock, in ms of `performance.now()`. */
export interface Moment {
  readonly ms: number;
}

interface Settler {
  readonly promise: Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

let nextId = 1;
const NO_ARGS: readonly unknown[] = Object.freeze([]);

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
  // Plain fields, not a union by state: the queue and the dispatcher move millions of jobs a second through them.
  /** @internal */
  readonly task: TaskRef;
  /** @internal Dropped when the job settles. */
  args: readonly unknown[];
  /** @internal */
  currentPriority: number;
  /** @internal Its place among equals. Before it is submitted: -1 where it is to go ahead of them. */
  order = 0;
  /** @internal */
  level: QueueLevel<Job> | undefined = undefined;
  /** @internal */
  next: Job | undefined = undefined;
  /** @internal */
  previous: Job | undefined = undefined;
  /** @internal */
  owner: JobOwner | undefined = undefined;
  /** @internal The worker it was sent to, and its slot there; `undefined` while queued and once settled. */
  seat: JobSeat | undefined = undefined;
  /** @internal */
  seq = 0;
  /** @internal Shared by the jobs of a batch: a number of its own would cost each job 16 bytes. */
  submitted: Moment | undefined = undefined;
  /** @internal How long it waited, in whole microseconds; -1 until that is known. */
  waitedUs = -1;
  /** @internal How long its code ran, in whole microseconds. */
  ranUs = 0;
  /** @internal */
  begunAttempts = 0;
  /** @internal The worker that ran it last; -1 before one has. */
  ranOn = -1;
  #settledAs: SettledState | undefined = undefined;
  /** The result or, where it did not complete, the error. */
  #outcome: unknown = undefined;
  #settler: Settler | undefined = undefined;
  #extras: JobExtras | undefined = undefined;

  /**
   * @param task a self-contained function, or a task of a `taskModule`.
   * @param args its arguments; cloned when the job is sent to a thread. Leave them unchanged until the job settles.
   * @throws {TypeError} or {RangeError} for a bad task, argument list or option.
   */
  constructor(task: Task, args?: readonly unknown[], options?: JobOptions) {
    const ref = refOf(task);
    if (args !== undefined && !Array.isArray(args))
      throw new TypeError(`Cannot make job '${ref.name}': args must be an array, received ${describe(args)}`);
    this.id = nextId++;
    this.task = ref;
    this.args = args ?? NO_ARGS;
    if (options === undefined) {
      this.currentPriority = JobPriority.NORMAL;
    } else {
      checkJobOptions(options, `make job '${ref.name}'`);
      this.currentPriority = options.priority ?? JobPriority.NORMAL;
      if (options.front) this.order = -1;
      const { name, token, signal, graceMs, transfer } = options;
      const isPlain = name === undefined && token === undefined && signal === undefined;
      if (!isPlain || graceMs !== undefined || transfer !== undefined)
        this.#extras = { name, graceMs, transfer, parentToken: token, parentSignal: signal };
    }
  }

  get name(): string {
    return this.#extras?.name ?? this.task.name;
  }

  get priority(): number {
    return this.currentPriority;
  }

  /** Live: RUNNING is read from shared memory. A job sent ahead to a worker but not begun is PENDING. */
  get state(): JobState {
    return this.#settledAs ?? (this.seat?.hasBegun(this.seq) ? 'RUNNING' : 'PENDING');
  }

  /** What the task returned: once COMPLETED, or CANCELLED after it had begun. Else `undefined`. */
  get result(): T | undefined {
    if (this.#settledAs === 'COMPLETED') return this.#outcome as T;
    return this.#extras?.result as T | undefined;
  }

  /** Why it did not complete: once FAILED or CANCELLED. Else `undefined`. */
  get error(): unknown {
    if (this.#settledAs === undefined || this.#settledAs === 'COMPLETED') return undefined;
    this.#mutableExtras().isObserved = true;
    return this.#outcome;
  }

  /** How long it waited from submission until its code began, in ms; so far, while it waits. 0 before it is submitted. */
  get queuedMs(): number {
    if (this.waitedUs >= 0) return this.waitedUs / 1000;
    return this.submitted === undefined ? 0 : now() - this.submitted.ms;
  }

  /** How long its code ran, in ms, to the microsecond. 0 until it has ended. */
  get executionMs(): number {
    return this.ranUs / 1000;
  }

  /** How many times its code was begun. */
  get attempts(): number {
    return this.begunAttempts + (this.state === 'RUNNING' ? 1 : 0);
  }

  /** The worker that runs it or ran it last; `undefined` before one begins it. */
  get workerId(): number | undefined {
    if (this.seat?.hasBegun(this.seq)) return this.seat.workerId;
    return this.ranOn < 0 ? undefined : this.ranOn;
  }

  /** The job's own token: a child of `options.token` and `options.signal`. Cancelling it cancels the job. */
  get token(): CancellationToken {
    const extras = this.#mutableExtras();
    if (extras.token === undefined) {
      extras.token = new CancellationToken();
      if (this.#settledAs === 'CANCELLED' || 'cancelReason' in extras) extras.token.cancel(extras.cancelReason);
      else if (this.#settledAs === undefined) extras.token.link(this);
    }
    return extras.token;
  }

  /** What the task reports, in order: complete from the first access on; before that, only the latest is kept. */
  get progress(): AsyncIterable<P> {
    return this.#progressStream().access() as AsyncIterable<P>;
  }

  /**
   * Calls `fn` with each value the task reports. What it throws becomes a process warning.
   *
   * @returns a function that unregisters it.
   */
  onProgress(fn: (value: P) => void): () => void {
    if (typeof fn !== 'function')
      throw new TypeError(`Cannot register onProgress: the listener must be a function, received ${describe(fn)}`);
    return this.#progressStream()
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
    if (this.#settledAs !== undefined) return false;
    if (this.owner !== undefined) return this.owner.cancelJob(this, reason);
    this.settle('CANCELLED', this.cancelledError(reason));
    return true;
  }

  /** Gives a PENDING job another priority. False when it is not PENDING any more. */
  setPriority(priority: number): boolean {
    checkPriority(priority, `set priority of job '${this.name}'`);
    if (this.#settledAs !== undefined) return false;
    if (this.owner !== undefined) return this.owner.reprioritise(this, priority);
    this.currentPriority = priority;
    return true;
  }

  // biome-ignore lint/suspicious/noThenProperty: a Job is awaitable by design
  then<A = T, B = never>(
    onfulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#promise().then(onfulfilled, onrejected);
  }

  catch<B = never>(onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T | B> {
    return this.#promise().catch(onrejected);
  }

  finally(onfinally?: (() => void) | null): Promise<T> {
    return this.#promise().finally(onfinally);
  }

  [inspect.custom](): string {
    return `Job { id: ${this.id}, name: '${this.name}', state: '${this.state}', priority: ${this.priority} }`;
  }

  /** @internal Links the parents given as options. Returns whether one of them has cancelled the job already. */
  linkParents(): void {
    const extras = this.#extras;
    extras?.parentToken?.link(this);
    if (extras?.parentSignal !== undefined && this.#settledAs === undefined) linkToSignal(extras.parentSignal, this);
  }

  /** @internal */
  get isSettled(): boolean {
    return this.#settledAs !== undefined;
  }

  /** @internal Whether anybody awaits it or has looked at its error. */
  get isObserved(): boolean {
    return this.#settler !== undefined || (this.#extras?.isObserved ?? false);
  }

  /** @internal */
  get customName(): string | undefined {
    return this.#extras?.name;
  }

  /** @internal */
  get graceMs(): number | undefined {
    return this.#extras?.graceMs;
  }

  /** @internal */
  get transfer(): readonly Transferable[] | undefined {
    return this.#extras?.transfer;
  }

  /** @internal What was given to `cancel`, for a job that runs on until it stops. */
  get cancelReason(): unknown {
    return this.#extras?.cancelReason;
  }

  /** @internal Raises the job's own token, where anybody has it. */
  raiseToken(reason: unknown): void {
    const extras = this.#mutableExtras();
    extras.cancelReason = reason;
    const token = extras.token;
    if (token === undefined || token.isCancelled) return;
    token.unlink(this);
    token.cancel(reason);
  }

  /** @internal */
  report(value: unknown, outbox: Outbox): void {
    this.#progressStream().push(value, outbox);
  }

  /** @internal */
  cancelledError(reason: unknown, cause?: { readonly thrown: unknown }): CancelledError {
    const message = cancelledMessage(`Job '${this.name}' was cancelled`, reason);
    return new CancelledError(message, cause === undefined ? { reason } : { reason, cause: cause.thrown });
  }

  /**
   * @internal Ends the job, with its result or its error. Called once: by the ledger, or by `cancel` before it has a pool.
   *
   * @param lateResult what the code of a cancelled job still returned.
   */
  settle(state: SettledState, outcome: unknown, lateResult?: unknown): void {
    this.#settledAs = state;
    this.#outcome = outcome;
    this.args = NO_ARGS; // what a settled job does not need is let go (I9)
    this.seat = undefined;
    if (this.waitedUs < 0) this.waitedUs = Math.round(this.queuedMs * 1000);
    const extras = this.#extras;
    if (extras !== undefined) {
      extras.parentToken?.unlink(this);
      if (extras.parentSignal !== undefined) unlinkFromSignal(extras.parentSignal, this);
      extras.token?.unlink(this);
      extras.transfer = undefined;
      extras.parentToken = undefined;
      extras.parentSignal = undefined;
      extras.result = lateResult;
      extras.progress?.end();
    }
    if (state === 'COMPLETED') this.#settler?.resolve(outcome);
    else this.#settler?.reject(outcome);
    // last, as its listeners are foreign code (I7)
    if (extras !== undefined && state === 'CANCELLED' && outcome instanceof CancelledError) {
      extras.cancelReason = outcome.reason;
      extras.token?.cancel(outcome.reason);
    }
  }

  #mutableExtras(): JobExtras {
    this.#extras ??= {};
    return this.#extras;
  }

  #progressStream(): ProgressStream<unknown> {
    const extras = this.#mutableExtras();
    if (extras.progress === undefined) {
      extras.progress = new ProgressStream();
      if (this.#settledAs !== undefined) extras.progress.end();
    }
    return extras.progress;
  }

  #promise(): Promise<T> {
    let settler = this.#settler;
    if (settler === undefined) {
      settler = createSettler();
      this.#settler = settler;
      if (this.#settledAs === 'COMPLETED') settler.resolve(this.#outcome);
      else if (this.#settledAs !== undefined) settler.reject(this.#outcome);
    }
    return settler.promise as Promise<T>;
  }
}

function createSettler(): Settler {
  let resolve: Settler['resolve'] = () => {};
  let reject: Settler['reject'] = () => {};
  const promise = new Promise<unknown>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
