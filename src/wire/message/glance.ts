import { types } from 'node:util';

/** Number of values to check. */
const MAX_CHECKS = 48;
const { getOwnPropertyDescriptor, keys: keysOf } = Object;
const { isArray } = Array;

/**
 * Returns the value, if it is an object, and some of the objects near its surface. Not all, as this must cost little compared to
 * the clone: 2 µs at most. Runs no foreign code: skips getters and proxies.
 */
export function glance(value: unknown): readonly object[] {
  const found: object[] = [];
  let left = MAX_CHECKS;
  const add = (item: unknown): void => {
    left--;
    if (typeof item === 'object' && item !== null && !types.isProxy(item) && !found.includes(item)) found.push(item);
  };
  add(value);
  for (let at = 0; at < found.length && left > 0; at++) {
    const object = found[at] as object;
    if (ArrayBuffer.isView(object)) continue;
    if (isArray(object)) {
      for (let i = 0; i < object.length && left > 0; i++) add(getOwnPropertyDescriptor(object, i)?.value);
    } else if (types.isMap(object)) {
      if (object.size <= MAX_CHECKS) for (const item of Map.prototype.values.call(object)) add(item);
    } else if (types.isSet(object)) {
      if (object.size <= MAX_CHECKS) for (const item of Set.prototype.values.call(object)) add(item);
    } else {
      for (const key of keysOf(object)) if (left > 0) add(getOwnPropertyDescriptor(object, key)?.value);
    }
  }
  return found;
}
