import { types } from 'node:util';
import type { Shape } from './tree-format.js';

// Captured before any task can replace them.
const { getPrototypeOf } = Object;
const cloneOf = globalThis.structuredClone;

/** Whether an object has exactly these keys, and inherits none. By `for…in`, as that makes no list of keys. */
export function hasKeys(object: object, keys: Shape): boolean {
  let count = 0;
  for (const key in object) if (key !== keys[count++]) return false;
  return count === keys.length;
}

/** Whether keys are not those of an `arguments` object, which has the prototype of plain objects, nor of an empty object. */
export function hasNames(keys: Shape): boolean {
  const first = keys[0];
  return first !== undefined && !(first >= '0' && first <= '9~');
}

/**
 * Whether an object that looks plain is plain to the structured clone, to which a Map whose prototype was replaced is still a
 * Map. Takes 0.6 us for an object without properties.
 */
export function isOrdinary(object: object): boolean {
  if (ArrayBuffer.isView(object)) return false;
  const prototype: unknown = getPrototypeOf(cloneOf(object));
  return prototype !== null && getPrototypeOf(prototype) === null; // the Object.prototype of any realm
}

/** Cheap check of an object without properties that is not the first such one of the lane: whether it only looks plain. */
export function isExotic(object: object): boolean {
  return (
    ArrayBuffer.isView(object) ||
    types.isMap(object) ||
    types.isSet(object) ||
    types.isPromise(object) ||
    types.isAnyArrayBuffer(object) ||
    types.isWeakMap(object) ||
    types.isWeakSet(object) ||
    types.isGeneratorObject(object)
  );
}

export function areSame(a: Shape | undefined, b: Shape): boolean {
  if (a === undefined || a.length !== b.length) return false;
  for (let i = 0; i < b.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
