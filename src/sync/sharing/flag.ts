const FLAG_WORDS = 4;
const TIME_AT_BYTE = 8;
const NS_PER_MS = 1e6;

/**
 * One flag in shared memory: a word that means "raised" when it holds one certain value. Once raised it is never
 * lowered (I6); a word that is used again for something else holds other values, so an old flag over it stays quiet.
 */
export class Flag {
  readonly words: Int32Array;
  readonly index: number;
  /** Whether the word is somebody else's: a job's. Then the flag is read, and never raised, here. */
  readonly isForeign: boolean;
  readonly #raisedWord: number;
  /** When it was raised, in ns of `now()`; 0 before. Behind the word, where there is room for it. */
  readonly #time: BigInt64Array | undefined;

  /** @param foreign the word of a job: where it stands, and what it holds when it is raised. */
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

  /** When it was raised, in ms of `now()`; `undefined` where that is not known. */
  get raisedAtMs(): number | undefined {
    const ns = this.#time === undefined ? 0n : Atomics.load(this.#time, 0);
    return ns === 0n ? undefined : Number(ns) / NS_PER_MS;
  }

  /**
   * Raises the flag. True for the one call, of all threads, that did it: it then rings for those who wait.
   *
   * @param atMs when, in ms of `now()`, for those who must know which of several flags was the first.
   */
  raise(atMs?: number): boolean {
    // written first, so that who sees the flag raised sees the time; once, by the first who comes to it
    if (atMs !== undefined && this.#time !== undefined && !this.isRaised)
      Atomics.compareExchange(this.#time, 0, 0n, BigInt(Math.round(atMs * NS_PER_MS)));
    return Atomics.exchange(this.words, this.index, this.#raisedWord) !== this.#raisedWord;
  }
}
