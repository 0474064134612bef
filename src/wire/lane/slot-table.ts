import { MASK } from './layout.js';

// The two low bits of a slot's word; the rest is the generation.
const FREE = 0;
const DISPATCHED = 1;
const RUNNING = 2;
const CANCELLING = 3;
const STATE_BITS = 2;

/** Which side was first: main, which takes a job back that is only dispatched, or the worker, which begins it. */
export type BeginOutcome = 'taken back' | 'begun';
/** Outcome of a request to stop a job: `ended` if the job's code has. */
export type CancelOutcome = 'asked' | 'asked before' | 'ended';
/** Whether a job was asked to stop before its code ended. */
export type EndOutcome = 'ended' | 'asked before';
/** Whether a job waits again, or was asked to stop before that. */
export type UnbeginOutcome = 'unbegun' | 'asked before';

/**
 * A dispatched job is one word of shared memory that both sides change only by compare-and-swap.
 *
 * | from | to | by | transition | returns; if the other side was first |
 * |---|---|---|---|---|
 * | any | DISPATCHED | main | `dispatch`: sent ahead | |
 * | DISPATCHED | FREE | main | `takeBack`: it never starts | `taken back`; `begun` |
 * | DISPATCHED | RUNNING | worker | `begin`: its code begins | `begun`; `taken back` |
 * | RUNNING | CANCELLING | main | `cancel`: asked to stop; the word is the job's cancel flag | `asked`; `ended`, `asked before` |
 * | RUNNING | FREE | worker | `end`: its code has ended: too late to cancel | `ended`; `asked before` |
 * | RUNNING | DISPATCHED | worker | `unbegin`: its child process ended before it began there | `unbegun`; `asked before` |
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

  /** Main: takes the job back. */
  takeBack(seq: number): BeginOutcome {
    return this.#swap(seq, DISPATCHED, FREE) ? 'taken back' : 'begun';
  }

  /** Worker: begins the job. */
  begin(seq: number): BeginOutcome {
    return this.#swap(seq, DISPATCHED, RUNNING) ? 'begun' : 'taken back';
  }

  /** Main: asks the job, which has begun, to stop. */
  cancel(seq: number): CancelOutcome {
    if (this.#swap(seq, RUNNING, CANCELLING)) return 'asked';
    return this.isCancelling(seq) ? 'asked before' : 'ended';
  }

  /** Worker: the job did not begin in the child process. */
  unbegin(seq: number): UnbeginOutcome {
    return this.#swap(seq, RUNNING, DISPATCHED) ? 'unbegun' : 'asked before';
  }

  /** Worker: the job's code has ended. */
  end(seq: number): EndOutcome {
    return this.#swap(seq, RUNNING, FREE) ? 'ended' : 'asked before';
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
