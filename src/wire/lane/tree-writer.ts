import { types } from 'node:util';
import { type SentBuffers, sharedPartOf } from './known-buffers.js';
import { hasKeys, hasNames, isExotic, isOrdinary, SentShapes } from './shapes.js';
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
  TEXTS_AT,
  TREE_END,
  TREE_HEAD,
  type TreeMemory,
  WORD_BYTES,
} from './tree-format.js';

/** Most objects in an entry of a lane. */
const MAX_OBJECTS = 64;
/** Longest string that goes into a batch; length at which a batch ends, as code that keeps one of its strings keeps it alive. */
const BATCH_CHARS = 1024;

/** After this many refusals in a row, only one value in `TRY_EVERY` is tried. */
const HOPELESS = 8;

const TRY_EVERY = 32;

// Captured before any task can replace them.
const { getOwnPropertyDescriptor, getPrototypeOf, hasOwn, keys: keysOf, prototype: PLAIN } = Object;

const { toString: tagOf } = PLAIN;

const { getTime: timeOf } = Date.prototype;

const { apply } = Reflect;

const { isArray } = Array;

export class TreeWriter {
  #words: Int32Array;
  #bytes: Buffer;
  readonly #buffers: SentBuffers | undefined;
  /** Returns larger memory with what is in the present one. Without it, a tree has the bounds of an entry. */
  readonly #grow: (() => TreeMemory) | undefined;
  readonly #shapes = new SentShapes();
  /** By depth: the shape of the object that was written last, if it has names. */
  readonly #lastShapes: number[] = new Array<number>(MAX_DEPTH).fill(-1);
  /** The objects of the current entry, to find one that comes again. */
  readonly #objects: object[] = new Array<object>(MAX_OBJECTS);
  #count = 0;
  /** In place of `#objects`, for a tree without bounds. */
  readonly #met: Set<object> | undefined;
  #cursor = 0;
  #limit = 0;
  /** The strings of the current tree: full batches, and the one that is not full. */
  #batches: string[] = [];
  #batch = '';
  /** Number of values refused in a row. */
  #refusals = 0;

  /**
   * @param parts.buffers shared memory that the other side keeps.
   * @param parts.grow returns larger memory with what is in the present one.
   */
  constructor(
    memory: TreeMemory,
    parts: { readonly buffers?: SentBuffers | undefined; readonly grow?: () => TreeMemory } = {},
  ) {
    const { buffers, grow } = parts;
    this.#words = memory.words;
    this.#bytes = memory.bytes;
    this.#buffers = buffers;
    this.#grow = grow;
    this.#met = grow && new Set();
  }

  /** Writes into other memory from now on. */
  use({ words, bytes }: TreeMemory): void {
    this.#words = words;
    this.#bytes = bytes;
  }

  /**
   * Writes a value of an entry from the word `cursor` on. Returns the word behind it, or -1 if the codec does not carry it. The
   * entry's values are one graph: an object that two of them contain is refused.
   */
  write(value: object | string | boolean, cursor: number, limit: number): number {
    if (this.#isHopeless) return -1;
    this.#cursor = cursor + TREE_HEAD;
    this.#limit = limit;
    try {
      this.#put(value, 0);
      const textsAt = this.#cursor;
      this.#putBatches();
      this.#words[cursor + TEXTS_AT] = textsAt - cursor;
      this.#words[cursor + TREE_END] = this.#cursor - cursor;
      this.#refusals = 0;
      return this.#cursor;
    } catch {
      // refused, or a getter has thrown: the structured clone reports that
      this.#refusals++;
      this.#batches = [];
      this.#batch = '';
      return -1;
    }
  }

  /** The current entry is written. */
  keep(): void {
    this.#shapes.keep();
    this.#buffers?.keep();
    this.#letGo();
  }

  /** The current entry is not written: the reader does not learn its shapes. */
  abandon(): void {
    this.#shapes.abandon();
    this.#buffers?.abandon();
    this.#letGo();
  }

  #letGo(): void {
    if (this.#count === 0) return;
    if (this.#met === undefined) this.#objects.fill(PLAIN, 0, this.#count);
    else this.#met.clear();
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
    this.#needRoom(1);
    this.#words[this.#cursor++] = kind | (value << KIND_BITS);
  }

  #needRoom(words: number): void {
    if (this.#cursor + words > this.#limit) this.#makeRoom(words);
  }

  /** Refuses the value if the memory is a lane's. */
  #makeRoom(words: number): void {
    while (this.#cursor + words > this.#limit) {
      if (this.#grow === undefined) throw REFUSED;
      const memory = this.#grow();
      this.use(memory);
      this.#limit = memory.words.length;
    }
  }

  #putNumber(value: number): void {
    if ((value | 0) === value && value <= MAX_INTEGER && value >= -MAX_INTEGER && !Object.is(value, -0))
      this.#head(Kind.INTEGER, value);
    else this.#putDouble(Kind.DOUBLE, value);
  }

  #putDouble(kind: number, value: number): void {
    this.#needRoom(3);
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
    if (length > BATCH_CHARS) {
      if (this.#grow !== undefined) throw REFUSED; // the engine copies it faster
      this.#putLong(text);
      return;
    }
    this.#batch += text;
    if (this.#batch.length >= BATCH_CHARS) this.#endBatch();
    this.#head(Kind.TEXT, length);
  }

  #endBatch(): void {
    this.#batches.push(this.#batch);
    this.#batch = '';
  }

  /** Puts the strings behind the tree. */
  #putBatches(): void {
    if (this.#batches.length > 0) {
      for (const batch of this.#batches) this.#putBatch(batch);
      this.#batches = [];
    }
    if (this.#batch === '') return;
    this.#putBatch(this.#batch);
    this.#batch = '';
  }

  /** A batch is a word, how many bytes its characters take and whether that is two each, and the characters. */
  #putBatch(text: string): void {
    const { length } = text;
    this.#needRoom(1 + stringWords(length));
    const start = (this.#cursor + 1) * WORD_BYTES;
    const isWide = !this.#writeLatin1(text, start);
    const bytes = isWide ? 2 * length : length;
    if (isWide) {
      this.#needRoom(1 + stringWords(bytes));
      this.#bytes.write(text, start, 'utf16le');
    }
    this.#words[this.#cursor] = (bytes << 1) | (isWide ? 1 : 0);
    this.#cursor += 1 + stringWords(bytes);
  }

  #putLong(text: string): void {
    const { length } = text;
    this.#needRoom(1 + stringWords(length));
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
    this.#needRoom(1 + stringWords(2 * text.length));
    this.#bytes.write(text, (this.#cursor + 1) * WORD_BYTES, 'utf16le');
    this.#head(Kind.UTF16, text.length);
    this.#cursor += stringWords(2 * text.length);
  }

  #putObject(object: object, depth: number): void {
    if (depth === MAX_DEPTH || types.isProxy(object)) throw REFUSED;
    this.#meet(object);
    if (isArray(object)) {
      this.#putArray(object, depth);
    } else if (getPrototypeOf(object) === PLAIN && this.#putPlain(object as Plain, depth)) {
      return;
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
    if (this.#met !== undefined) {
      this.#met.add(object);
      if (this.#met.size !== ++this.#count) throw REFUSED;
      return;
    }
    const objects = this.#objects;
    for (let i = 0; i < this.#count; i++) if (objects[i] === object) throw REFUSED;
    if (this.#count === MAX_OBJECTS) throw REFUSED;
    objects[this.#count++] = object;
  }

  #putArray(array: readonly unknown[], depth: number): void {
    const { length } = array;
    // the engine copies long lists of numbers faster
    if (length > MAX_ITEMS && (this.#grow === undefined || typeof array[0] === 'number')) throw REFUSED;
    if (keysOf(array).length !== length) throw REFUSED; // it has holes, or other keys
    this.#head(Kind.ARRAY, length);
    for (let i = 0; i < length; i++) {
      const item = array[i];
      if (item === undefined && !hasOwn(array, i)) throw REFUSED;
      this.#put(item, depth + 1);
    }
  }

  /** Writes an object that is plain, as its prototype is. Returns false if it only looks so. */
  #putPlain(object: Plain, depth: number): boolean {
    // an object mostly has the keys of the one before at its depth
    const last = this.#lastShapes[depth] as number;
    const lastKeys = this.#shapes.keysOf(last);
    if (lastKeys !== undefined && hasKeys(object, lastKeys)) {
      this.#head(Kind.OBJECT, last);
      this.#putAlike(object, lastKeys, depth);
      return true;
    }
    if (apply(tagOf, object, []) !== '[object Object]') return false;
    const keys = keysOf(object);
    const shape = this.#shapes.find(keys);
    if (shape < 0) {
      this.#putFirst(object, keys, depth);
      return true;
    }
    if (keys.length === 0 && isExotic(object)) throw REFUSED;
    if (hasNames(keys)) this.#lastShapes[depth] = shape;
    this.#head(Kind.OBJECT, shape);
    this.#putValues(object, keys, depth);
    return true;
  }

  /**
   * Writes the first object of its shape. Refuses one with a getter, which the clone would call again, and one that only looks
   * plain. Later objects of the shape are not checked: they are almost always alike, and the check takes as long as all the rest.
   */
  #putFirst(object: Plain, keys: Shape, depth: number): void {
    for (const key of keys) if (getOwnPropertyDescriptor(object, key)?.get !== undefined) throw REFUSED;
    const shape = this.#define(keys);
    if (hasNames(keys)) this.#lastShapes[depth] = shape;
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

  /** Like `putValues`, for an object that was found to have these keys: faster, as no key is looked up. */
  #putAlike(object: Plain, keys: Shape, depth: number): void {
    let count = 0;
    for (const key in object) {
      this.#put(object[key], depth + 1);
      count++;
    }
    if (count !== keys.length) throw REFUSED; // a getter has deleted a property
  }

  /** Returns the number of the shape. */
  #define(keys: Shape): number {
    if (keys.length > MAX_KEYS || this.#shapes.size === MAX_SHAPES || keys.includes('__proto__')) throw REFUSED;
    this.#head(Kind.NEW_SHAPE, keys.length);
    for (const key of keys) this.#putString(key);
    return this.#shapes.add(keys);
  }
}
