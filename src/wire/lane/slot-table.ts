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
 * | RUNNING | DISPATCHED | worker | the child process ended before the job began there |
 *
 * The rest of the word is the lane's sequence number, the slot's generation: once the slot is used again, an old entry or an
 * old cancel no longer matches. The low bits of a sequence number are its slot; sequence numbers wrap.
 */
export class SlotTable {
  readonly words: Int32Array;

  constructor(words: Int32Array) {
    this.words = words;
  }

  /** Main: marks the job sent ahead. A plain store, as the atomic store that publishes the entry comes after. */
  dispatch(seq: number): void {
    this.words[seq & MASK] = (seq << STATE_BITS) | DISPATCHED;
  }

  /** Main: takes the job back. Returns false if the worker has begun it. */
  takeBack(seq: number): boolean {
    return this.#swap(seq, DISPATCHED, FREE);
  }

  /** Worker: begins the job. Returns false if it was taken back. */
  begin(seq: number): boolean {
    return this.#swap(seq, DISPATCHED, RUNNING);
  }

  /** Main: asks the running job to stop. Returns false if its code has ended, or was asked before. */
  cancel(seq: number): boolean {
    return this.#swap(seq, RUNNING, CANCELLING);
  }

  /** Worker: the job did not begin in the child process. Returns false if it was asked to stop before. */
  unbegin(seq: number): boolean {
    return this.#swap(seq, RUNNING, DISPATCHED);
  }

  /** Worker: ends the job. Returns false if it was asked to stop before. */
  end(seq: number): boolean {
    return this.#swap(seq, RUNNING, FREE);
  }

  /** Whether the worker has not begun the job. Only for a job that was dispatched and not taken back. */
  isWaiting(seq: number): boolean {
    return Atomics.load(this.words, seq & MASK) === ((seq << STATE_BITS) | DISPATCHED);
  }

  isCancelling(seq: number): boolean {
    return Atomics.load(this.words, seq & MASK) === this.cancelWord(seq);
  }

  /** The word of a job that was asked to stop: the raised value of its cancel flag. */
  cancelWord(seq: number): number {
    return (seq << STATE_BITS) | CANCELLING;
  }

  #swap(seq: number, from: number, to: number): boolean {
    const generation = seq << STATE_BITS;
    return Atomics.compareExchange(this.words, seq & MASK, generation | from, generation | to) === (generation | from);
  }
}
