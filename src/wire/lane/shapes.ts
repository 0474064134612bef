import { types } from 'node:util';
import type { Shape } from './tree-format.js';

// Captured before any task can replace them.
const { getPrototypeOf } = Object;
const cloneOf = globalThis.structuredClone;

/** The shapes that the reader has learned, or will with the current entry. */
export class SentShapes {
  readonly #shapes: Shape[] = [];
  /** Their numbers, by their first key. */
  readonly #byFirstKey = new Map<string | undefined, number[]>();
  /** How many there were before the current entry. */
  #known = 0;

  get size(): number {
    return this.#shapes.length;
  }

  keysOf(number: number): Shape | undefined {
    return this.#shapes[number];
  }

  /** Returns the number of the shape; -1 if the reader does not know it. */
  find(keys: Shape): number {
    const candidates = this.#byFirstKey.get(keys[0]);
    if (candidates === undefined) return -1;
    for (const number of candidates) if (areSame(this.#shapes[number], keys)) return number;
    return -1;
  }

  /** Returns the number of the shape. */
  add(keys: Shape): number {
    const number = this.#shapes.push(keys) - 1;
    const others = this.#byFirstKey.get(keys[0]);
    if (others === undefined) this.#byFirstKey.set(keys[0], [number]);
    else others.push(number);
    return number;
  }

  /** The current entry is sent. */
  keep(): void {
    this.#known = this.#shapes.length;
  }

  /** The current entry is not sent. */
  abandon(): void {
    while (this.#shapes.length > this.#known) this.#byFirstKey.get(this.#shapes.pop()?.[0])?.pop();
  }
}

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
 * Map. Takes 0.6 µs for an object without properties.
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

function areSame(a: Shape | undefined, b: Shape): boolean {
  if (a === undefined || a.length !== b.length) return false;
  for (let i = 0; i < b.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
