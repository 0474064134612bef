import { Control, TEXT_BYTES, TEXT_CHARS, type WorkerMemory } from './layout.js';

/** A batch is written once it is so long. A task that keeps one short string keeps alive its batch, so it is not longer. */
const BATCH_CHARS = TEXT_CHARS / 2;
/** Before a batch's characters: how many, and whether they take two bytes each. */
const HEAD_BYTES = Int32Array.BYTES_PER_ELEMENT;
const BEYOND_LATIN1 = /[^\0-\xff]/;

/**
 * The strings among the arguments of jobs, joined to batches beside the lane: a call into the runtime that writes a string
 * takes as long as one that writes thirty, and a string that was put together has to be flattened first (of 36 characters,
 * 120 ns to write one by one and 75 to read; 40 and 12 in batches). An entry tells only how long its own are.
 */
export class TextWriter {
  readonly #words: Int32Array;
  readonly #bytes: Buffer;
  readonly #control: Int32Array;
  /** The batch in hand; and how long it was before the entry in hand. */
  #text = '';
  #kept = 0;
  /** How many characters the batch in hand may have. */
  #room = TEXT_CHARS;
  /** The byte at which the next batch begins. */
  #offset = 0;
  /** Bytes written. Wraps. */
  #written = 0;

  constructor(memory: WorkerMemory) {
    this.#words = memory.texts;
    this.#bytes = Buffer.from(memory.texts.buffer);
    this.#control = memory.control;
  }

  /** Takes a string of the entry in hand. False where there is no room for it. */
  put(text: string): boolean {
    if (this.#text.length + text.length > this.#room && !this.#findsRoom(text.length)) return false;
    this.#text += text;
    return true;
  }

  /** The entry in hand is written. */
  keep(): void {
    this.#kept = this.#text.length;
    if (this.#kept >= BATCH_CHARS) this.flush();
  }

  /** The entry in hand is not written. */
  abandon(): void {
    this.#text = this.#text.slice(0, this.#kept);
  }

  /** Writes the batch in hand: before the entries are published that need it. */
  flush(): void {
    const text = this.#text;
    if (text === '') return;
    const isWide = BEYOND_LATIN1.test(text);
    const start = this.#offset;
    const end = endOfBatch(start, text.length, isWide);
    this.#words[start / HEAD_BYTES] = (text.length << 1) | (isWide ? 1 : 0);
    this.#bytes.write(text, start + HEAD_BYTES, isWide ? 'utf16le' : 'latin1');
    this.#written = (this.#written + end - start) | 0;
    this.#offset = end < TEXT_BYTES ? end : 0;
    this.#text = '';
    this.#kept = 0;
    this.#room = 0; // it is not known before the next string comes
  }

  #findsRoom(more: number): boolean {
    const taken = (this.#written - Atomics.load(this.#control, Control.TEXT_BYTES_READ)) | 0;
    const left = (TEXT_BYTES - taken - 2 * HEAD_BYTES) >> 1; // two bytes each, and the padding
    this.#room = Math.min(TEXT_CHARS, left);
    return this.#text.length + more <= this.#room;
  }
}

/** The other end: gives the strings out in the order in which they were put. */
export class TextReader {
  readonly #words: Int32Array;
  readonly #bytes: Buffer;
  #text = '';
  /** The next string begins at this character. */
  #at = 0;
  /** The byte at which the next batch begins. */
  #offset = 0;
  /** Bytes read. Wraps. */
  bytesRead = 0;

  constructor(memory: WorkerMemory) {
    this.#words = memory.texts;
    this.#bytes = Buffer.from(memory.texts.buffer);
  }

  take(length: number): string {
    if (length === 0) return '';
    if (this.#at === this.#text.length) this.#readBatch();
    const start = this.#at;
    this.#at += length;
    return this.#text.slice(start, this.#at);
  }

  #readBatch(): void {
    const start = this.#offset;
    const head = this.#words[start / HEAD_BYTES] ?? 0;
    const length = head >> 1;
    const isWide = (head & 1) === 1;
    const from = start + HEAD_BYTES;
    this.#text = this.#bytes.toString(isWide ? 'utf16le' : 'latin1', from, from + (isWide ? 2 * length : length));
    this.#at = 0;
    const end = endOfBatch(start, length, isWide);
    this.bytesRead = (this.bytesRead + end - start) | 0;
    this.#offset = end < TEXT_BYTES ? end : 0;
  }
}

/** Heads are aligned. */
function endOfBatch(start: number, length: number, isWide: boolean): number {
  return (start + HEAD_BYTES + (isWide ? 2 * length : length) + HEAD_BYTES - 1) & -HEAD_BYTES;
}
