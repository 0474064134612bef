// A bare thread: one end of a ring of numbers in shared memory, without any library. It has one sender and one receiver, which
// spin: nothing can be handed over value by value with less.
import { parentPort } from 'node:worker_threads';

const HEAD = 0;
/** Far enough behind for a cache line of its own, also where lines are fetched in pairs. */
const TAIL = 64;

parentPort.on('message', ({ end, words, numbers, count }) => {
  parentPort.postMessage(end === 'send' ? send(words, numbers, count) : receive(words, numbers, count));
});

function send(words, numbers, count) {
  for (let i = 0; i < count; i++) {
    while (i - Atomics.load(words, HEAD) >= numbers.length);
    numbers[i % numbers.length] = i;
    Atomics.store(words, TAIL, i + 1);
  }
}

/** Returns the sum, and how long it took from the first value to the last, in ms. */
function receive(words, numbers, count) {
  while (Atomics.load(words, TAIL) === 0);
  const start = performance.now();
  let sum = 0;
  for (let i = 0; i < count; i++) {
    while (Atomics.load(words, TAIL) <= i);
    sum += numbers[i % numbers.length];
    Atomics.store(words, HEAD, i + 1);
  }
  return { sum, ms: performance.now() - start };
}
