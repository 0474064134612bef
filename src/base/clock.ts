import { supports } from './platform/capabilities.js';
import { findRealTimers, unfaked } from './platform/real-timers.js';

/**
 * The platform's own clocks and timers, even if a test has already faked them when the library is loaded: such a test
 * fakes its own time, not the pool's.
 */
export const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate } = findRealTimers();

export const queueMicrotask = unfaked(globalThis.queueMicrotask, 'queueMicrotask');

const { nextTick: foundTick, hrtime: foundClock } = process;
const tick = unfaked(foundTick, 'nextTick');
const ownClock = unfaked(foundClock, 'hrtime');
const hrtime = supports('sharedClock') ? ownClock : shifted(ownClock, performance.timeOrigin);

export const nextTick = (fn: () => void): void => tick(fn);

/**
 * Returns the time in ms on a monotonic clock that all threads share: the machine's, if the platform has it. Not
 * `performance.now()`, which has a different origin on each thread, takes 10 ns longer, and takes a thread 2 ms to load.
 */
export function now(): number {
  const [seconds, nanoseconds] = hrtime();
  return seconds * 1e3 + nanoseconds * 1e-6;
}

/**
 * Shifts a clock that begins with its thread to begin in 1970, so that all threads share it.
 *
 * @param originMs the thread's beginning, in ms since 1970.
 */
function shifted(clock: () => [number, number], originMs: number): () => [number, number] {
  const originSeconds = originMs / 1e3;
  return () => {
    const [seconds, nanoseconds] = clock();
    return [originSeconds + seconds, nanoseconds];
  };
}

/** Captured before any code can replace it. */
const { now: dateNow } = Date;

/** By how much the two clocks may drift apart, in ms, until the difference is taken again. */
const DRIFT_MS = 1_000;

/** Time of the wall clock less that of `now()`, in ms. */
let offsetMs = dateNow() - now();

/**
 * Converts a time of `now()` to milliseconds since 1970, with their fraction. The difference of the clocks is taken once, so
 * that times keep their distances; again only if the wall clock was set, or the machine has slept, by more than a second.
 */
export function toEpoch(ms: number): number {
  const currentMs = dateNow() - now();
  if (Math.abs(currentMs - offsetMs) > DRIFT_MS) offsetMs = currentMs;
  return ms + offsetMs;
}
