import type { ReceivedBuffers, SentBuffers } from './known-buffers.js';
import type { TextReader, TextWriter } from './text-lane.js';
import { TreeReader } from './tree-reader.js';
import { TreeWriter } from './tree-writer.js';

/** How a value travels: in a lane or, if that is not possible, by message. */
export const Tag = Object.freeze({
  UNDEFINED: 0,
  NULL: 1,
  NUMBER: 2,
  /** A short string of one-byte characters. */
  STRING: 3,
  /** Encoded by `TreeWriter`. */
  TREE: 4,
  /** A string in the text lane, if there is one. */
  TEXT: 5,
  /** By message, as it is. */
  MESSAGE: 6,
  /** By message, in an envelope: see `PayloadPort`. */
  ENVELOPE: 7,
} as const);

/** What `RingWriter.put` returns for a value that has to go by message. */
export const NOT_INLINE = -1;

/** Longest string that is written here, character by character; longer ones go as a tree. */
const MAX_INLINE_CHARS = 60;
const WORD_BYTES = Int32Array.BYTES_PER_ELEMENT;

/** Words that a string takes: its length, a word of padding, its characters padded to a multiple of 8 bytes. */
const stringWords = (length: number): number => 2 + (((length + 7) >> 3) << 1);

/**
 * Returns an integer in V8's representation of integers. Until the reader's code is optimised, a `Float64Array` yields floats,
 * and a task that was once given a float computes with floats from then on.
 */
function asInteger(value: number): number {
  const integer = value | 0;
  return integer === value && (integer !== 0 || 1 / value > 0) ? integer : value;
}

/** A lane's memory, as typed arrays for what entries contain. Entries begin at even words, so that floats are aligned. */
abstract class Ring {
  readonly words: Int32Array;
  readonly floats: Float64Array;
  readonly singles: Float32Array;
  readonly bytes: Buffer;
  /** The word at which the next entry begins. */
  offset = 0;
  /** The word at which the next value of the current entry begins. */
  cursor = 0;
  readonly #wrapAt: number;

  constructor(words: Int32Array, wrapAt: number) {
    this.words = words;
    this.floats = new Float64Array(words.buffer);
    this.singles = new Float32Array(words.buffer);
    this.bytes = Buffer.from(words.buffer);
    this.#wrapAt = wrapAt;
  }

  /** Moves to the next entry. Returns how many words the current one took. */
  advance(): number {
    const length = this.cursor - this.offset;
    this.offset = this.cursor >= this.#wrapAt ? 0 : this.cursor;
    return length;
  }
}

export class RingWriter extends Ring {
  readonly #trees: TreeWriter;
  readonly #texts: TextWriter | undefined;
  /** Whether the current entry has strings, shapes or buffers beside the ring. */
  #hasParts = false;

  constructor(words: Int32Array, wrapAt: number, texts?: TextWriter, buffers?: SentBuffers) {
    super(words, wrapAt);
    this.#texts = texts;
    this.#trees = new TreeWriter(this, { buffers });
  }

  override advance(): number {
    if (this.#hasParts) this.#keepParts();
    return super.advance();
  }

  #keepParts(): void {
    this.#hasParts = false;
    this.#trees.keep();
    this.#texts?.keep();
  }

  /** Drops what was put from the word `start` on. */
  abandon(start: number): void {
    this.#hasParts = false;
    this.#trees.abandon();
    this.#texts?.abandon();
    this.cursor = start;
  }

  /** Writes the value at the cursor and returns its tag; `NOT_INLINE` if it has to go by message. */
  put(value: unknown, limit: number): number {
    // no `switch` over `typeof`, which is compiled to a call
    if (typeof value === 'number') {
      if (this.cursor + 2 > limit) return NOT_INLINE;
      this.floats[this.cursor >> 1] = value;
      this.cursor += 2;
      return Tag.NUMBER;
    }
    if (typeof value === 'string') return this.#putString(value, limit);
    if (value === undefined) return Tag.UNDEFINED;
    if (value === null) return Tag.NULL;
    if (typeof value === 'object' || typeof value === 'boolean') return this.#putTree(value, limit);
    return NOT_INLINE;
  }

  #putString(text: string, limit: number): number {
    const { length } = text;
    if (this.cursor + 2 <= limit && this.#texts?.put(text)) {
      this.#hasParts = true;
      this.words[this.cursor] = length;
      this.cursor += 2;
      return Tag.TEXT;
    }
    if (length > MAX_INLINE_CHARS) return this.#putTree(text, limit);
    if (this.cursor + stringWords(length) > limit) return NOT_INLINE;
    const start = (this.cursor + 2) * WORD_BYTES;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0xff) return this.#putTree(text, limit);
      this.bytes[start + i] = code;
    }
    this.words[this.cursor] = length;
    this.cursor += stringWords(length);
    return Tag.STRING;
  }

  #putTree(value: object | string | boolean, limit: number): number {
    this.#hasParts = true;
    const end = this.#trees.write(value, this.cursor, limit);
    if (end < 0) return NOT_INLINE;
    this.cursor = (end + 1) & ~1; // floats are aligned
    return Tag.TREE;
  }
}

export class RingReader extends Ring {
  readonly #trees: TreeReader;
  readonly #texts: TextReader | undefined;

  constructor(words: Int32Array, wrapAt: number, texts?: TextReader, buffers?: ReceivedBuffers) {
    super(words, wrapAt);
    this.#texts = texts;
    this.#trees = new TreeReader(this, buffers);
  }

  takeFloat(): number {
    const value = this.floats[this.cursor >> 1] ?? 0;
    this.cursor += 2;
    return value;
  }

  /** Reads the value with that inline tag at the cursor. If that throws, the cursor stays: `pass` goes on from there. */
  take(tag: number): unknown {
    switch (tag) {
      case Tag.NUMBER:
        return asInteger(this.takeFloat());
      case Tag.STRING: {
        const length = this.words[this.cursor] ?? 0;
        const start = (this.cursor + 2) * WORD_BYTES;
        const text = this.bytes.toString('latin1', start, start + length);
        this.cursor += stringWords(length);
        return text;
      }
      case Tag.TEXT: {
        const text = this.#texts?.take(this.words[this.cursor] ?? 0);
        this.cursor += 2;
        return text;
      }
      case Tag.TREE: {
        const value = this.#trees.read(this.cursor);
        this.cursor = (this.#trees.cursor + 1) & ~1;
        return value;
      }
      case Tag.NULL:
        return null;
      default:
        return undefined;
    }
  }

  /** Skips the value at the cursor, which could not be read. Throws if where it ends is unknown. */
  pass(tag: number): void {
    switch (tag) {
      case Tag.NUMBER:
        this.cursor += 2;
        break;
      case Tag.STRING:
        this.cursor += stringWords(this.words[this.cursor] ?? 0);
        break;
      case Tag.TEXT:
        this.#texts?.pass(this.words[this.cursor] ?? 0);
        this.cursor += 2;
        break;
      case Tag.TREE:
        this.cursor = (this.#trees.pass(this.cursor) + 1) & ~1;
        break;
    }
  }
}
