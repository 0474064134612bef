// Posts how many requests are due, when they are due: a timer of the event loop is up to a millisecond late.
import { parentPort } from 'node:worker_threads';

const never = new Int32Array(new SharedArrayBuffer(4));

parentPort.on('message', ({ start, times }) => {
  let due = 0;
  while (due < times.length) {
    const wait = start + times[due] - now();
    if (wait > 0) Atomics.wait(never, 0, 0, wait);
    while (due < times.length && start + times[due] <= now()) due++;
    parentPort.postMessage(due);
  }
});

/** A clock that threads share. */
function now() {
  return performance.timeOrigin + performance.now();
}
