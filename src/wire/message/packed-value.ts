import { types } from 'node:util';
import { BEYOND_LATIN1, stringWords, type TreeMemory, WORD_BYTES } from '../lane/tree-format.js';
import { TreeReader } from '../lane/tree-reader.js';
import { TreeWriter } from '../lane/tree-writer.js';

/*
 * A plain value that is too long for a lane, in the format of the lanes (`wire/lane/tree-format.ts`), as an array of words: where
 * its strings begin, the tree, and the strings in batches. It takes half of the time of a structured clone if it has many objects
 * with the same keys: so only a value is packed that seems to have a long list of such.
 */

/** Length at which a batch of strings ends. Not more, as code that keeps one short string keeps its batch alive. */
const BATCH_CHARS = 1024;
/** Fewest items of a list for which its value is packed. */
const LONG_LIST = 64;
/** How deep such a list is looked for, and in how many parts of each object. */
const LOOKED_LEVELS = 2;
const LOOKED_PARTS = 8;
/** Words of memory for the first value. */
const FIRST_WORDS = 2 ** 14;
/** Most words of memory that are kept for the next value. */
const MOST_KEPT_WORDS = 2 ** 18;
/** The word that tells where the strings begin. */
const TEXTS = 0;
const TREE = 1;

class Packer {
  #memory = memoryOf(new Int32Array(FIRST_WORDS));
  /** The strings: batches, and the one that is not full. */
  #batches: string[] = [];
  #batch = '';
  readonly #trees = new TreeWriter(this.#memory, {
    putText: (text) => {
      this.#batch += text;
      if (this.#batch.length >= BATCH_CHARS) this.#endBatch();
    },
    grow: () => this.#grow(2 * this.#memory.words.length),
  });
  /** Whether a value is being packed: a getter in it may send another. */
  #isPacking = false;

  pack(value: object): Int32Array<ArrayBuffer> | undefined {
    if (this.#isPacking) return undefined;
    this.#isPacking = true;
    try {
      const textsAt = this.#trees.write(value, TREE, this.#memory.words.length);
      if (textsAt < 0) return undefined;
      this.#memory.words[TEXTS] = textsAt;
      const end = this.#putTexts(textsAt);
      return this.#memory.words.slice(0, end);
    } catch {
      return undefined; // there is no memory for it: the clone reports that
    } finally {
      this.#trees.abandon(); // the next value has shapes of its own
      this.#batches = [];
      this.#batch = '';
      if (this.#memory.words.length > MOST_KEPT_WORDS) this.#use(memoryOf(new Int32Array(FIRST_WORDS)));
      this.#isPacking = false;
    }
  }

  #grow(count: number): TreeMemory {
    const words = new Int32Array(count);
    words.set(this.#memory.words);
    return this.#use(memoryOf(words));
  }

  #use(memory: TreeMemory): TreeMemory {
    this.#memory = memory;
    this.#trees.use(memory);
    return memory;
  }

  #endBatch(): void {
    this.#batches.push(this.#batch);
    this.#batch = '';
  }

  /** Puts the strings from the word `at` on. Returns the word behind them. */
  #putTexts(at: number): number {
    if (this.#batch !== '') this.#endBatch();
    let end = at;
    for (const batch of this.#batches) end = this.#putBatch(end, batch);
    return end;
  }

  #putBatch(at: number, text: string): number {
    const isWide = BEYOND_LATIN1.test(text);
    const end = at + 1 + stringWords(isWide ? 2 * text.length : text.length);
    while (end > this.#memory.words.length) this.#grow(2 * this.#memory.words.length);
    const { words, bytes } = this.#memory;
    const length = bytes.write(text, (at + 1) * WORD_BYTES, isWide ? 'utf16le' : 'latin1');
    words[at] = (length << 1) | (isWide ? 1 : 0);
    return end;
  }
}

const { getOwnPropertyDescriptor, getPrototypeOf, keys: keysOf, prototype: PLAIN } = Object;
const { isArray } = Array;
let packer: Packer | undefined;

/** Packs a plain value with a long list. Returns `undefined` for any other, which a structured clone carries. */
export function pack(value: unknown): Int32Array<ArrayBuffer> | undefined {
  if (!hasLongList(value)) return undefined;
  packer ??= new Packer();
  return packer.pack(value);
}

/** Whether there is a long list among the first parts of a value, or their parts. Numbers are cloned faster. Calls no getter. */
function hasLongList(value: unknown, levels = LOOKED_LEVELS): value is object {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return false;
  if (isArray(value) && value.length > LONG_LIST) return typeof partOf(value, 0) !== 'number';
  if (levels === 0 || (!isArray(value) && getPrototypeOf(value) !== PLAIN)) return false;
  for (const key of keysOf(value).slice(0, LOOKED_PARTS)) if (hasLongList(partOf(value, key), levels - 1)) return true;
  return false;
}

function partOf(object: object, key: string | number): unknown {
  return getOwnPropertyDescriptor(object, key)?.value;
}

/** Returns the value that was packed. */
export function unpack(words: Int32Array): unknown {
  const memory = memoryOf(words);
  const texts = new Texts(memory, words[TEXTS] as number);
  return new TreeReader(memory, { takeText: (length) => texts.take(length) }).read(TREE);
}

/** Reads the strings of a packed value, in their order. */
class Texts {
  readonly #memory: TreeMemory;
  /** The word at which the next batch begins. */
  #next: number;
  #batch = '';
  /** The character at which the next string begins. */
  #at = 0;

  constructor(memory: TreeMemory, begin: number) {
    this.#memory = memory;
    this.#next = begin;
  }

  take(length: number): string {
    if (length === 0) return '';
    if (this.#at === this.#batch.length) this.#readBatch();
    const end = this.#at + length;
    const text = this.#batch.slice(this.#at, end);
    this.#at = end;
    return text;
  }

  #readBatch(): void {
    const { words, bytes } = this.#memory;
    const head = words[this.#next] as number;
    const start = (this.#next + 1) * WORD_BYTES;
    const length = head >> 1;
    this.#batch = bytes.toString((head & 1) === 1 ? 'utf16le' : 'latin1', start, start + length);
    this.#at = 0;
    this.#next += 1 + stringWords(length);
  }
}

function memoryOf(words: Int32Array): TreeMemory {
  return { words, bytes: Buffer.from(words.buffer, words.byteOffset, words.byteLength) };
}
