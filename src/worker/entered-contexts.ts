import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { outsideRequests } from '../base/async-context.js';
import type { RunningJob } from './running-job.js';

const { apply } = Reflect;
const { enterWith, getStore } = AsyncLocalStorage.prototype as AsyncLocalStorage<unknown>;

/**
 * Undoes `AsyncLocalStorage.enterWith` of a task when the job's code has returned. The method changes the context of the thread
 * itself, and the next job must begin with an empty one. Replaces the method to see its calls, as a scope for each job would cost
 * half a microsecond.
 */
export class EnteredContexts {
  /** The value that each entered storage had before. */
  readonly #before = new Map<AsyncLocalStorage<unknown>, unknown>();

  /** @param own the worker's own storage, which is left alone. */
  constructor(running: RunningJob, own: AsyncLocalStorage<unknown>) {
    const before = this.#before;
    AsyncLocalStorage.prototype.enterWith = function (this: AsyncLocalStorage<unknown>, store: unknown): void {
      if (this !== own && running.isInCode && !before.has(this)) before.set(this, apply(getStore, this, []));
      apply(enterWith, this, [store]);
    };
  }

  get hasAny(): boolean {
    return this.#before.size > 0;
  }

  leave(): void {
    for (const [storage, store] of this.#before) apply(enterWith, storage, [store]);
    this.#before.clear();
  }
}

/** Runs a function in an empty context of its own. For jobs on the thread of their pool, where `enterWith` must not be replaced. */
export function inEmptyContext<R>(fn: () => R): R {
  return outsideRequests(() => new AsyncResource('thread-system job').runInAsyncScope(fn));
}
