import { PERMITS, WAITERS } from '../waiting/queue-words.js';
import { CLOSED_PERMITS } from './channel-words.js';

// What is set apart for those who wait in a queue: the word at `apartAt` counts it. All this is for the holder of the lock.

/** Adds a permit for each who waits, of the `there` values or places that there are. Returns how many. */
export function setApart(queue: Int32Array, there: number, words: Int32Array, apartAt: number): number {
  const waiters = Atomics.load(queue, WAITERS);
  const count = Math.min(waiters, there - (words[apartAt] as number));
  if (count <= 0) return 0;
  Atomics.add(queue, PERMITS, count);
  words[apartAt] = (words[apartAt] as number) + count;
  return count;
}

/** Uses a lease, so that what was set apart for it is free. */
export function useUp(queue: Int32Array, leasedAt: number, words: Int32Array, apartAt: number): void {
  queue[leasedAt] = (queue[leasedAt] as number) - 1;
  words[apartAt] = (words[apartAt] as number) - 1;
}

/** Takes back what is still set apart for waiters that have left. Returns how many values or places that is. */
export function takeBack(queue: Int32Array, words: Int32Array, apartAt: number): number {
  if (words[apartAt] === 0) return 0;
  const permits = Atomics.load(queue, PERMITS);
  if (permits <= 0 || permits >= CLOSED_PERMITS) return 0;
  if (Atomics.compareExchange(queue, PERMITS, permits, 0) !== permits) return 0;
  words[apartAt] = (words[apartAt] as number) - permits;
  return permits;
}
