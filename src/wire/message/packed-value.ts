import { types } from 'node:util';
import { MAX_ITEMS, type TreeMemory } from '../lane/tree-format.js';
import { TreeReader } from '../lane/tree-reader.js';
import { TreeWriter } from '../lane/tree-writer.js';

/*
 * A plain value that is too long for a lane, in the format of the lanes (`wire/lane/tree-format.ts`), as an array of words. That
 * takes half the time of a structured clone if there are many objects with the same keys; so only a value that seems to have a
 * long list of such objects is packed.
 */

/** How deep a long list is looked for, and in how many parts of each object. */
const LOOKED_LEVELS = 2;
const LOOKED_PARTS = 8;
/** Words of memory for the first value. */
const FIRST_WORDS = 2 ** 14;
/** Most words of memory that are kept for the next value. */
const MOST_KEPT_WORDS = 2 ** 18;

class Packer {
  #memory = memoryOf(new Int32Array(FIRST_WORDS));
  readonly #trees = new TreeWriter(this.#memory, { grow: () => this.#grow() });
  /** Whether a value is being packed: a getter in it may send another. */
  #isPacking = false;

  pack(value: object): Int32Array<ArrayBuffer> | undefined {
    if (this.#isPacking) return undefined;
    this.#isPacking = true;
    try {
      const end = this.#trees.write(value, 0, this.#memory.words.length);
      return end < 0 ? undefined : this.#copy(end);
    } catch {
      return undefined; // there is no memory for it: the clone reports that
    } finally {
      this.#trees.abandon(); // the next value has shapes of its own
      if (this.#memory.words.length > MOST_KEPT_WORDS) this.#use(memoryOf(new Int32Array(FIRST_WORDS)));
      this.#isPacking = false;
    }
  }

  /** Not by `slice`, whose result a task can replace by the species. */
  #copy(count: number): Int32Array<ArrayBuffer> {
    const copy = new Int32Array(count);
    copy.set(new Int32Array(this.#memory.words.buffer, 0, count));
    return copy;
  }

  #grow(): TreeMemory {
    const words = new Int32Array(2 * this.#memory.words.length);
    words.set(this.#memory.words);
    return this.#use(memoryOf(words));
  }

  #use(memory: TreeMemory): TreeMemory {
    this.#memory = memory;
    this.#trees.use(memory);
    return memory;
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
  if (isArray(value) && value.length > MAX_ITEMS) return typeof valueAt(value, 0) !== 'number';
  if (levels === 0 || (!isArray(value) && getPrototypeOf(value) !== PLAIN)) return false;
  let looked = 0;
  for (const key of keysOf(value)) {
    if (hasLongList(valueAt(value, key), levels - 1)) return true;
    if (++looked === LOOKED_PARTS) return false;
  }
  return false;
}

function valueAt(object: object, key: string | number): unknown {
  return getOwnPropertyDescriptor(object, key)?.value;
}

/** Returns the value that was packed. */
export function unpack(words: Int32Array): unknown {
  return new TreeReader(memoryOf(words)).read(0);
}

function memoryOf(words: Int32Array): TreeMemory {
  return { words, bytes: Buffer.from(words.buffer, words.byteOffset, words.byteLength) };
}
