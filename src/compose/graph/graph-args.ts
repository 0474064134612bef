import { isPlainObject } from '../../base/bare.js';
import { define } from '../../base/define.js';
import { type GraphNode, NodeOutput, nodeOf } from './graph-node.js';

/** Yields the nodes whose outputs are within arrays and plain objects, at any depth, each with the keys that lead to its output. */
export function* outputsIn(
  value: unknown,
  keys: string[] = [],
  seen = new Set<unknown>(),
): Generator<readonly [path: readonly string[], node: GraphNode]> {
  if (value instanceof NodeOutput) yield [[...keys], nodeOf(value)];
  else if (
    typeof value === 'object' &&
    value !== null &&
    !seen.has(value) &&
    (Array.isArray(value) || isPlainObject(value))
  ) {
    seen.add(value);
    for (const [key, item] of Object.entries(value)) {
      keys.push(key); // one list for the whole search, so that its cost is linear in the value
      yield* outputsIn(item, keys, seen);
      keys.pop();
    }
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
