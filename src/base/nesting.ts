import type { AsyncLocalStorage } from 'node:async_hooks';
import { ofAllVersions, VERSION } from './version.js';

/**
 * What a worker's thread knows about its surroundings: how deep pools are nested, and whether the running code is part
 * of the loading of a task module. Set by the worker's loop, which is a separate bundle, and read by the pools that
 * tasks make: of all versions, so that pools of two versions cannot nest without end. Its shape never changes.
 */
interface Nesting {
  /** Version of the worker's library. */
  readonly version: string;
  /** 1 in a worker of a pool on the main thread. */
  readonly depth: number;
  /** The URL of the task module being loaded, for code that runs as part of that. */
  readonly loading: AsyncLocalStorage<string>;
}

const KEY = Symbol.for(ofAllVersions('nesting'));
const globals = globalThis as typeof globalThis & { [KEY]?: Nesting };

/** Deepest nesting of pools within tasks of pools: more than anyone makes on purpose. */
export const DEEPEST = 16;

/** Marks this thread as a worker's. Called before it loads anything. */
export function enterNesting(depth: number, loading: AsyncLocalStorage<string>): void {
  globals[KEY] ??= Object.seal({ version: VERSION, depth, loading });
}

/** Returns the version of the library whose worker this thread is; `undefined` if it is not a worker's. */
export function workerVersion(): string | undefined {
  return globals[KEY]?.version;
}

/** Returns how deep pools are nested here; 0 if this thread is not a worker's. */
export function nestingDepth(): number {
  return globals[KEY]?.depth ?? 0;
}

/** Loads a task module. Code started by that, however long it runs, is known to be part of the loading. */
export function loadAs<T>(url: string, load: () => T): T {
  const nesting = globals[KEY];
  return nesting === undefined ? load() : nesting.loading.run(url, load);
}

/**
 * Returns why nothing may be submitted here; `undefined` if it may. A task module that submits jobs while it is loaded
 * would do so in each worker, whose workers load it again: endless threads.
 */
export function refusalHere(action: string): Error | undefined {
  const url = globals[KEY]?.loading.getStore();
  if (url === undefined) return undefined;
  return new Error(
    `Cannot ${action}: this is a worker, which loads ${url} as a task module, and jobs that this submits while it is loaded would start workers without end; guard it by if (isMainThread), of node:worker_threads, or put the tasks into a module of their own`,
  );
}
