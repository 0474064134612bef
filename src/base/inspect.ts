import { type InspectOptions, inspect } from 'node:util';

/** What a method named by `inspect.custom` is given. */
export type Inspecting = [depth?: number, options?: InspectOptions];

/**
 * How an object of ours is printed by `console.log`: its name and what matters of it.
 *
 * @param facts of plain values, so that to print them runs no foreign code.
 */
export function shown(name: string, facts: object, [depth = 2, options = {}]: Inspecting): string {
  if (depth < 0) return `[${name}]`;
  return `${name} ${inspect(facts, { ...options, depth: Math.max(0, depth) })}`;
}
