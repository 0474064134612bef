import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// The words of tests/tasks/flagged.mjs.
const HEAD = 16;
const PER_JOB = 6;
const FAULTS = 1;
const RUNNING = 0;
const BEGUN = 1;
const BEAT = 2;
const START = 3;
const SAW_CANCEL = 4;

/** Where the words are. */
interface Words {
  load(at: number): number;
  store(at: number, value: number): void;
  close(): void;
}

/** In memory that is shared with threads. */
export class MemoryWords implements Words {
  readonly shared: Int32Array;

  constructor(jobs: number) {
    this.shared = new Int32Array(new SharedArrayBuffer((HEAD + PER_JOB * jobs) * Int32Array.BYTES_PER_ELEMENT));
  }

  load(at: number): number {
    return Atomics.load(this.shared, at);
  }

  store(at: number, value: number): void {
    Atomics.store(this.shared, at, value);
  }

  close(): void {}
}

/** In a file, for processes, with which no memory is shared. */
export class FileWords implements Words {
  readonly path: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'thread-system-flags-'));
  readonly #file: number;
  readonly #word = new Float64Array(1);

  constructor() {
    this.path = join(this.#folder, 'words');
    this.#file = openSync(this.path, 'w+');
  }

  /** What nobody has written is 0. */
  load(at: number): number {
    this.#word[0] = 0;
    readSync(this.#file, this.#word, 0, this.#word.byteLength, at * this.#word.byteLength);
    return this.#word[0];
  }

  store(at: number, value: number): void {
    this.#word[0] = value;
    writeSync(this.#file, this.#word, 0, this.#word.byteLength, at * this.#word.byteLength);
  }

  close(): void {
    closeSync(this.#file);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** What the code of jobs says of itself in words that both sides see: each has a number, by which its words are found. */
export class Flags {
  readonly #words: Words;
  readonly #most: number;
  #used = 0;

  constructor(words: Words, most: number) {
    this.#words = words;
    this.#most = most;
  }

  close(): void {
    this.#words.close();
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

  raise(word: number): void {
    this.#words.store(word, 1);
  }

  /** How often a task found what must not be. */
  get faults(): number {
    return this.#words.load(FAULTS);
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
    return this.#words.load(HEAD + PER_JOB * job + word);
  }
}
