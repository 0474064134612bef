import { types } from 'node:util';
import { setImmediate } from '../../base/clock.js';
import { packed } from '../../base/packed-numbers.js';
import { race } from '../../base/promises.js';
import { describe } from '../../errors.js';

export type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** Items, or results: an array or a typed array. */
export type List = ArrayLike<unknown>;

/** What one job of a map is given: the items, and where their results go. */
export interface Chunk {
  readonly items: List;
  /** `undefined`: a list of its own. `'same'`: a typed array of the items' kind. Or this one, shared. */
  readonly target: undefined | 'same' | TypedArray;
}

/** Where a map's items come from. */
export interface Source {
  /** How many items there are, where that is known. */
  readonly length: number | undefined;
  /** How many items are to be read at once, at most. */
  readonly most: number;
  /** Reads up to `max` items; `undefined` at the end. What the iterable throws, it throws. */
  read(max: number): Chunk | undefined | Promise<Chunk | undefined>;
  /** Tells the iterable that no more will be read. */
  close(): void;
  /** The list of all results. */
  collect(parts: readonly List[]): unknown;
}

/** Both threads are held up while items are copied. */
const MOST_COPIED = 2 ** 16;

/** @throws {TypeError} when the items cannot be iterated over. */
export function sourceOf(items: unknown, action: string): Source {
  if (types.isTypedArray(items)) {
    const array = items as TypedArray;
    return types.isSharedArrayBuffer(array.buffer) ? new SharedSource(array) : new TypedSource(array);
  }
  if (Array.isArray(items)) return new ArraySource(items);
  const iterable: Partial<AsyncIterable<unknown> & Iterable<unknown>> = Object(items);
  if (typeof iterable[Symbol.asyncIterator] === 'function')
    return new AsyncSource((items as AsyncIterable<unknown>)[Symbol.asyncIterator]());
  if (typeof iterable[Symbol.iterator] === 'function')
    return new IteratorSource((items as Iterable<unknown>)[Symbol.iterator]());
  throw new TypeError(`Cannot ${action}: the items must be iterable, received ${describe(items)}`);
}

function chunkOf(items: readonly unknown[]): Chunk {
  return { items: packed(items), target: undefined };
}

function lengthOf(parts: readonly List[]): number {
  return parts.reduce((length, part) => length + part.length, 0);
}

function flatten(parts: readonly List[]): unknown[] {
  const all = new Array<unknown>(lengthOf(parts));
  let end = 0;
  for (const part of parts) for (let i = 0; i < part.length; i++) all[end++] = part[i];
  return all;
}

class ArraySource implements Source {
  readonly length: number;
  readonly most = MOST_COPIED;
  readonly #items: readonly unknown[];
  #position = 0;

  constructor(items: readonly unknown[]) {
    this.#items = items;
    this.length = items.length;
  }

  read(max: number): Chunk | undefined {
    const items = this.#items.slice(this.#position, this.#position + max);
    this.#position += items.length;
    return items.length === 0 ? undefined : chunkOf(items);
  }

  close(): void {}

  collect(parts: readonly List[]): unknown[] {
    return flatten(parts);
  }
}

/** Each chunk is a copy; so are its results, which go into one array at the end. */
class TypedSource implements Source {
  readonly length: number;
  readonly most = MOST_COPIED;
  readonly #items: TypedArray;
  #position = 0;

  constructor(items: TypedArray) {
    this.#items = items;
    this.length = items.length;
  }

  read(max: number): Chunk | undefined {
    if (this.#position >= this.length) return undefined;
    // not a view, which would take its whole buffer along; not a `Buffer`, whose `slice` is one
    const items = copyOf(this.#items.subarray(this.#position, this.#position + max));
    this.#position += items.length;
    return items.length === 0 ? undefined : { items, target: 'same' };
  }

  close(): void {}

  collect(parts: readonly List[]): TypedArray {
    const all = emptyLike(this.#items, lengthOf(parts));
    let end = 0;
    for (const part of parts) {
      all.set(part as ArrayLike<never>, end);
      end += part.length;
    }
    return all;
  }
}

/** Nothing is copied: the workers read the items, and write the results, where they are. */
class SharedSource implements Source {
  readonly length: number;
  readonly most = Number.POSITIVE_INFINITY;
  readonly #items: TypedArray;
  readonly #results: TypedArray;
  #position = 0;

  constructor(items: TypedArray) {
    this.#items = items;
    this.length = items.length;
    const Kind = kindOf(items);
    this.#results = new Kind(new SharedArrayBuffer(this.length * items.BYTES_PER_ELEMENT));
  }

  read(max: number): Chunk | undefined {
    if (this.#position >= this.length) return undefined;
    const from = this.#position;
    this.#position = Math.min(this.length, from + max);
    return { items: this.#items.subarray(from, this.#position), target: this.#results.subarray(from, this.#position) };
  }

  close(): void {}

  collect(): TypedArray {
    return this.#results;
  }
}

class IteratorSource implements Source {
  readonly length = undefined;
  readonly most = MOST_COPIED;
  readonly #iterator: Iterator<unknown>;
  /** It has ended, or failed: it is neither asked again nor told to end. */
  #isOver = false;

  constructor(iterator: Iterator<unknown>) {
    this.#iterator = iterator;
  }

  read(max: number): Chunk | undefined {
    const items: unknown[] = [];
    while (items.length < max && !this.#isOver) {
      this.#isOver = true;
      const step = checkStep(this.#iterator.next());
      this.#isOver = Boolean(step.done);
      if (!this.#isOver) items.push(step.value);
    }
    return items.length === 0 ? undefined : chunkOf(items);
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    try {
      this.#iterator.return?.();
    } catch {
      // what it throws now nobody asked for
    }
  }

  collect(parts: readonly List[]): unknown[] {
    return flatten(parts);
  }
}

/** Takes together what comes without a wait: a slow source's items go on one by one, as they come. */
class AsyncSource implements Source {
  readonly length = undefined;
  readonly most = MOST_COPIED;
  readonly #iterator: AsyncIterator<unknown>;
  /** Asked for, and not come yet when the last chunk went on. */
  #pending: Promise<IteratorResult<unknown>> | undefined;
  /** It has ended, or failed: it is neither asked again nor told to end. */
  #isOver = false;

  constructor(iterator: AsyncIterator<unknown>) {
    this.#iterator = iterator;
  }

  async read(max: number): Promise<Chunk | undefined> {
    const items: unknown[] = [];
    while (items.length < max && !this.#isOver) {
      this.#pending ??= this.#next();
      const step = await (items.length === 0 ? this.#pending : race(this.#pending, nextTurn()));
      if (step === NOT_YET) break;
      this.#pending = undefined;
      this.#isOver = Boolean(step.done);
      if (!this.#isOver) items.push(step.value);
    }
    return items.length === 0 ? undefined : chunkOf(items);
  }

  async #next(): Promise<IteratorResult<unknown>> {
    try {
      return checkStep(await this.#iterator.next());
    } catch (error) {
      this.#isOver = true;
      throw error;
    }
  }

  close(): void {
    this.#pending?.catch(() => {});
    if (this.#isOver) return;
    this.#isOver = true;
    // what it throws now nobody asked for
    void (async () => this.#iterator.return?.())().catch(() => {});
  }

  collect(parts: readonly List[]): unknown[] {
    return flatten(parts);
  }
}

const NOT_YET = Symbol('not yet');

function nextTurn(): Promise<typeof NOT_YET> {
  return new Promise((resolve) => setImmediate(() => resolve(NOT_YET)));
}

/** As `for … of` does. */
function checkStep(step: IteratorResult<unknown>): IteratorResult<unknown> {
  if (typeof step === 'object' && step !== null) return step;
  throw new TypeError(`Cannot read the items of a map: next() must give an object, received ${describe(step)}`);
}

type Kind = new (lengthOrBuffer: number | SharedArrayBuffer) => TypedArray;

const kinds = new Map<string, Kind>(
  [
    ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array],
    ...[Float32Array, Float64Array, BigInt64Array, BigUint64Array],
    ...float16(),
  ].map((kind) => [kind.name, kind as unknown as Kind]),
);

/** Not all Nodes have it. */
function float16(): (typeof Float32Array)[] {
  const kind: unknown = Reflect.get(globalThis, 'Float16Array');
  return kind === undefined ? [] : [kind as typeof Float32Array];
}

function kindOf(array: TypedArray): Kind {
  return kinds.get(array[Symbol.toStringTag]) as Kind;
}

function copyOf(array: TypedArray): TypedArray {
  const copy = new (kindOf(array))(array.length);
  copy.set(array as ArrayLike<unknown> as ArrayLike<never>);
  return copy;
}

/** A `Buffer` for a `Buffer`, else an array of the same kind. */
function emptyLike(array: TypedArray, length: number): TypedArray {
  return Buffer.isBuffer(array) ? Buffer.alloc(length) : new (kindOf(array))(length);
}
