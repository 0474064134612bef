import { AsyncLocalStorage } from 'node:async_hooks';
import type { JobContext } from './job-context.js';

/** Finds the job that asynchronous code belongs to. */
export class JobScopes {
  readonly #storage = new AsyncLocalStorage<JobContext>();
  /** Open jobs that began without a scope, as their task had not returned a promise before. */
  readonly #unscoped = new Set<JobContext>();

  /** The storage that marks code of a job. */
  get storage(): AsyncLocalStorage<JobContext> {
    return this.#storage;
  }

  /** Runs `fn` as code of the job, with all that it starts. */
  run<T>(context: JobContext, fn: () => T): T {
    return this.#storage.run(context, fn);
  }

  addUnscoped(context: JobContext): void {
    this.#unscoped.add(context);
  }

  remove(context: JobContext): void {
    this.#unscoped.delete(context);
  }

  /**
   * The job or hook whose code runs in the event loop now. Code without a scope belongs to the unscoped job if there is one
   * only.
   */
  current(): JobContext | undefined {
    return this.#storage.getStore() ?? onlyOne(this.#unscoped);
  }
}

function onlyOne<T>(set: ReadonlySet<T>): T | undefined {
  const [first] = set;
  return set.size === 1 ? first : undefined;
}
