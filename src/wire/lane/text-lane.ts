import { Control, TEXT_BYTES, TEXT_CHARS, type WorkerMemory } from './layout.js';
import { BEYOND_LATIN1 } from './tree-format.js';

/** A batch is written once it is so long. A task that keeps one short string keeps alive its batch, so it is not longer. */
const BATCH_CHARS = TEXT_CHARS / 2;
/** Before a batch's characters: how many bytes they take, and whether that is two each. */
const HEAD_BYTES = Int32Array.BYTES_PER_ELEMENT;

/** The memory beside a lane, seen as batches. A batch is contiguous, and its head is aligned. */
abstract class TextLane {
  readonly words: Int32Array;
  readonly bytes: Buffer;
  /** The byte at which the next batch begins. */
  offset = 0;
  /** Bytes of all batches before that. Wraps. */
  passed = 0;

  constructor({ texts }: WorkerMemory) {
    this.words = texts;
    this.bytes = Buffer.from(texts.buffer);
  }

  /** Goes on behind a batch of so many bytes. */
  advance(bytes: number): void {
    const end = (this.offset + HEAD_BYTES + bytes + HEAD_BYTES - 1) & -HEAD_BYTES;
    this.passed = (this.passed + end - this.offset) | 0;
    this.offset = end < TEXT_BYTES ? end : 0;
  }
}

/**
 * The strings among the arguments of jobs, joined to batches beside the lane: a call into the runtime that writes a string
 * takes as long as one that writes thirty (of 36 characters, 120 ns to write one by one and 75 to read; 40 and 12 in
 * batches). An entry tells only how long its own are.
 */
export class TextWriter extends TextLane {
  readonly #control: Int32Array;
  /** The strings of the batch in hand, and how many characters they have. */
  #texts: string[] = [];
  #chars = 0;
  /** The same, before the entry in hand. */
  #keptTexts = 0;
  #keptChars = 0;
  /** How many characters the batch in hand may have. */
  #room = TEXT_CHARS;

  constructor(memory: WorkerMemory) {
    super(memory);
    this.#control = memory.control;
  }

  /** Takes a string of the entry in hand. False where there is no room for it. */
  put(text: string): boolean {
    if (text === '') return true;
    const chars = this.#chars + text.length;
    if (chars > this.#room && !this.#findsRoom(chars)) return false;
    this.#texts.push(text);
    this.#chars = chars;
    return true;
  }

  /** The entry in hand is written. */
  keep(): void {
    this.#keptTexts = this.#texts.length;
    this.#keptChars = this.#chars;
    if (this.#chars >= BATCH_CHARS) this.flush();
  }

  /** The entry in hand is not written. */
  abandon(): void {
    this.#texts.length = this.#keptTexts;
    this.#chars = this.#keptChars;
  }

  /** Writes the batch in hand: before the entries are published that need it. */
  flush(): void {
    if (this.#chars === 0) return;
    const text = this.#texts.join('');
    const isWide = BEYOND_LATIN1.test(text);
    const bytes = this.bytes.write(text, this.offset + HEAD_BYTES, isWide ? 'utf16le' : 'latin1');
    this.words[this.offset / HEAD_BYTES] = (bytes << 1) | (isWide ? 1 : 0);
    this.advance(bytes);
    this.#texts = [];
    this.#chars = 0;
    this.#keptTexts = 0;
    this.#keptChars = 0;
    this.#room = 0; // it is not known before the next string comes
  }

  #findsRoom(chars: number): boolean {
    const taken = (this.passed - Atomics.load(this.#control, Control.TEXT_BYTES_READ)) | 0;
    const left = (TEXT_BYTES - taken - 2 * HEAD_BYTES) >> 1; // two bytes each, and the padding
    this.#room = Math.min(TEXT_CHARS, left);
    return chars <= this.#room;
  }
}

/** The other end: gives the strings out in the order in which they were put. */
export class TextReader extends TextLane {
  #text = '';
  /** The next string begins at this character. */
  #at = 0;

  take(length: number): string {
    if (length === 0) return '';
    if (this.#at === this.#text.length) this.#readBatch();
    const end = this.#at + length;
    const text = this.#text.slice(this.#at, end);
    this.#at = end;
    return text;
  }

  /** Passes over a string, which could not be read. */
  pass(length: number): void {
    if (length === 0) return;
    if (this.#at === this.#text.length) this.#readBatch();
    this.#at += length;
  }

  #readBatch(): void {
    const head = this.words[this.offset / HEAD_BYTES] ?? 0;
    const bytes = head >> 1;
    const start = this.offset + HEAD_BYTES;
    this.#text = this.bytes.toString((head & 1) === 1 ? 'utf16le' : 'latin1', start, start + bytes);
    this.#at = 0;
    this.advance(bytes);
  }
}
