import type { ThreadPoolOptions } from 'thread-system';

/** So deep that a worker's stack of 4 MB can write it, and the main thread's of 1 MB cannot read it. */
export const DEEP = 8_000;
/** So deep that the main thread can write it, and a worker with the stack of `SMALL` cannot read it. */
export const DEEP_FOR_SMALL = 2_500;
export const SMALL: ThreadPoolOptions = { resourceLimits: { stackSizeMb: 0.6 } };

export function nest(depth: number): unknown[] {
  let list: unknown[] = [];
  for (let i = 0; i < depth; i++) list = [list];
  return list;
}
