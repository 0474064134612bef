// biome-ignore-all lint/suspicious/noThenProperty: thenables are what is tried
// Tasks of a thread in which they replace what is built in.
const { defineProperty, getOwnPropertyDescriptor, getPrototypeOf } = Object;
const NAMES = [
  ...['Object', 'Function', 'Array', 'String', 'Number', 'Boolean', 'Symbol', 'Map', 'Set', 'WeakMap', 'WeakSet'],
  ...['WeakRef', 'FinalizationRegistry', 'Promise', 'RegExp', 'Date', 'Error', 'ArrayBuffer', 'SharedArrayBuffer'],
  ...['Int32Array', 'Uint8Array', 'Float64Array', 'Math', 'JSON', 'Reflect', 'Atomics'],
];
const steps = (iterable) => ({ prototype: getPrototypeOf(iterable[Symbol.iterator]()) });
const owners = new Map([
  ...NAMES.map((name) => [name, globalThis[name]]),
  ['ArrayIterator', steps([])],
  ['MapIterator', steps(new Map())],
  ['SetIterator', steps(new Set())],
]);
let undo = () => {};

/** All that can be replaced: `[owner, is of its prototype, index of the key]`, and a text for each. */
export function replaceables() {
  const found = [];
  for (const [name, owner] of owners)
    for (const isOfPrototype of [false, true]) {
      const object = isOfPrototype ? owner.prototype : owner;
      for (const [index, key] of Reflect.ownKeys(object ?? {}).entries()) {
        const { configurable, value, get } = getOwnPropertyDescriptor(object, key);
        if (!configurable || key === 'constructor' || (typeof value !== 'function' && get === undefined)) continue;
        found.push([name, isOfPrototype, index, `${name}${isOfPrototype ? '.prototype' : ''}.${String(key)}`]);
      }
    }
  for (const [index, key] of Object.getOwnPropertyNames(globalThis).entries())
    if (typeof getOwnPropertyDescriptor(globalThis, key).value === 'function') found.push(['', false, index, key]);
  return found;
}

/** Replaces it by a function that throws. */
export function replace(name, isOfPrototype, index) {
  const object = name === '' ? globalThis : isOfPrototype ? owners.get(name).prototype : owners.get(name);
  const key = (name === '' ? Object.getOwnPropertyNames(object) : Reflect.ownKeys(object))[index];
  const descriptor = getOwnPropertyDescriptor(object, key);
  const thrower = () => {
    throw new TypeError('It was replaced');
  };
  undo = () => defineProperty(object, key, descriptor);
  defineProperty(object, key, { ...descriptor, ...(descriptor.get ? { get: thrower } : { value: thrower }) });
}

export function restore() {
  undo();
}

export function echo(value) {
  return value;
}

export async function later(value) {
  await undefined;
  return value;
}

export function fails() {
  throw new Error('as it should');
}

/** A promise as they were before there were any. */
export class OldPromise {
  constructor(start) {
    this.callbacks = [];
    start(
      (value) => this.settle(0, value),
      (reason) => this.settle(1, reason),
    );
  }
  settle(way, value) {
    this.settled ??= [way, value];
    for (const callbacks of this.callbacks.splice(0)) callbacks[this.settled[0]]?.(this.settled[1]);
  }
  then(...callbacks) {
    this.callbacks.push(callbacks);
    if (this.settled) setImmediate(() => this.settle());
  }
  static resolve(value) {
    return new OldPromise((resolve) => resolve(value));
  }
}

/** Takes the global name, as bluebird and zone.js do. */
export function takeOver() {
  globalThis.Promise = OldPromise;
  return globalThis.Promise === OldPromise;
}

export function oldPromise(value) {
  return new OldPromise((resolve) => setImmediate(resolve, value));
}

export function oldRejection(reason) {
  return new OldPromise((_resolve, reject) => setImmediate(reject, reason));
}

export function thenable(value) {
  return { then: (resolve) => resolve({ then: (again) => again(value) }) };
}

export function callableThenable(value) {
  return Object.assign(() => {}, { then: (resolve) => void setImmediate(resolve, value) });
}

/** `then` is a getter, which gives it once. */
export function thenableOnce(value) {
  let reads = 0;
  return {
    get then() {
      return ++reads === 1 ? (resolve) => resolve([value, reads]) : undefined;
    },
  };
}

export function throwingThenable() {
  return {
    then() {
      throw new RangeError('thrown by then');
    },
  };
}
