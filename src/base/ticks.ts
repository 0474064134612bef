import { now } from './clock.js';

/**
 * Durations are kept in ticks: whole tenths of a microsecond. Small integers need no allocation, while at a million
 * jobs a second each fraction of a millisecond would be an object on the heap.
 */
export const TICKS_PER_MS = 10_000;

const LARGEST_SMALL_MS = 200_000;

export function toTicks(ms: number): number {
  return ms < LARGEST_SMALL_MS ? (ms * TICKS_PER_MS + 0.5) | 0 : manyTicks(ms);
}

function manyTicks(ms: number): number {
  return Math.floor(ms * TICKS_PER_MS + 0.5);
}

let lastMs = 0;

/** Like `now()`, but always later than the stamps before on this thread, so that stamps give the order of events. */
export function stamp(): number {
  const nowMs = now();
  lastMs = nowMs > lastMs ? nowMs : lastMs * (1 + Number.EPSILON);
  return lastMs;
}
