import { currentJob, move } from '../../dist/worker.js';
import { stamp } from './functions.mjs';

export * from './functions.mjs';

export function stampAndMove(bytes) {
  return move(stamp(bytes), [bytes.buffer]);
}

let started;

/** Gives this thread the counter that `countStart` raises. An argument of every job would cost a clone for each. */
export function shareCounter(counter) {
  started = counter;
}

export function countStart(x) {
  Atomics.add(started, 0, 1);
  return x;
}

export function countStarted() {
  return Atomics.load(started, 0);
}

/** What a look at the token costs, and what an `Atomics.load` does, in ns. */
export function tokenCost(token, turns) {
  const word = new Int32Array(new SharedArrayBuffer(4));
  let cancelled = 0;
  const start = performance.now();
  for (let i = 0; i < turns; i++) if (token.isCancelled) cancelled++;
  const between = performance.now();
  for (let i = 0; i < turns; i++) if (Atomics.load(word, 0) !== 0) cancelled++;
  const end = performance.now();
  if (cancelled > 0) throw new Error('Nobody cancelled');
  return { token: ((between - start) * 1e6) / turns, load: ((end - between) * 1e6) / turns };
}

export function spinUntilCancelled(words) {
  const job = currentJob();
  Atomics.store(words, 0, 1);
  for (;;) job.throwIfCancelled();
}

export function deaf(words) {
  Atomics.store(words, 0, 1);
  for (;;);
}

export function now() {
  return performance.timeOrigin + performance.now();
}

/** Meets another task so many times. @returns {number} ms. */
export function meet(barrier, turns) {
  barrier.arriveAndWaitSync();
  const start = performance.now();
  for (let i = 0; i < turns; i++) barrier.arriveAndWaitSync();
  return performance.now() - start;
}

/** Gives back each permit that it gets. */
export function answer(there, back, turns) {
  for (let i = 0; i < turns; i++) {
    there.acquireSync();
    back.release();
  }
}
