import { isPlainObject } from '../../base/bare.js';
import { define } from '../../base/define.js';
import { type GraphNode, NodeOutput, nodeOf } from './graph-node.js';

/** Yields the outputs within arrays and plain objects, at any depth. */
export function* outputsIn(value: unknown, seen = new Set<unknown>()): Generator<NodeOutput> {
  if (value instanceof NodeOutput) yield value;
  else if (
    typeof value === 'object' &&
    value !== null &&
    !seen.has(value) &&
    (Array.isArray(value) || isPlainObject(value))
  ) {
    seen.add(value);
    for (const item of Object.values(value)) yield* outputsIn(item, seen);
  }
}

/** Yields the outputs as `outputsIn` does, each with the keys that lead to it. */
export function* outputPathsIn(
  value: unknown,
  path: readonly string[] = [],
  seen = new Set<unknown>(),
): Generator<readonly [path: readonly string[], node: GraphNode]> {
  if (value instanceof NodeOutput) yield [path, nodeOf(value)];
  else if (
    typeof value === 'object' &&
    value !== null &&
    !seen.has(value) &&
    (Array.isArray(value) || isPlainObject(value))
  ) {
    seen.add(value);
    for (const [key, item] of Object.entries(value)) yield* outputPathsIn(item, [...path, key], seen);
  }
}

/**
 * Returns the value with each output replaced by the result it stands for; the value itself if it contains none.
 *
 * @param copies of the objects filled so far, so that shared and circular references stay so in the copy.
 */
export function fill(
  value: unknown,
  results: ReadonlyMap<GraphNode, unknown>,
  copies = new Map<object, object>(),
): unknown {
  if (value instanceof NodeOutput) return results.get(nodeOf(value));
  if (typeof value !== 'object' || value === null) return value;
  const known = copies.get(value);
  if (known !== undefined) return known;
  if (outputsIn(value).next().done) return value;
  const copy: object = Array.isArray(value) ? [] : {};
  copies.set(value, copy);
  for (const [key, item] of Object.entries(value)) define(copy, key, fill(item, results, copies));
  return copy;
}
