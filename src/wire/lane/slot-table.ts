import { MASK } from './layout.js';

// The two low bits of a slot's word; the rest is the generation.
const FREE = 0;
const DISPATCHED = 1;
const RUNNING = 2;
const CANCELLING = 3;
const STATE_BITS = 2;

/**
 * A dispatched job is one word of shared memory that both sides change only by compare-and-swap.
 *
 * | from | to | by | meaning |
 * |---|---|---|---|
 * | any | DISPATCHED | main | sent ahead |
 * | DISPATCHED | FREE | main | taken back: it never starts |
 * | DISPATCHED | RUNNING | worker | its code begins |
 * | RUNNING | CANCELLING | main | asked to stop; the word is the job's cancel flag |
 * | RUNNING | FREE | worker | its code has ended: too late to cancel |
 * | RUNNING | DISPATCHED | worker | its child process has ended before it began the job there |
 *
 * The word holds the lane's sequence number as its generation, so that an old lane entry, or an old cancel, no longer
 * matches once the slot is used again. A sequence number names its slot by its low bits; it may wrap.
 */
export class SlotTable {
  readonly words: Int32Array;

  constructor(words: Int32Array) {
    this.words = words;
  }

  /** Main: marks the job sent ahead. A plain store: the worker sees it once the entry is published, by an atomic one. */
  dispatch(seq: number): void {
    this.words[seq & MASK] = (seq << STATE_BITS) | DISPATCHED;
  }

  /** Main: takes the job back. False when the worker has begun it. */
  takeBack(seq: number): boolean {
    return this.#swap(seq, DISPATCHED, FREE);
  }

  /** Worker: begins the job. False when it was taken back. */
  begin(seq: number): boolean {
    return this.#swap(seq, DISPATCHED, RUNNING);
  }

  /** Main: asks the running job to stop. False when its code has ended, or was asked before. */
  cancel(seq: number): boolean {
    return this.#swap(seq, RUNNING, CANCELLING);
  }

  /** Worker: the job, which it has begun, has not begun where it was to run. False when it was asked to stop before. */
  unbegin(seq: number): boolean {
    return this.#swap(seq, RUNNING, DISPATCHED);
  }

  /** Worker: ends the job. False when it was asked to stop before it ended. */
  end(seq: number): boolean {
    return this.#swap(seq, RUNNING, FREE);
  }

  /** Whether the worker has not begun the job. Ask only for a job that was dispatched and not taken back. */
  isWaiting(seq: number): boolean {
    return Atomics.load(this.words, seq & MASK) === ((seq << STATE_BITS) | DISPATCHED);
  }

  isCancelling(seq: number): boolean {
    return Atomics.load(this.words, seq & MASK) === this.cancelWord(seq);
  }

  /** What the word holds once the job is asked to stop: its cancel flag's raised value. */
  cancelWord(seq: number): number {
    return (seq << STATE_BITS) | CANCELLING;
  }

  #swap(seq: number, from: number, to: number): boolean {
    const generation = seq << STATE_BITS;
    return Atomics.compareExchange(this.words, seq & MASK, generation | from, generation | to) === (generation | from);
  }
}
