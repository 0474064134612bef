import {
  ABANDONED,
  BLOCK,
  BLOCKS,
  CELLS,
  HEAD_WORDS,
  IN_HAND,
  isBefore,
  LEASED,
  ONE_ADDITION,
  PERMITS,
  PERMITS_MASK,
  THREAD,
  UNSHOWN,
  WAITERS,
} from './queue-words.js';
import { ownWakeup, wake } from './wakeup.js';

/** The permits of one queue. Any thread grants them to waiters of any thread. */
export class Permits {
  readonly #words: Int32Array;
  /** Whether permits go only to those that wait when they are added, and are used up when granted. */
  readonly #isForWaiters: boolean;
  /** Index of this thread's block, which is claimed when first needed. */
  readonly #ownBlock: () => number;

  constructor(words: Int32Array, options: { readonly isForWaiters: boolean; readonly ownBlock: () => number }) {
    this.#words = words;
    this.#isForWaiters = options.isForWaiters;
    this.#ownBlock = options.ownBlock;
  }

  /** Adds a permit for each of up to `max` current waiters; none is left for later ones. */
  addForWaiters(max: number): void {
    const words = this.#words;
    for (let left = max; left > 0; ) {
      const permits = Atomics.load(words, PERMITS);
      const given = Math.min(left, Atomics.load(words, WAITERS) - (permits & PERMITS_MASK));
      if (given <= 0) break;
      const more = (permits + given + ONE_ADDITION) | 0;
      if (Atomics.compareExchange(words, PERMITS, permits, more) === permits) left -= given;
    }
  }

  /**
   * Frees the block at `at` of a thread that has died: removes its waiters, releases its permits. Call `serve` after this.
   */
  clear(at: number): void {
    const words = this.#words;
    for (let cell = at + CELLS; cell < at + BLOCK; cell++) {
      const ticket = Atomics.load(words, cell);
      if (ticket > 0 && Atomics.compareExchange(words, cell, ticket, 0) === ticket)
        words[at + UNSHOWN] = (words[at + UNSHOWN] as number) + 1;
      else if (Atomics.exchange(words, cell, 0) < 0) words[at + LEASED] = (words[at + LEASED] as number) + 1;
    }
    Atomics.sub(words, WAITERS, words[at + UNSHOWN] as number);
    words[at + UNSHOWN] = 0;
    const leased = words[at + LEASED] as number;
    if (leased > 0 && !this.#isForWaiters) Atomics.store(words, ABANDONED, 1);
    const permits = leased + (words[at + IN_HAND] as number);
    if (this.#isForWaiters)
      this.addForWaiters(permits); // another waiter is notified instead
    else if (permits > 0) Atomics.add(words, PERMITS, permits);
    words[at + LEASED] = 0;
    words[at + IN_HAND] = 0;
    Atomics.store(words, at + THREAD, 0);
  }

  /** Grants free permits to waiters, the smallest ticket first. */
  serve(): void {
    this.#grant();
    this.trim(); // must follow every permit put back and every waiter removed: the last of them sees both
  }

  #grant(): void {
    const words = this.#words;
    for (;;) {
      const permits = Atomics.load(words, PERMITS);
      if ((this.#isForWaiters ? permits & PERMITS_MASK : permits) <= 0) return;
      const cell = this.#first();
      if (cell < 0) return;
      const ticket = Atomics.load(words, cell);
      if (ticket <= 0) continue;
      const own = this.#ownBlock();
      if (Atomics.compareExchange(words, PERMITS, permits, permits - 1) !== permits) continue;
      words[own + IN_HAND] = (words[own + IN_HAND] as number) + 1;
      if (Atomics.compareExchange(words, cell, ticket, -ticket) === ticket) {
        words[own + IN_HAND] = (words[own + IN_HAND] as number) - 1;
        words[own + UNSHOWN] = (words[own + UNSHOWN] as number) + 1;
        Atomics.sub(words, WAITERS, 1);
        words[own + UNSHOWN] = (words[own + UNSHOWN] as number) - 1;
        const thread = Atomics.load(words, cell - ((cell - HEAD_WORDS) % BLOCK) + THREAD) - 1;
        if (thread !== ownWakeup()) wake(thread); // this thread checks by itself
      } else {
        Atomics.add(words, PERMITS, 1); // that waiter has left: try the next one
        words[own + IN_HAND] = (words[own + IN_HAND] as number) - 1;
      }
    }
  }

  /** Returns the cell of the waiter with the smallest ticket; -1 if none waits. */
  #first(): number {
    const words = this.#words;
    const end = HEAD_WORDS + BLOCK * Atomics.load(words, BLOCKS);
    let first = -1;
    let smallest = 0;
    for (let block = HEAD_WORDS; block < end; block += BLOCK) {
      if (Atomics.load(words, block + THREAD) === 0) continue;
      for (let cell = block + CELLS; cell < block + BLOCK; cell++) {
        const ticket = Atomics.load(words, cell);
        if (ticket <= 0 || (first >= 0 && !isBefore(ticket, smallest))) continue;
        first = cell;
        smallest = ticket;
      }
    }
    return first;
  }

  /** If permits are for waiters only: removes those that exceed the number of waiters. */
  trim(): void {
    if (!this.#isForWaiters) return;
    const words = this.#words;
    for (;;) {
      const permits = Atomics.load(words, PERMITS);
      if ((permits & PERMITS_MASK) <= Atomics.load(words, WAITERS)) return;
      Atomics.compareExchange(words, PERMITS, permits, permits - 1);
    }
  }
}
