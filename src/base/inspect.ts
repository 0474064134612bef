import { type InspectOptions, inspect } from 'node:util';

/** The arguments of a method named `inspect.custom`. */
export type Inspecting = [depth?: number, options?: InspectOptions];

/**
 * Returns how `console.log` shows an object of this library: its name and some facts.
 *
 * @param facts plain values, so that printing them runs no foreign code.
 */
export function shown(name: string, facts: object, [depth = 2, options = {}]: Inspecting): string {
  if (depth < 0) return `[${name}]`;
  return `${name} ${inspect(facts, { ...options, depth: Math.max(0, depth) })}`;
}
