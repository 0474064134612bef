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

  /** @param foreign the word of a job: where it stands, and what it holds when it is raised. */
  constructor(words: Int32Array, foreign?: { readonly index: number; readonly raisedWord: number }) {
    this.words = words;
    this.index = foreign?.index ?? 0;
    this.#raisedWord = foreign?.raisedWord ?? 1;
    this.isForeign = foreign !== undefined;
  }

  static create(): Flag {
    return new Flag(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)));
  }

  get isRaised(): boolean {
    return Atomics.load(this.words, this.index) === this.#raisedWord;
  }

  /** Raises the flag. True for the one call, of all threads, that did it: it then rings for those who wait. */
  raise(): boolean {
    return Atomics.exchange(this.words, this.index, this.#raisedWord) !== this.#raisedWord;
  }
}
