import { now } from './clock.js';

/**
 * Durations as whole tenths of a microsecond. Small integers travel between functions without an allocation; fractions of
 * a millisecond would each be an object on the heap, at a million jobs a second.
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

/** `now()`, but later than every stamp before it on this thread: of two stamps the smaller is the earlier. */
export function stamp(): number {
  const nowMs = now();
  lastMs = nowMs > lastMs ? nowMs : lastMs * (1 + Number.EPSILON);
  return lastMs;
}
