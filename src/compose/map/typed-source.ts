import { type Chunk, type ItemList, type ItemSource, lengthOf, MOST_COPIED, type TypedArray } from './item-source.js';

/** Items of a typed array. Chunks and their results are copied; the results go into one array at the end. */
export class TypedSource implements ItemSource {
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
    // a view would be sent with its whole buffer, and `slice` of a `Buffer` returns a view
    const items = copyOf(this.#items.subarray(this.#position, this.#position + max));
    this.#position += items.length;
    return items.length === 0 ? undefined : { items, target: 'same' };
  }

  close(): void {}

  collect(parts: readonly ItemList[]): TypedArray {
    const all = emptyLike(this.#items, lengthOf(parts));
    let end = 0;
    for (const part of parts) {
      all.set(part as ArrayLike<never>, end);
      end += part.length;
    }
    return all;
  }
}

/** Items in shared memory. Nothing is copied: workers read the items and write the results in place. */
export class SharedSource implements ItemSource {
  readonly length: number;
  readonly most = Number.POSITIVE_INFINITY;
  readonly #items: TypedArray;
  readonly #results: TypedArray;
  #position = 0;

  constructor(items: TypedArray) {
    this.#items = items;
    this.length = items.length;
    const TypedArrayClass = classOf(items);
    this.#results = new TypedArrayClass(new SharedArrayBuffer(this.length * items.BYTES_PER_ELEMENT));
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

type TypedArrayClass = new (lengthOrBuffer: number | SharedArrayBuffer) => TypedArray;

const classes = new Map<string, TypedArrayClass>(
  [
    ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array],
    ...[Float32Array, Float64Array, BigInt64Array, BigUint64Array],
    ...float16(),
  ].map((each) => [each.name, each as unknown as TypedArrayClass]),
);

/** `Float16Array`, if this version of Node.js has it. */
function float16(): (typeof Float32Array)[] {
  const found: unknown = Reflect.get(globalThis, 'Float16Array');
  return found === undefined ? [] : [found as typeof Float32Array];
}

function classOf(array: TypedArray): TypedArrayClass {
  return classes.get(array[Symbol.toStringTag]) as TypedArrayClass;
}

function copyOf(array: TypedArray): TypedArray {
  const copy = new (classOf(array))(array.length);
  copy.set(array as ArrayLike<unknown> as ArrayLike<never>);
  return copy;
}

/** Returns a new `Buffer` for a `Buffer`, otherwise an array of the same kind. */
function emptyLike(array: TypedArray, length: number): TypedArray {
  return Buffer.isBuffer(array) ? Buffer.alloc(length) : new (classOf(array))(length);
}
