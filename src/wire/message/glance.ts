import { types } from 'node:util';

const MAX_LOOKS = 48;
const { getOwnPropertyDescriptor, keys: keysOf } = Object;
const { isArray } = Array;

/**
 * Returns the value, if it is an object, and some of the objects near its surface. Not all, as this must cost little compared to
 * the clone: 2 us at most. Runs no foreign code: skips getters and proxies.
 */
export function glance(value: unknown): readonly object[] {
  const found: object[] = [];
  let looks = MAX_LOOKS;
  const add = (item: unknown): void => {
    looks--;
    if (typeof item === 'object' && item !== null && !types.isProxy(item) && !found.includes(item)) found.push(item);
  };
  add(value);
  for (let at = 0; at < found.length && looks > 0; at++) {
    const object = found[at] as object;
    if (ArrayBuffer.isView(object)) continue;
    if (isArray(object)) {
      for (let i = 0; i < object.length && looks > 0; i++) add(getOwnPropertyDescriptor(object, i)?.value);
    } else if (types.isMap(object)) {
      if (object.size <= MAX_LOOKS) for (const item of Map.prototype.values.call(object)) add(item);
    } else if (types.isSet(object)) {
      if (object.size <= MAX_LOOKS) for (const item of Set.prototype.values.call(object)) add(item);
    } else {
      for (const key of keysOf(object)) if (looks > 0) add(getOwnPropertyDescriptor(object, key)?.value);
    }
  }
  return found;
}
