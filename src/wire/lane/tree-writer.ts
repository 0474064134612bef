import { types } from 'node:util';
import { type SentBuffers, sharedPartOf } from './known-buffers.js';
import {
  BEYOND_LATIN1,
  float,
  halves,
  KIND_BITS,
  Kind,
  MAX_DEPTH,
  MAX_INTEGER,
  MAX_ITEMS,
  MAX_KEYS,
  MAX_SHAPES,
  type Plain,
  REFUSED,
  SHARED_WORDS,
  SHORT_STRING,
  type Shape,
  stringWords,
  type TreeMemory,
  WORD_BYTES,
} from './tree-format.js';

/** Most objects in an entry. */
const MAX_OBJECTS = 64;

/** After this many refusals in a row, only one value in `TRY_EVERY` is tried. */
const HOPELESS = 8;

const TRY_EVERY = 32;

// Captured before any task can replace them.
const { getOwnPropertyDescriptor, getPrototypeOf, hasOwn, keys: keysOf, prototype: PLAIN } = Object;

const { toString: tagOf } = PLAIN;

const { getTime: timeOf } = Date.prototype;

const { apply } = Reflect;

const { isArray } = Array;

const cloneOf = globalThis.structuredClone;

export class TreeWriter {
  readonly #words: Int32Array;
  readonly #bytes: Buffer;
  readonly #buffers: SentBuffers | undefined;
  readonly #shapes: Shape[] = [];
  /** The numbers of the shapes, by their first key. */
  readonly #byFirstKey = new Map<string | undefined, number[]>();
  /** Number of shapes before the current entry. */
  #known = 0;
  /** The objects of the current entry, to find one that comes again. */
  readonly #objects: object[] = new Array<object>(MAX_OBJECTS);
  #count = 0;
  #cursor = 0;
  #limit = 0;
  /** Number of values refused in a row. */
  #refusals = 0;

  constructor(memory: TreeMemory, buffers?: SentBuffers) {
    this.#words = memory.words;
    this.#bytes = memory.bytes;
    this.#buffers = buffers;
  }

  /**
   * Writes a value of an entry from the word `cursor` on. Returns the word behind it, or -1 if the codec does not carry it. The
   * entry's values are one graph: an object that two of them contain is refused.
   */
  write(value: object | string | boolean, cursor: number, limit: number): number {
    if (this.#isHopeless) return -1;
    this.#cursor = cursor;
    this.#limit = limit;
    try {
      this.#put(value, 0);
      this.#refusals = 0;
      return this.#cursor;
    } catch {
      // refused, or a getter has thrown: the structured clone reports that
      this.#refusals++;
      return -1;
    }
  }

  /** The current entry is written. */
  keep(): void {
    this.#known = this.#shapes.length;
    this.#buffers?.keep();
    this.#letGo();
  }

  /** The current entry is not written: the reader does not learn its shapes. */
  abandon(): void {
    while (this.#shapes.length > this.#known) this.#byFirstKey.get(this.#shapes.pop()?.[0])?.pop();
    this.#buffers?.abandon();
    this.#letGo();
  }

  #letGo(): void {
    if (this.#count === 0) return;
    this.#objects.fill(PLAIN, 0, this.#count);
    this.#count = 0;
  }

  /** Whether to refuse a value without trying it. */
  get #isHopeless(): boolean {
    if (this.#refusals < HOPELESS) return false;
    this.#refusals++;
    return this.#refusals % TRY_EVERY !== 0;
  }

  #put(value: unknown, depth: number): void {
    switch (typeof value) {
      case 'string':
        this.#putString(value);
        break;
      case 'number':
        this.#putNumber(value);
        break;
      case 'boolean':
        this.#head(value ? Kind.TRUE : Kind.FALSE, 0);
        break;
      case 'undefined':
        this.#head(Kind.UNDEFINED, 0);
        break;
      case 'object':
        if (value === null) this.#head(Kind.NULL, 0);
        else this.#putObject(value, depth);
        break;
      default:
        throw REFUSED;
    }
  }

  #head(kind: number, value: number): void {
    if (this.#cursor >= this.#limit) throw REFUSED;
    this.#words[this.#cursor++] = kind | (value << KIND_BITS);
  }

  #putNumber(value: number): void {
    if ((value | 0) === value && value <= MAX_INTEGER && value >= -MAX_INTEGER && !Object.is(value, -0))
      this.#head(Kind.INTEGER, value);
    else this.#putDouble(Kind.DOUBLE, value);
  }

  #putDouble(kind: number, value: number): void {
    if (this.#cursor + 3 > this.#limit) throw REFUSED;
    this.#head(kind, 0);
    this.#writeDouble(value);
  }

  #writeDouble(value: number): void {
    float[0] = value;
    this.#words[this.#cursor++] = halves[0] ?? 0;
    this.#words[this.#cursor++] = halves[1] ?? 0;
  }

  #putString(text: string): void {
    const { length } = text;
    if (this.#cursor + 1 + stringWords(length) > this.#limit) throw REFUSED;
    if (!this.#writeLatin1(text, (this.#cursor + 1) * WORD_BYTES)) {
      this.#putUtf16(text);
      return;
    }
    this.#head(Kind.LATIN1, length);
    this.#cursor += stringWords(length);
  }

  /** Returns false if the text has other characters. */
  #writeLatin1(text: string, start: number): boolean {
    const bytes = this.#bytes;
    const { length } = text;
    if (length > SHORT_STRING) {
      if (BEYOND_LATIN1.test(text)) return false;
      bytes.write(text, start, 'latin1');
      return true;
    }
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0xff) return false;
      bytes[start + i] = code;
    }
    return true;
  }

  #putUtf16(text: string): void {
    if (this.#cursor + 1 + stringWords(2 * text.length) > this.#limit) throw REFUSED;
    this.#bytes.write(text, (this.#cursor + 1) * WORD_BYTES, 'utf16le');
    this.#head(Kind.UTF16, text.length);
    this.#cursor += stringWords(2 * text.length);
  }

  #putObject(object: object, depth: number): void {
    if (depth === MAX_DEPTH || types.isProxy(object)) throw REFUSED;
    this.#meet(object);
    if (isArray(object)) {
      this.#putArray(object, depth);
    } else if (getPrototypeOf(object) === PLAIN && apply(tagOf, object, []) === '[object Object]') {
      this.#putPlain(object as Plain, depth);
    } else if (types.isDate(object)) {
      this.#putDouble(Kind.DATE, apply(timeOf, object, []));
    } else {
      this.#putShared(object);
    }
  }

  #putShared(object: object): void {
    const part = this.#buffers && sharedPartOf(object);
    const number = part && this.#buffers?.numberOf(part.buffer);
    if (part === undefined || number === undefined || this.#cursor + SHARED_WORDS > this.#limit) throw REFUSED;
    this.#head(Kind.SHARED, part.type);
    this.#words[this.#cursor++] = number;
    this.#writeDouble(part.byteOffset);
    this.#writeDouble(part.length);
  }

  /** Refuses an object that comes again, as it would arrive as two. */
  #meet(object: object): void {
    const objects = this.#objects;
    for (let i = 0; i < this.#count; i++) if (objects[i] === object) throw REFUSED;
    if (this.#count === MAX_OBJECTS) throw REFUSED;
    objects[this.#count++] = object;
  }

  #putArray(array: readonly unknown[], depth: number): void {
    const { length } = array;
    // no holes, and no other keys
    if (length > MAX_ITEMS || keysOf(array).length !== length) throw REFUSED;
    this.#head(Kind.ARRAY, length);
    for (let i = 0; i < length; i++) {
      if (!hasOwn(array, i)) throw REFUSED;
      this.#put(array[i], depth + 1);
    }
  }

  #putPlain(object: Plain, depth: number): void {
    const keys = keysOf(object);
    const shape = this.#find(keys);
    if (shape < 0) {
      this.#putFirst(object, keys, depth);
      return;
    }
    if (keys.length === 0 && isExotic(object)) throw REFUSED;
    this.#head(Kind.OBJECT, shape);
    this.#putValues(object, keys, depth);
  }

  /**
   * Writes the first object of its shape. Refuses one with a getter, which the clone would call again, and one that only looks
   * plain. Later objects of the shape are not checked: they are almost always alike, and the check takes as long as all the rest.
   */
  #putFirst(object: Plain, keys: Shape, depth: number): void {
    for (const key of keys) if (getOwnPropertyDescriptor(object, key)?.get !== undefined) throw REFUSED;
    this.#define(keys);
    this.#putValues(object, keys, depth);
    if (!isOrdinary(object)) throw REFUSED;
  }

  #putValues(object: Plain, keys: Shape, depth: number): void {
    for (const key of keys) {
      const value = object[key];
      // a getter read before may have deleted the property
      if (value === undefined && !hasOwn(object, key)) throw REFUSED;
      this.#put(value, depth + 1);
    }
  }

  #find(keys: Shape): number {
    const candidates = this.#byFirstKey.get(keys[0]);
    if (candidates === undefined) return -1;
    for (const number of candidates) if (areSame(this.#shapes[number], keys)) return number;
    return -1;
  }

  #define(keys: Shape): void {
    if (keys.length > MAX_KEYS || this.#shapes.length === MAX_SHAPES || keys.includes('__proto__')) throw REFUSED;
    this.#head(Kind.NEW_SHAPE, keys.length);
    for (const key of keys) this.#putString(key);
    const number = this.#shapes.push(keys) - 1;
    const others = this.#byFirstKey.get(keys[0]);
    if (others === undefined) this.#byFirstKey.set(keys[0], [number]);
    else others.push(number);
  }
}

/**
 * Whether an object that looks plain is plain to the structured clone, to which a Map whose prototype was replaced is still a
 * Map. Takes 0.6 us for an object without properties.
 */
function isOrdinary(object: object): boolean {
  if (ArrayBuffer.isView(object)) return false;
  const prototype: unknown = getPrototypeOf(cloneOf(object));
  return prototype !== null && getPrototypeOf(prototype) === null; // the Object.prototype of any realm
}

/** Cheap check of an object without properties that is not the first such one of the lane: whether it only looks plain. */
function isExotic(object: object): boolean {
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
