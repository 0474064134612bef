const FLAG_WORDS = 4;
const TIME_AT_BYTE = 8;
const NS_PER_MS = 1e6;

/**
 * A flag in shared memory: a word that means "raised" when it has one certain value. Once raised, it is never lowered
 * (I6). A word that is used again for another job has other values, so an old flag over it is not raised by them.
 */
export class Flag {
  readonly words: Int32Array;
  readonly index: number;
  /** Whether the word belongs to a job: this flag then only reads it. */
  readonly isForeign: boolean;
  readonly #raisedWord: number;
  /** When the flag was raised, in ns of `now()`; 0 before. `undefined` if there is no room for it behind the word. */
  readonly #time: BigInt64Array | undefined;

  /** @param foreign for the word of a job: its index, and the value that means "raised". */
  constructor(words: Int32Array, foreign?: { readonly index: number; readonly raisedWord: number }) {
    this.words = words;
    this.index = foreign?.index ?? 0;
    this.#raisedWord = foreign?.raisedWord ?? 1;
    this.isForeign = foreign !== undefined;
    const hasTime = foreign === undefined && words.length === FLAG_WORDS;
    this.#time = hasTime ? new BigInt64Array(words.buffer, words.byteOffset + TIME_AT_BYTE, 1) : undefined;
  }

  static create(): Flag {
    return new Flag(new Int32Array(new SharedArrayBuffer(FLAG_WORDS * Int32Array.BYTES_PER_ELEMENT)));
  }

  get isRaised(): boolean {
    return Atomics.load(this.words, this.index) === this.#raisedWord;
  }

  /** When the flag was raised, in ms of `now()`; `undefined` if unknown. */
  get raisedAtMs(): number | undefined {
    const ns = this.#time === undefined ? 0n : Atomics.load(this.#time, 0);
    return ns === 0n ? undefined : Number(ns) / NS_PER_MS;
  }

  /**
   * Raises the flag. Returns true for the one call, on any thread, that raised it: that caller has to wake the waiters.
   *
   * @param atMs the time in ms of `now()`, which shows which of several flags was raised first.
   */
  raise(atMs?: number): boolean {
    // written before the flag, so that a thread that sees it raised sees the time; only the first write counts
    if (atMs !== undefined && this.#time !== undefined && !this.isRaised)
      Atomics.compareExchange(this.#time, 0, 0n, BigInt(Math.round(atMs * NS_PER_MS)));
    return Atomics.exchange(this.words, this.index, this.#raisedWord) !== this.#raisedWord;
  }
}
