import type { CurrentJob } from '../contract/current-job.js';

/**
 * Where the worker's loop, which is one bundled file, and `thread-system/worker`, which a task imports, meet: they are two
 * copies of code in one thread, so module state would not do.
 */
interface Bridge {
  readonly currentJob: () => CurrentJob | undefined;
  /** Of each loop on this thread: of pools that run inline there may be several. */
  readonly loops: Set<() => CurrentJob | undefined>;
}

const KEY = Symbol.for('thread-system.worker');
const globals = globalThis as typeof globalThis & { [KEY]?: Bridge };

/** Lets `currentJob` find the job that a loop runs. Answers how to end that. */
export function openBridge(runningJob: () => CurrentJob | undefined): () => void {
  globals[KEY] ??= createBridge();
  const { loops } = globals[KEY];
  loops.add(runningJob);
  return () => {
    loops.delete(runningJob);
  };
}

function createBridge(): Bridge {
  const loops: Bridge['loops'] = new Set();
  const find = (): CurrentJob | undefined => {
    for (const runningJob of loops) {
      const job = runningJob();
      if (job !== undefined) return job;
    }
    return undefined;
  };
  return Object.seal({ currentJob: find, loops });
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
export function currentJob<C extends object = Readonly<Record<string, unknown>>>(): CurrentJob<C> {
  const job = globals[KEY]?.currentJob();
  if (job !== undefined) return job as CurrentJob<C>; // what the values are, who submitted the job knows
  throw new Error(
    globals[KEY] === undefined
      ? 'Cannot tell the current job: this thread is not a worker of a ThreadPool'
      : 'Cannot tell the current job: no task runs here now; call currentJob() in the task, before its first await',
  );
}
