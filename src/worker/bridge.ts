import { workerVersion } from '../base/nesting.js';
import { ofThisVersion, VERSION } from '../base/version.js';
import type { CurrentJob } from '../contract/current-job.js';

/**
 * Connects the worker with `thread-system/worker`, which a task imports. By a global symbol, as the worker is a bundle of its own:
 * the two share no modules.
 */
interface Bridge {
  readonly currentJob: () => CurrentJob | undefined;
  /** One for each worker on this thread: inline there may be several. */
  readonly loops: Set<() => CurrentJob | undefined>;
}

const KEY = Symbol.for(ofThisVersion('worker'));
const globals = globalThis as typeof globalThis & { [KEY]?: Bridge };

/** Lets `currentJob` find the job that a worker runs. Returns a function that undoes this. */
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
 * Returns the job that this code runs for. Call it before the first `await`, where it always works; after one it goes by the async
 * context, which the runtime may not have kept.
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
  if (job !== undefined) return job as CurrentJob<C>; // only the submitter knows the types of the values
  throw new Error(`Cannot tell the current job: ${whyNone()}`);
}

function whyNone(): string {
  if (globals[KEY] !== undefined) return 'no task runs here now; call currentJob() in the task, before its first await';
  const version = workerVersion();
  if (version === undefined) return 'this thread is not a worker of a ThreadPool';
  return `this is a worker of thread-system ${version}, and the task imports thread-system ${VERSION}; import the version of its pool`;
}
