/**
 * The platform's clocks and timers as they are when the library is loaded: a test that fakes them later fakes its own
 * time, not the pool's.
 */
export const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, queueMicrotask } = globalThis;

/** Ms on the monotonic clock. */
export const now: () => number = performance.now.bind(performance);
