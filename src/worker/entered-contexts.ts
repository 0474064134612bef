import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { outsideRequests } from '../base/async-context.js';

const { apply } = Reflect;
const { enterWith, getStore } = AsyncLocalStorage.prototype as AsyncLocalStorage<unknown>;

/**
 * What code of tasks has entered by `AsyncLocalStorage.enterWith`: that changes the context of the thread itself, for all
 * that runs after it. It is undone when the job's code has returned, so that the next job begins with an empty context.
 * Watched on the method, as Node tells of it nowhere: a scope for each job would cost it half a microsecond.
 */
export class EnteredContexts {
  /** What each storage held before. */
  readonly #before = new Map<AsyncLocalStorage<unknown>, unknown>();

  /**
   * @param isInCode whether code of a task is on the stack.
   * @param own is entered by the loop itself.
   */
  constructor(isInCode: () => boolean, own: AsyncLocalStorage<unknown>) {
    const before = this.#before;
    AsyncLocalStorage.prototype.enterWith = function (this: AsyncLocalStorage<unknown>, store: unknown): void {
      if (this !== own && isInCode() && !before.has(this)) before.set(this, apply(getStore, this, []));
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

/** Runs a function in an empty context of its own. For jobs on the thread of their pool, where nothing is to be replaced. */
export function inEmptyContext<R>(fn: () => R): R {
  return outsideRequests(() => new AsyncResource('thread-system job').runInAsyncScope(fn));
}
