import { types } from 'node:util';
import { isPlainObject } from '../../base/bare.js';
import { describe, messageOf } from '../../errors.js';
import { isCrossing } from '../../sync/sharing/crossing.js';
import { isDetached, memoryOf } from '../lane/known-buffers.js';
import { isOfPlatform, toBytes } from '../process/process-bytes.js';
import { isMoved } from './move.js';

/** Where a value goes: to a thread of this process, to a child process by way of a thread, or to another machine. */
export type Destination = 'thread' | 'process' | 'machine';

/** A part of a value that cannot cross. */
export interface Fault {
  readonly path: string;
  /** What it is and why it cannot cross, as the end of a sentence. */
  readonly what: string;
  /** Set if the part is used where it must not be, whether or not it could be cloned. */
  readonly isMisuse?: true;
}

/** How many parts are searched. That takes about as long as the refused clone, at most a few tenths of a second. */
const MAX_STEPS = 2 ** 20;
/** How many objects of at most `MAX_TRIAL_STEPS` parts are cloned by themselves to test them. */
const MAX_TRIALS = 1000;
const MAX_TRIAL_STEPS = 64;
/** How many items of a long array are checked for holes. */
const SAMPLE = 1000;

const { getPrototypeOf, hasOwn, keys: keysOf, prototype: PLAIN } = Object;
const { isArray } = Array;
export function isCloneable(value: unknown, to: Destination): boolean {
  try {
    if (to !== 'process') structuredClone(value); // what goes to a child process is a clone already
    if (to !== 'thread') toBytes(value);
    return true;
  } catch {
    return false;
  }
}

/** An iteration over the parts of an object. */
interface Parts {
  /** The object that has the parts. */
  readonly owner: object;
  /** The current part. */
  value: unknown;
  /** Moves to the next part. Returns false behind the last. May run a getter. */
  next(): boolean;
  /** Returns the step of a path to the current part. */
  step(): string;
  /** The search's step count when it came to the owner. */
  begunAt: number;
  /** Whether the owner is an array or a plain object. */
  readonly isPlain: boolean;
}

class Items implements Parts {
  readonly owner: readonly unknown[];
  value: unknown;
  begunAt = 0;
  readonly isPlain = true;
  #index = -1;

  constructor(array: readonly unknown[]) {
    this.owner = array;
  }

  next(): boolean {
    if (++this.#index >= this.owner.length) return false;
    this.value = this.owner[this.#index];
    return true;
  }

  step(): string {
    return `[${this.#index}]`;
  }
}

class Properties implements Parts {
  readonly owner: object;
  value: unknown;
  begunAt = 0;
  readonly isPlain: boolean;
  readonly #keys: readonly string[];
  #index = -1;

  constructor(object: object, keys: readonly string[] = keysOf(object), isPlain = false) {
    this.owner = object;
    this.isPlain = isPlain;
    this.#keys = keys;
  }

  next(): boolean {
    const key = this.#keys[++this.#index];
    if (key === undefined) return false;
    this.value = Reflect.get(this.owner, key);
    return true;
  }

  step(): string {
    const key = this.#keys[this.#index] ?? '';
    if (isArray(this.owner) && /^\d+$/.test(key)) return `[${key}]`;
    return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
  }
}

/** The parts of a Map: each key, then its value. */
class Entries implements Parts {
  readonly owner: Map<unknown, unknown>;
  value: unknown;
  begunAt = 0;
  readonly isPlain = false;
  readonly #entries: Iterator<[unknown, unknown]>;
  #entry: [unknown, unknown] | undefined;
  #index = -1;
  #isKey = false;

  constructor(map: Map<unknown, unknown>) {
    this.owner = map;
    this.#entries = Map.prototype.entries.call(map);
  }

  next(): boolean {
    this.#isKey = !this.#isKey;
    if (!this.#isKey) {
      this.value = this.#entry?.[1];
      return true;
    }
    const step = this.#entries.next();
    if (step.done) return false;
    this.#index++;
    this.#entry = step.value;
    this.value = step.value[0];
    return true;
  }

  step(): string {
    if (this.#isKey) return `.keys()[${this.#index}]`;
    const key = this.#entry?.[0];
    const at =
      typeof key === 'object' && key !== null
        ? `#${this.#index}`
        : typeof key === 'string'
          ? JSON.stringify(key)
          : String(key);
    return `.get(${at})`;
  }
}

class Members implements Parts {
  readonly owner: Set<unknown>;
  value: unknown;
  begunAt = 0;
  readonly isPlain = false;
  readonly #values: Iterator<unknown>;
  #index = -1;

  constructor(set: Set<unknown>) {
    this.owner = set;
    this.#values = Set.prototype.values.call(set);
  }

  next(): boolean {
    const step = this.#values.next();
    this.#index++;
    this.value = step.value;
    return step.done !== true;
  }

  step(): string {
    return `.values()[${this.#index}]`;
  }
}

/**
 * Searches a value for the part that makes a structured clone refuse it, in the order of the clone. Each object is checked once
 * and by itself, so that the search is linear; it is not recursive, as values may be nested deeper than the stack; and it gives
 * up after `MAX_STEPS`, as the sender waits for it.
 */
export class CloneSearch {
  readonly #to: Destination;
  readonly #moved: ReadonlySet<unknown>;
  readonly #seen = new Set<object>();
  /** The objects on the way to the current part. */
  readonly #way: Parts[] = [];
  #trials = 0;
  /** How many parts were searched. */
  steps = 0;
  hasGivenUp = false;
  /** Whether the search has met objects of the library where they may be. */
  hasCrossing = false;
  /** Whether objects of the library are refused wherever they are. */
  refusesCrossing = false;

  /** @param moved objects that go with the value without being cloned. */
  constructor(to: Destination, moved: readonly unknown[]) {
    this.#to = to;
    this.#moved = new Set(moved);
  }

  find(value: unknown, path: string): Fault | undefined {
    this.#way.length = 0;
    try {
      const fault = this.#descend(value);
      if (fault !== undefined) return { path, ...fault };
      for (let top = this.#way.at(-1); top !== undefined; top = this.#way.at(-1)) {
        const found = this.#advance(top);
        if (this.hasGivenUp) return undefined;
        if (found !== undefined) return this.#ofStream(path) ?? { path: path + this.#steps(), ...found };
      }
    } catch (error) {
      return { path: path + this.#steps(), what: `a getter that throws '${messageOf(error)}' cannot be cloned` };
    }
    return undefined;
  }

  /** The first stream on the way to a part that cannot cross: its author does not know the parts of a stream. */
  #ofStream(path: string): Fault | undefined {
    const index = this.#way.findIndex(({ owner }) => isStream(owner));
    const owner = this.#way[index]?.owner;
    if (owner === undefined) return undefined;
    const what = `${describe(owner)} is a stream of Node.js, which cannot be cloned: read it first and pass what it contains`;
    return { path: path + this.#steps(index), what };
  }

  #steps(count = this.#way.length): string {
    return this.#way
      .slice(0, count)
      .map((parts) => parts.step())
      .join('');
  }

  #advance(top: Parts): Omit<Fault, 'path'> | undefined {
    if (top.next()) {
      this.hasGivenUp = ++this.steps > MAX_STEPS;
      return this.hasGivenUp ? undefined : this.#descend(top.value);
    }
    this.#way.pop();
    return top.isPlain ? undefined : this.#try(top.owner, this.steps - top.begunAt);
  }

  /** Tests an object all of whose parts can be cloned: it may still be one of the platform's that cannot. */
  #try(object: object, steps: number): Omit<Fault, 'path'> | undefined {
    if (steps > MAX_TRIAL_STEPS || isContainer(object) || this.#trials++ >= MAX_TRIALS) return undefined;
    return isCloneable(object, this.#to) ? undefined : { what: `${describe(object)} cannot be cloned` };
  }

  /** Checks a value by itself, and goes on with its parts. */
  #descend(value: unknown): Omit<Fault, 'path'> | undefined {
    if (typeof value === 'function' || typeof value === 'symbol')
      return { what: `${describe(value)} cannot be cloned` };
    if (typeof value !== 'object' || value === null || this.#seen.has(value) || this.#moved.has(value))
      return undefined;
    this.#seen.add(value);
    if (types.isProxy(value)) return { what: 'a Proxy cannot be cloned' };
    // most are plain and need no other check
    if (isArray(value)) return this.#goOn(itemsOf(value));
    if (getPrototypeOf(value) === PLAIN) return this.#goOn(new Properties(value, keysOf(value), true));
    if (isMoved(value)) return { what: MISPLACED, isMisuse: true };
    if (isCrossing(value)) return this.#crossing(value);
    if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return this.#memory(value);
    if (this.#to !== 'thread' && isStaying(value, this.#to)) return { what: stayingOf(value) };
    if (types.isPromise(value)) return { what: `${describe(value)} cannot be cloned: await it first` };
    if (isIterator(value))
      return { what: 'an iterator cannot be cloned: put its values in an array, such as [...iterator]' };
    if (isRefused(value)) return { what: `${describe(value)} cannot be cloned` };
    const parts = partsOf(value);
    return parts && this.#goOn(parts);
  }

  #goOn(parts: Parts): undefined {
    parts.begunAt = this.steps;
    this.#way.push(parts);
  }

  /** Checks an object of the library. An envelope takes these out of arrays, Maps, Sets and plain objects only. */
  #crossing(value: object): Omit<Fault, 'path'> | undefined {
    const isReachable = this.#way.every(({ owner }) => isContainer(owner));
    if (isReachable && !this.refusesCrossing) {
      this.hasCrossing = true;
      return undefined;
    }
    if (this.#to !== 'thread') return { what: `${describe(value)}, being shared memory, cannot be cloned` };
    return { what: `${describe(value)} in an instance of a class cannot be cloned` };
  }

  #memory(value: ArrayBufferView | ArrayBufferLike): Omit<Fault, 'path'> | undefined {
    const buffer = memoryOf(value) as ArrayBufferLike;
    if (types.isSharedArrayBuffer(buffer))
      return this.#to === 'thread' ? undefined : { what: `${describe(value)}, being shared memory, cannot be cloned` };
    if (this.#moved.has(buffer) || !isDetached(buffer)) return undefined;
    return {
      what: `${describe(value)} cannot be cloned, as it is detached: its memory was transferred before. Send a copy where it is needed again`,
    };
  }
}

const MISPLACED =
  'move() moves a whole result, a whole report, or a whole argument of a child; it cannot stand anywhere else';

/** Whether an object is an array, a Map, a Set, or a plain object of any realm. */
export function isContainer(object: object): boolean {
  return isArray(object) || types.isMap(object) || types.isSet(object) || isPlainObject(object);
}

function tagOf(object: object): string {
  return Object.prototype.toString.call(object);
}

function isIterator(object: object): boolean {
  if (types.isMapIterator(object) || types.isSetIterator(object) || types.isGeneratorObject(object)) return true;
  return tagOf(object) === '[object Array Iterator]';
}

/** Whether an object is a stream of `node:stream` or made like one, as requests and responses are. */
function isStream(object: object): boolean {
  return '_events' in object && 'pipe' in object;
}

function isRefused(object: object): boolean {
  return (
    types.isPromise(object) ||
    types.isWeakMap(object) ||
    types.isWeakSet(object) ||
    types.isSymbolObject(object) ||
    types.isArgumentsObject(object)
  );
}

/** Returns the parts that a structured clone reads; `undefined` if it reads none. */
function partsOf(object: object): Parts | undefined {
  if (types.isMap(object)) return new Entries(object);
  if (types.isSet(object)) return new Members(object);
  if (types.isDate(object) || types.isRegExp(object) || types.isBoxedPrimitive(object)) return undefined;
  if (types.isNativeError(object)) return new Properties(object, hasOwn(object, 'cause') ? ['cause'] : []);
  return new Properties(object, keysOf(object));
}

/** Returns the items of an array: by its keys if it seems to have others, or holes. */
function itemsOf(array: readonly unknown[]): Parts {
  const { length } = array;
  if (length <= SAMPLE) {
    const keys = keysOf(array);
    return keys.length === length ? new Items(array) : new Properties(array, keys);
  }
  let count = 0;
  for (let i = 0; i < SAMPLE; i++) if (hasOwn(array, i)) count++;
  return count < SAMPLE / 2 ? new Properties(array) : new Items(array);
}

/** Whether an object is one of the platform's. What goes to a child process is a clone already; what goes to a machine is not. */
function isStaying(object: object, to: 'process' | 'machine'): boolean {
  if (!isOfPlatform(object)) return false;
  if (to === 'process') return true;
  try {
    return isOfPlatform(structuredClone(object)); // else an instance of a class of the program, which becomes plain
  } catch {
    return false; // one of its parts cannot be cloned
  }
}

function stayingOf(object: object): string {
  const isModule = tagOf(object) === '[object WebAssembly.Module]';
  return `${describe(object)} cannot be cloned${isModule ? ': send the bytes it was made of' : ''}`;
}
