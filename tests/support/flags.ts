// The words of tests/tasks/flagged.mjs.
const HEAD = 16;
const PER_JOB = 6;
const FAULTS = 1;
const RUNNING = 0;
const BEGUN = 1;
const BEAT = 2;
const START = 3;
const SAW_CANCEL = 4;

/** What the code of jobs says of itself in shared memory: each has a number, by which its words are found. */
export class Flags {
  readonly words: Int32Array;
  readonly #most: number;
  #used = 0;

  constructor(most: number) {
    this.#most = most;
    this.words = new Int32Array(new SharedArrayBuffer((HEAD + PER_JOB * most) * Int32Array.BYTES_PER_ELEMENT));
  }

  /** A number for one job more. */
  claim(): number {
    if (this.#used === this.#most) throw new Error(`there are words for ${this.#most} jobs only`);
    return this.#used++;
  }

  get hasRoom(): boolean {
    return this.#used < this.#most - 1000;
  }

  /** A word of its own, by its place among all. */
  claimWord(): number {
    return HEAD + PER_JOB * this.claim();
  }

  isRaised(word: number): boolean {
    return Atomics.load(this.words, word) === 1;
  }

  raise(word: number): void {
    Atomics.store(this.words, word, 1);
  }

  /** How often a task found what must not be. */
  get faults(): number {
    return Atomics.load(this.words, FAULTS);
  }

  isRunning(job: number): boolean {
    return this.#of(job, RUNNING) === 1;
  }

  /** How often its code was begun. */
  begun(job: number): number {
    return this.#of(job, BEGUN);
  }

  /** Moves while it runs. */
  beat(job: number): number {
    return this.#of(job, BEAT);
  }

  /** When its code began first, among all; 0: it did not. */
  start(job: number): number {
    return this.#of(job, START);
  }

  sawCancel(job: number): boolean {
    return this.#of(job, SAW_CANCEL) === 1;
  }

  #of(job: number, word: number): number {
    return Atomics.load(this.words, HEAD + PER_JOB * job + word);
  }
}
