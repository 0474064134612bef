import type { ContextStores } from '../base/context-stores.js';
import type { CancellationToken } from '../sync/cancellation-token.js';
import type { Transferable } from '../sync/sharing/crossing.js';
import type { ContextOf, FunctionArgs, FunctionName, FunctionResult } from './pool-functions.js';

/**
 * A job as its own code sees it: the return value of `currentJob()`, and `this` of a task that is a `function`. `C` has the
 * types of the pool's `functions`, by name, and of the values of the job's context.
 */
export interface CurrentJob<C extends object = Readonly<Record<string, unknown>>> {
  /** The job's id: a number of its pool, or a string if the job came from a cluster. */
  readonly id: number | string;
  /** The option `name`, or else the task's name. */
  readonly name: string;
  /** Its priority when it was sent to the worker. */
  readonly priority: number;
  /** Number of the attempt, 1 for the first. */
  readonly attempt: number;
  /** Id of the worker that runs it. */
  readonly workerId: number;
  /**
   * The values that the stores of the `context` option had when the job was submitted, under the same names: copies, in
   * a frozen object. A value is `undefined` if its store had none or the option was not given.
   */
  readonly context: ContextOf<C>;
  /** The job's own token, cancelled when the job is. */
  readonly token: CancellationToken;
  /** An `AbortSignal` that aborts with the token, for `fetch`, timers, streams. */
  readonly signal: AbortSignal;
  /** Checks for a cancel: one `Atomics.load`, cheap enough for every iteration. @throws {CancelledError} if the job is cancelled. */
  throwIfCancelled(): void;
  /**
   * Sends a value to the job's `progress`, in order.
   *
   * @param transfer objects in the value that are moved, not copied, as by `move`.
   * @throws {NotCloneableError} if the value cannot be cloned.
   */
  report(value: unknown, transfer?: readonly Transferable[]): void;
  /**
   * The messages that `job.post` sends to this job's code, in order. Each is read once: here, by `onMessage`, or by
   * `receiveSync`. The iteration ends with a `CancelledError` when the job is cancelled.
   */
  readonly messages: AsyncIterable<unknown>;
  /**
   * Calls `fn` with each message, including those that came before. An error thrown by `fn` becomes a process warning.
   *
   * @returns a function that unregisters `fn`.
   * @throws {TypeError} if `fn` is not a function.
   */
  onMessage(fn: (message: unknown) => void): () => void;
  /**
   * Takes the next message; blocks the thread until there is one.
   *
   * @returns the message, or `undefined` if there is none in time.
   * @throws {CancelledError} if the job is cancelled.
   */
  receiveSync(options?: {
    /** Longest wait in milliseconds: with 0, only looks. Default: `Infinity`. */
    readonly timeoutMs?: number | undefined;
  }): unknown;
  /**
   * Calls a function of the pool's option `functions`, on the thread that made the pool. Arguments and result are cloned.
   *
   * @returns what the function returns, or the promise that it returns resolves with; rejects with what it throws, and with a
   * `CancelledError` when the job is cancelled.
   * @throws {TypeError} by rejection, if there is no such function.
   * @throws {NotCloneableError} by rejection, if an argument or the result cannot be cloned.
   */
  call<K extends FunctionName<C>>(name: K, ...args: FunctionArgs<C, K>): Promise<FunctionResult<C, K>>;
  /**
   * Like `call`, but blocks the thread until the function has returned, or its promise has settled. In a pool of kind
   * `'inline'` it can only call functions that return no promise.
   */
  callSync<K extends FunctionName<C>>(name: K, ...args: FunctionArgs<C, K>): FunctionResult<C, K>;
  /**
   * Submits a child of this job to the same pool. The child is cancelled with this job, and settles before this job
   * does. If the child fails, this job is affected only if it awaits the child. While an async job has children, it
   * does not occupy its place on the worker.
   *
   * @param task a self-contained function, an exported function of a task module, or a task of a `taskModule`.
   * @throws {TypeError | RangeError} for a bad task, argument list or option.
   * @throws {NotCloneableError} if an argument cannot be cloned.
   */
  submit<A extends readonly unknown[], R>(
    task: (this: CurrentJob, ...args: A) => R,
    args?: Readonly<A>,
    options?: ChildOptions,
  ): ChildJob<ChildResult<R>>;
  submit<A extends readonly unknown[], R>(
    task: ChildTask<A, R>,
    args?: Readonly<A>,
    options?: ChildOptions,
  ): ChildJob<ChildResult<R>>;
}

/** A property for the compiler only: carries the type of a `taskModule` task's function. */
export declare const SIGNATURE: unique symbol;

/** A task of a `taskModule`, as the task of a child. */
export interface ChildTask<A extends readonly unknown[], R> {
  readonly url: string;
  readonly name: string;
  readonly [SIGNATURE]?: (...args: A) => R;
}

/** The result type of a child, by the return type of its task. */
export type ChildResult<R> = R extends Generator<unknown, infer T, unknown> | AsyncGenerator<unknown, infer T, unknown>
  ? Awaited<T>
  : Awaited<R>;

/** Options of a child: the job options that apply on another thread. See `JobOptions`. */
export interface ChildOptions {
  /** Any finite number: higher runs first. Default: the parent's. */
  readonly priority?: number | undefined;
  /** Whether the child goes ahead of others with the same priority. Default: false. */
  readonly front?: boolean | undefined;
  /** Cancelling this token cancels the child. Default: none. */
  readonly token?: CancellationToken | undefined;
  /** How long the child's code may run, in milliseconds. Default: no limit. */
  readonly timeoutMs?: number | undefined;
  /** When the child must have ended: a `Date`, or milliseconds since 1970. Default: none. */
  readonly deadline?: Date | number | undefined;
  /** Delay in milliseconds before the child may start. Default: 0. */
  readonly delayMs?: number | undefined;
  /** Earliest start of the child: a `Date`, or milliseconds since 1970. Default: none. */
  readonly startAt?: Date | number | undefined;
  /** How long the child may run on once it was asked to stop, in milliseconds. Default: the pool's `graceMs`. */
  readonly graceMs?: number | undefined;
  /**
   * `AsyncLocalStorage`s of this thread, by name. The child sees their values as its `context`, in addition to the
   * parent's context, whose values of the same name they replace. Default: none.
   */
  readonly context?: ContextStores | undefined;
  /** Shown in errors, events and metrics. Default: the task's name. */
  readonly name?: string | undefined;
}

/** A child as its parent's code sees it. Awaitable. */
export interface ChildJob<T> extends PromiseLike<T> {
  /** The option `name`, or else the task's name. */
  readonly name: string;
  /** Asks the child to stop. */
  cancel(reason?: unknown): void;
  /** Like that of a promise. */
  catch<B = never>(onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T | B>;
  /** Like that of a promise. */
  finally(onfinally?: (() => void) | null): Promise<T>;
}
