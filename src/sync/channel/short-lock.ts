import { LONGEST_SLEEP_MS, SPINS } from './tuning.js';

/**
 * Locks a word for a few operations. The word is 0 if free, otherwise an even number that names its thread, plus 1 if another
 * thread may sleep. The main thread may lock, too, as a holder needs a microsecond at most.
 *
 * Returns false after a sleep that no unlock ended: the holder may have died, and this may be the thread that has to unlock for
 * it.
 *
 * The holder unlocks in place:
 *
 * ```
 * if ((Atomics.exchange(words, at, 0) & 1) !== 0) Atomics.notify(words, at, 1);
 * ```
 *
 * The algorithm is the mutex of Ulrich Drepper, Futexes Are Tricky (2011), with the name of the holder.
 */
export function lock(words: Int32Array, at: number, own: number): boolean {
  if (Atomics.compareExchange(words, at, 0, own) === 0) return true;
  for (let spins = 0; spins < SPINS; spins++)
    if (Atomics.load(words, at) === 0 && Atomics.compareExchange(words, at, 0, own) === 0) return true;
  for (;;) {
    const held = Atomics.load(words, at);
    if (held === 0) {
      if (Atomics.compareExchange(words, at, 0, own | 1) === 0) return true; // others may sleep
    } else if ((held & 1) === 1 || Atomics.compareExchange(words, at, held, held | 1) === held) {
      if (Atomics.wait(words, at, held | 1, LONGEST_SLEEP_MS) === 'timed-out') return false;
    }
  }
}

/** Returns the name of a thread in a lock's word: an even number from 2. */
export function lockName(thread: number): number {
  return (thread + 1) << 1;
}

/** Unlocks a word that one of these dead threads holds: after `complete`, which does what that thread has left undone. */
export function unlockFor(words: Int32Array, at: number, threads: readonly number[], complete: () => void): void {
  const held = Atomics.load(words, at) & ~1;
  if (threads.some((thread) => lockName(thread) === held)) {
    complete();
    Atomics.store(words, at, 0);
  }
  Atomics.notify(words, at); // one of them may have unlocked without waking others
}
