import type { ContextStores } from '../base/context-stores.js';
import type { CancellationToken } from '../sync/cancellation-token.js';

/**
 * What a task sees of the job it runs for: what `currentJob()` returns, and `this` of a `function` task. `C` is the type of its
 * context, by the names of the values.
 */
export interface CurrentJob<C extends object = Readonly<Record<string, unknown>>> {
  readonly id: number;
  readonly name: string;
  readonly priority: number;
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly workerId: number;
  /**
   * What was current where the job was submitted, by the names of its option `context`: copies of its own, in a frozen object.
   * A value is `undefined` where its store had none, or the job was submitted without that option.
   */
  readonly context: Readonly<Partial<C>>;
  /** The job's own token: cancelled when the job is. */
  readonly token: CancellationToken;
  /** An `AbortSignal` that follows the token: for `fetch`, timers, streams. */
  readonly signal: AbortSignal;
  /** @throws {CancelledError} when the job is cancelled. One `Atomics.load`: cheap enough for every turn of a loop. */
  throwIfCancelled(): void;
  /**
   * Sends a value to the job's `progress`, in order.
   *
   * @throws {NotCloneableError} when the value cannot cross.
   */
  report(value: unknown): void;
  /**
   * Submits a child of this job to its pool. It is cancelled with this job, which settles after it; its failure reaches this
   * job only where it is awaited. While an async job has children it does not hold its place on the worker.
   *
   * @param task a self-contained function, an exported function of a task module, or a task of a `taskModule`.
   * @throws {TypeError} for what is no task, or no list of arguments.
   * @throws {NotCloneableError} when an argument cannot cross.
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

/** Under it a task of a `taskModule` has the type of its function: only the compiler looks at it. */
export declare const SIGNATURE: unique symbol;

/** A task of a `taskModule`, as a child may be submitted by. */
export interface ChildTask<A extends readonly unknown[], R> {
  readonly url: string;
  readonly name: string;
  readonly [SIGNATURE]?: (...args: A) => R;
}

/** What a child of a task results in. */
export type ChildResult<R> = R extends Generator<unknown, infer T, unknown> | AsyncGenerator<unknown, infer T, unknown>
  ? Awaited<T>
  : Awaited<R>;

/** Options of a child: those of a job that have a meaning on another thread. */
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
   * `AsyncLocalStorage`s of this thread, whose values the child sees as its `context`. They are added to the parent's context,
   * which a child sees in any case, and take the place of values of the same name.
   */
  readonly context?: ContextStores | undefined;
  readonly name?: string | undefined;
}

/** A child, as its parent's code sees it: awaitable. */
export interface ChildJob<T> extends PromiseLike<T> {
  readonly name: string;
  /** Asks it to stop. */
  cancel(reason?: unknown): void;
  catch<B = never>(onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T | B>;
  finally(onfinally?: (() => void) | null): Promise<T>;
}
