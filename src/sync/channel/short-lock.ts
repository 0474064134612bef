import { ASKED, HELD, Hold, SLEEPS } from './channel-words.js';
import { LONGEST_SLEEP_MS, SPINS } from './tuning.js';

/** In place of a word: the lock could not be had. */
export const BUSY = -1;

/**
 * Locks a word for a few operations, and notes that in `holders`. The word has the bit `HELD` if it is locked, and `SLEEPS` if
 * another thread may sleep; the other bits are its value. The main thread may lock, too, as a holder needs a microsecond at most.
 *
 * Returns the word as it was when it was locked; `BUSY` after a sleep that no unlock ended: the holder may have died, and this may
 * be the thread that has to unlock for it.
 *
 * The holder unlocks in place, by an exchange for another value, or by `unlock`. Right after it, in the same step, it notes that
 * in `holders`; and it attends to the bits that it has cleared.
 *
 * The algorithm is the mutex of Ulrich Drepper, Futexes Are Tricky (2011).
 *
 * @param found the word as it was a moment ago.
 */
export function lock(words: Int32Array, at: number, found: number, holders: Int32Array, own: number): number {
  let word = found;
  for (let spins = 0; spins <= SPINS; spins++) {
    if ((word & HELD) !== 0) word = Atomics.load(words, at);
    else {
      const expected = word;
      word = Atomics.compareExchange(words, at, expected, expected | HELD);
      if (word !== expected) continue;
      holders[own] = Hold.LOCK;
      return word;
    }
  }
  for (;;) {
    word = Atomics.load(words, at);
    if ((word & HELD) === 0) {
      // others may sleep
      if (Atomics.compareExchange(words, at, word, word | HELD | SLEEPS) === word) {
        holders[own] = Hold.LOCK;
        return word;
      }
    } else if ((word & SLEEPS) !== 0 || Atomics.compareExchange(words, at, word, word | SLEEPS) === word) {
      if (Atomics.wait(words, at, word | SLEEPS, LONGEST_SLEEP_MS) === 'timed-out') return BUSY;
    }
  }
}

/** Locks a word, or asks its holder to set permits apart, and returns `BUSY`. */
export function lockOrAsk(words: Int32Array, at: number, holders: Int32Array, own: number): number {
  for (;;) {
    const word = Atomics.or(words, at, ASKED) | ASKED;
    if ((word & HELD) !== 0) return BUSY;
    if (Atomics.compareExchange(words, at, word, (word | HELD) & ~ASKED) !== word) continue;
    holders[own] = Hold.LOCK;
    return word;
  }
}

/** Unlocks a word without a change. Returns it as it was before: the bits that the caller has to attend to are clear. */
export function unlock(words: Int32Array, at: number, holders: Int32Array, own: number): number {
  const word = Atomics.and(words, at, ~(HELD | SLEEPS | ASKED));
  holders[own] = Hold.NONE;
  return word;
}

/** Unlocks a word for those of these dead threads that hold it, without a change. */
export function unlockFor(words: Int32Array, at: number, holders: Int32Array, threads: readonly number[]): void {
  for (const thread of threads) if (holders[thread] !== Hold.NONE) unlock(words, at, holders, thread);
  Atomics.notify(words, at); // one of them may have unlocked without waking others
}
