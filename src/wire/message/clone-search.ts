import { types } from 'node:util';
import { describe, messageOf } from '../../errors.js';
import { isCrossing } from '../../sync/sharing/crossing.js';
import { isDetached, memoryOf } from '../lane/known-buffers.js';
import { toBytes } from '../process/process-bytes.js';
import { isMoved } from './move.js';

export type Destination = 'thread' | 'process';

/** What cannot cross, and why. */
export interface Fault {
  readonly path: string;
  /** What it is, and what is wrong with it: the end of a sentence. */
  readonly what: string;
  /** It is used where it must not be: no matter of cloning. */
  readonly isMisuse?: true;
}

/** How many parts are looked at: about as long as the clone takes that was refused, at most a few tenths of a second. */
const MAX_STEPS = 2 ** 20;
/** How many objects with so many parts at most are cloned each by itself, to see whether they are to blame. */
const MAX_TRIALS = 1000;
const MAX_TRIAL_STEPS = 64;
/** Of an array that may be sparse, so many of the first are looked at to see whether it is. */
const SAMPLE = 1000;

const { getPrototypeOf, hasOwn, keys: keysOf, prototype: PLAIN } = Object;
const { isArray } = Array;
const wasmModule = (Reflect.get(globalThis, 'WebAssembly') as { readonly Module?: { readonly prototype: object } })
  ?.Module?.prototype;

export function isCloneable(value: unknown, to: Destination): boolean {
  try {
    if (to === 'thread') structuredClone(value);
    else toBytes(value);
    return true;
  } catch {
    return false;
  }
}

/** Goes through the parts of an object, one after the other. */
interface Parts {
  /** The object whose they are. */
  readonly owner: object;
  /** The part it has come to. */
  value: unknown;
  /** False behind the last. May run a getter. */
  next(): boolean;
  /** How a path goes on to the part it has come to. */
  step(): string;
  /** What the search had counted when it came here. */
  begunAt: number;
  /** The owner is an array or a plain object. */
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

/** Each key, then what it leads to. */
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
 * The search for what makes a structured clone refuse a value, in the order in which that meets its parts. Each object is
 * looked at once and by itself, so that the search is linear in the value; not recursive, as that may be deeper than a stack;
 * and given up past some steps, as whoever sends the value waits for it.
 */
export class CloneSearch {
  readonly #to: Destination;
  readonly #moved: ReadonlySet<unknown>;
  readonly #seen = new Set<object>();
  /** The way to the part in hand. */
  readonly #way: Parts[] = [];
  #trials = 0;
  /** How many parts were looked at. */
  steps = 0;
  hasGivenUp = false;
  /** It has met objects of ours where they may be. */
  hasCrossing = false;
  /** Objects of ours are to blame wherever they are. */
  refusesCrossing = false;

  /** @param moved what goes with the value without being cloned. */
  constructor(to: Destination, moved: readonly unknown[]) {
    this.#to = to;
    this.#moved = new Set(moved);
  }

  find(value: unknown, path: string): Fault | undefined {
    this.#way.length = 0;
    try {
      const fault = this.#enter(value);
      if (fault !== undefined) return { path, ...fault };
      for (let top = this.#way.at(-1); top !== undefined; top = this.#way.at(-1)) {
        const found = this.#advance(top);
        if (this.hasGivenUp) return undefined;
        if (found !== undefined) return { path: path + this.#steps(), ...found };
      }
    } catch (error) {
      return { path: path + this.#steps(), what: `a getter that throws '${messageOf(error)}' cannot be cloned` };
    }
    return undefined;
  }

  #steps(): string {
    return this.#way.map((parts) => parts.step()).join('');
  }

  #advance(top: Parts): Omit<Fault, 'path'> | undefined {
    if (top.next()) {
      this.hasGivenUp = ++this.steps > MAX_STEPS;
      return this.hasGivenUp ? undefined : this.#enter(top.value);
    }
    this.#way.pop();
    return top.isPlain ? undefined : this.#try(top.owner, this.steps - top.begunAt);
  }

  /** All parts can be cloned; the object itself perhaps cannot, being one of the platform's. */
  #try(object: object, steps: number): Omit<Fault, 'path'> | undefined {
    if (steps > MAX_TRIAL_STEPS || isContainer(object) || this.#trials++ >= MAX_TRIALS) return undefined;
    return isCloneable(object, this.#to) ? undefined : { what: `${describe(object)} cannot be cloned` };
  }

  /** Looks at a value by itself, and goes on with its parts. */
  #enter(value: unknown): Omit<Fault, 'path'> | undefined {
    if (typeof value === 'function' || typeof value === 'symbol')
      return { what: `${describe(value)} cannot be cloned` };
    if (typeof value !== 'object' || value === null || this.#seen.has(value) || this.#moved.has(value))
      return undefined;
    this.#seen.add(value);
    if (types.isProxy(value)) return { what: 'a Proxy cannot be cloned' };
    // most are plain: nothing more is asked of these
    if (isArray(value)) return this.#goOn(itemsOf(value));
    if (getPrototypeOf(value) === PLAIN) return this.#goOn(new Properties(value, keysOf(value), true));
    if (isMoved(value)) return { what: MISPLACED, isMisuse: true };
    if (isCrossing(value)) return this.#crossing(value);
    if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return this.#memory(value);
    if (wasmModule !== undefined && this.#to === 'process' && getPrototypeOf(value) === wasmModule)
      return { what: 'a WebAssembly.Module cannot be cloned: send the bytes it was made of' };
    if (isRefused(value)) return { what: `${describe(value)} cannot be cloned` };
    const parts = partsOf(value);
    return parts && this.#goOn(parts);
  }

  #goOn(parts: Parts): undefined {
    parts.begunAt = this.steps;
    this.#way.push(parts);
  }

  /** An object of ours goes in an envelope, which takes it out of plain objects and of what else holds others. */
  #crossing(value: object): Omit<Fault, 'path'> | undefined {
    const isReachable = this.#way.every(({ owner }) => isContainer(owner));
    if (isReachable && !this.refusesCrossing) {
      this.hasCrossing = true;
      return undefined;
    }
    if (this.#to === 'process') return { what: `${describe(value)}, being shared memory, cannot be cloned` };
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

/** Whether it is an array, a Map, a Set, or a plain object of any realm. */
export function isContainer(object: object): boolean {
  if (isArray(object) || types.isMap(object) || types.isSet(object)) return true;
  const prototype: unknown = getPrototypeOf(object);
  return prototype === null || getPrototypeOf(prototype) === null;
}

function isRefused(object: object): boolean {
  return (
    types.isPromise(object) ||
    types.isWeakMap(object) ||
    types.isWeakSet(object) ||
    types.isGeneratorObject(object) ||
    types.isSymbolObject(object) ||
    types.isArgumentsObject(object)
  );
}

/** The parts that a structured clone reads; `undefined` where it reads none. */
function partsOf(object: object): Parts | undefined {
  if (types.isMap(object)) return new Entries(object);
  if (types.isSet(object)) return new Members(object);
  if (types.isDate(object) || types.isRegExp(object) || types.isBoxedPrimitive(object)) return undefined;
  if (types.isNativeError(object)) return new Properties(object, hasOwn(object, 'cause') ? ['cause'] : []);
  return new Properties(object, keysOf(object));
}

/** By their keys where there are further ones, or holes: as far as that can be told at little cost. */
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
