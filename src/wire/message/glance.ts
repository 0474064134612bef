import { types } from 'node:util';

const MAX_LOOKS = 48;
const { getOwnPropertyDescriptor, keys: keysOf } = Object;
const { isArray } = Array;

/**
 * Some of the objects that a value holds near its surface, itself among them; not all, as a look must cost little beside the
 * clone: 2 us at most. Runs no foreign code: neither getters nor proxies are asked.
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
