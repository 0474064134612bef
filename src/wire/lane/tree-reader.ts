import { define } from '../../base/define.js';
import { type ReceivedBuffers, viewOf } from './known-buffers.js';
import {
  float,
  halves,
  KIND_BITS,
  KIND_MASK,
  Kind,
  type Plain,
  SHARED_WORDS,
  type Shape,
  stringWords,
  TEXTS_AT,
  TREE_END,
  TREE_HEAD,
  type TreeMemory,
  WORD_BYTES,
} from './tree-format.js';

/** A shape that the reader has learned. */
interface KnownShape {
  readonly keys: Shape;
  /** An object of that shape. To copy it is several times as fast as to add the keys one by one. */
  readonly template: Plain;
}

export class TreeReader {
  readonly #words: Int32Array;
  readonly #bytes: Buffer;
  readonly #buffers: ReceivedBuffers | undefined;
  readonly #shapes: KnownShape[] = [];
  /** Number of shapes without those of the value that is being read. */
  #known = 0;
  /** The word behind the value that was read last. */
  cursor = 0;
  /** The batch of strings that is read, where the next string in it begins, and the word at which the next batch does. */
  #batch = '';
  #batchAt = 0;
  #nextBatch = 0;

  constructor(memory: TreeMemory, buffers?: ReceivedBuffers) {
    this.#words = memory.words;
    this.#bytes = memory.bytes;
    this.#buffers = buffers;
  }

  /** Reads the value that begins at the word `cursor`. */
  read(cursor: number): unknown {
    this.#begin(cursor);
    const value = this.#take();
    this.#end(cursor);
    return value;
  }

  #begin(cursor: number): void {
    this.cursor = cursor + TREE_HEAD;
    this.#nextBatch = cursor + (this.#words[cursor + TEXTS_AT] as number);
    this.#batch = '';
    this.#batchAt = 0;
  }

  #end(cursor: number): void {
    this.cursor = cursor + (this.#words[cursor + TREE_END] as number);
    this.#batch = ''; // not kept alive
    this.#batchAt = 0;
    this.#known = this.#shapes.length;
  }

  /**
   * Skips the value that begins at the word `cursor`, because `read` failed to read it or one before it in the same entry. Learns
   * its shapes, as the writer has counted them. Returns the word behind the value.
   */
  pass(cursor: number): number {
    this.#shapes.length = this.#known;
    this.#begin(cursor);
    this.#pass();
    this.#end(cursor);
    return this.cursor;
  }

  #pass(): void {
    const head = this.#words[this.cursor++] ?? 0;
    const value = head >> KIND_BITS;
    switch (head & KIND_MASK) {
      case Kind.DOUBLE:
      case Kind.DATE:
        this.cursor += 2;
        break;
      case Kind.LATIN1:
        this.cursor += stringWords(value);
        break;
      case Kind.UTF16:
        this.cursor += stringWords(2 * value);
        break;
      case Kind.ARRAY:
        this.#passMany(value);
        break;
      case Kind.OBJECT:
        this.#passMany(this.#keysOf(value).length);
        break;
      case Kind.NEW_SHAPE:
        this.#passMany(this.#keysOf(this.#learn(value)).length);
        break;
      case Kind.SHARED:
        this.#buffers?.pass(this.#words[this.cursor] ?? 0);
        this.cursor += SHARED_WORDS - 1;
        break;
      case Kind.TEXT:
        this.#takeString(value);
        break;
    }
  }

  #passMany(count: number): void {
    for (let i = 0; i < count; i++) this.#pass();
  }

  #keysOf(shape: number): Shape {
    return (this.#shapes[shape] as KnownShape).keys;
  }

  #take(): unknown {
    const head = this.#words[this.cursor++] ?? 0;
    const value = head >> KIND_BITS;
    switch (head & KIND_MASK) {
      case Kind.NULL:
        return null;
      case Kind.TRUE:
        return true;
      case Kind.FALSE:
        return false;
      case Kind.INTEGER:
        return value;
      case Kind.DOUBLE:
        return this.#takeDouble();
      case Kind.DATE:
        return new Date(this.#takeDouble());
      case Kind.LATIN1:
        return this.#takeText('latin1', value);
      case Kind.UTF16:
        return this.#takeText('utf16le', 2 * value);
      case Kind.ARRAY:
        return this.#takeArray(value);
      case Kind.OBJECT:
        return this.#takeObject(value);
      case Kind.NEW_SHAPE:
        return this.#takeObject(this.#learn(value));
      case Kind.SHARED:
        return this.#takeShared(value);
      case Kind.TEXT:
        return this.#takeString(value);
      default:
        return undefined;
    }
  }

  #takeDouble(): number {
    halves[0] = this.#words[this.cursor++] ?? 0;
    halves[1] = this.#words[this.cursor++] ?? 0;
    return float[0] ?? 0;
  }

  #takeShared(type: number): object | undefined {
    const buffer = this.#buffers?.get(this.#words[this.cursor++] ?? 0);
    const byteOffset = this.#takeDouble();
    const length = this.#takeDouble();
    return buffer && viewOf({ type, buffer, byteOffset, length });
  }

  #takeText(encoding: 'latin1' | 'utf16le', bytes: number): string {
    const start = this.cursor * WORD_BYTES;
    this.cursor += stringWords(bytes);
    return this.#bytes.toString(encoding, start, start + bytes);
  }

  /** Takes the next string of the batches. */
  #takeString(length: number): string {
    if (length === 0) return '';
    if (this.#batchAt === this.#batch.length) this.#readBatch();
    const end = this.#batchAt + length;
    const text = this.#batch.slice(this.#batchAt, end);
    this.#batchAt = end;
    return text;
  }

  #readBatch(): void {
    const head = this.#words[this.#nextBatch] as number;
    const start = (this.#nextBatch + 1) * WORD_BYTES;
    const bytes = head >> 1;
    this.#batch = this.#bytes.toString((head & 1) === 1 ? 'utf16le' : 'latin1', start, start + bytes);
    this.#batchAt = 0;
    this.#nextBatch += 1 + stringWords(bytes);
  }

  #takeArray(length: number): unknown[] {
    const array: unknown[] = [];
    for (let i = 0; i < length; i++) array.push(this.#take());
    return array;
  }

  #takeObject(number: number): Plain {
    const { keys, template } = this.#shapes[number] as KnownShape;
    const object = { ...template };
    for (const key of keys) object[key] = this.#take(); // an own property already: no setter of a prototype is called
    return object;
  }

  #learn(count: number): number {
    const keys: string[] = [];
    const template: Plain = {};
    for (let i = 0; i < count; i++) {
      const key = this.#take() as string;
      keys.push(key);
      // an assignment of e.g. `toString` would fail below a frozen prototype
      define(template, key, undefined);
    }
    return this.#shapes.push({ keys, template }) - 1;
  }
}
