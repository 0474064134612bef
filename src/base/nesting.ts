import type { AsyncLocalStorage } from 'node:async_hooks';

/**
 * What a worker's thread knows of where it is: how deep pools are nested, and whether code runs as a part of the loading of a
 * task module. The worker's loop, a bundle of its own, enters it; the pools that tasks make ask for it.
 */
interface Nesting {
  /** 1 in a worker of a pool on the main thread. */
  readonly depth: number;
  /** The address of the task module that the code at hand belongs to the loading of. */
  readonly loading: AsyncLocalStorage<string>;
}

const KEY = Symbol.for('thread-system.nesting');
const globals = globalThis as typeof globalThis & { [KEY]?: Nesting };

/** Pools within tasks within pools: more than anybody makes on purpose. */
export const DEEPEST = 16;

/** Makes this thread a worker's: before it loads anything. */
export function enterNesting(depth: number, loading: AsyncLocalStorage<string>): void {
  globals[KEY] ??= Object.seal({ depth, loading });
}

/** 0 where this thread is no worker's. */
export function nestingDepth(): number {
  return globals[KEY]?.depth ?? 0;
}

/** Loads a task module: what that starts, also what goes on for long, knows that it is a part of it. */
export function loadAs<T>(url: string, load: () => T): T {
  const nesting = globals[KEY];
  return nesting === undefined ? load() : nesting.loading.run(url, load);
}

/**
 * Why nothing may be submitted here; `undefined` where it may. A task module that submits jobs as it is loaded does so in each
 * worker that loads it, whose workers load it again: threads without end.
 */
export function refusalHere(action: string): Error | undefined {
  const url = globals[KEY]?.loading.getStore();
  if (url === undefined) return undefined;
  return new Error(
    `Cannot ${action}: this is a worker, which loads ${url} as a task module, and what that does as it is loaded would start workers without end; guard it by if (isMainThread), of node:worker_threads, or put the tasks into a module of their own`,
  );
}
