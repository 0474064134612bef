import type { CurrentJob } from '../current-job.js';

/**
 * Where the worker's loop, which is one bundled file, and `thread-system/worker`, which a task imports, meet: they are two
 * copies of code in one thread, so module state would not do.
 */
interface Bridge {
  readonly currentJob: () => CurrentJob | undefined;
}

const KEY = Symbol.for('thread-system.worker');
const globals = globalThis as typeof globalThis & { [KEY]?: Bridge };

export function openBridge(bridge: Bridge): void {
  globals[KEY] = bridge;
}

/**
 * The job this code runs for. Take it before the first `await`: after one, other jobs may run on the thread.
 *
 * @throws {Error} outside a task.
 *
 * @example
 * ```ts
 * export function primesBelow(limit: number): number[] {
 *   const job = currentJob();
 *   for (let n = 2; n < limit; n++) {
 *     job.throwIfCancelled();
 *   }
 * }
 * ```
 */
export function currentJob(): CurrentJob {
  const job = globals[KEY]?.currentJob();
  if (job !== undefined) return job;
  throw new Error(
    globals[KEY] === undefined
      ? 'Cannot tell the current job: this thread is not a worker of a ThreadPool'
      : 'Cannot tell the current job: no task runs here now; call currentJob() in the task, before its first await',
  );
}
