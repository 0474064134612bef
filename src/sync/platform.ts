/**
 * The platform's clocks and timers as they are when the library is loaded: a test that fakes them later fakes its own
 * time, not the pool's.
 */
export const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, queueMicrotask } = globalThis;

/** Ms on the monotonic clock. */
export const now: () => number = performance.now.bind(performance);

/** How far the clock that all threads share is ahead of this thread's, in ms. */
export const SHARED_CLOCK_MS: number = Number(process.hrtime.bigint()) / 1e6 - now();
