import type { ContextStores } from '../base/context-stores.js';
import type { CancellationToken } from '../sync/cancellation-token.js';

/**
 * A job as its own code sees it: the return value of `currentJob()`, and `this` of a task that is a `function`. `C` is
 * the type of its context.
 */
export interface CurrentJob<C extends object = Readonly<Record<string, unknown>>> {
  /** The job's id: a number of its pool, or a string if the job came from a cluster. */
  readonly id: number | string;
  readonly name: string;
  readonly priority: number;
  /** Number of the attempt, 1 for the first. */
  readonly attempt: number;
  readonly workerId: number;
  /**
   * The values that the stores of the `context` option had when the job was submitted, under the same names: copies, in
   * a frozen object. A value is `undefined` if its store had none or the option was not given.
   */
  readonly context: Readonly<Partial<C>>;
  /** The job's own token, cancelled when the job is. */
  readonly token: CancellationToken;
  /** An `AbortSignal` that aborts with the token, for `fetch`, timers, streams. */
  readonly signal: AbortSignal;
  /**
   * @throws {CancelledError} if the job is cancelled. One `Atomics.load`: cheap enough for every iteration of a loop.
   */
  throwIfCancelled(): void;
  /**
   * Sends a value to the job's `progress`, in order.
   *
   * @throws {NotCloneableError} if the value cannot be cloned.
   */
  report(value: unknown): void;
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
  /** Default: the parent's. */
  readonly priority?: number | undefined;
  readonly front?: boolean | undefined;
  readonly token?: CancellationToken | undefined;
  readonly timeoutMs?: number | undefined;
  readonly deadline?: Date | number | undefined;
  readonly delayMs?: number | undefined;
  readonly startAt?: Date | number | undefined;
  readonly graceMs?: number | undefined;
  /**
   * `AsyncLocalStorage`s of this thread, by name. The child sees their values as its `context`, in addition to the
   * parent's context, whose values of the same name they replace.
   */
  readonly context?: ContextStores | undefined;
  readonly name?: string | undefined;
}

/** A child as its parent's code sees it. Awaitable. */
export interface ChildJob<T> extends PromiseLike<T> {
  readonly name: string;
  /** Asks the child to stop. */
  cancel(reason?: unknown): void;
  catch<B = never>(onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T | B>;
  finally(onfinally?: (() => void) | null): Promise<T>;
}
