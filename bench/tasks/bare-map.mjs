// A bare thread: for each message, one part of a list, item by item, into another.
import { parentPort } from 'node:worker_threads';

const double = (x) => x * 2;

parentPort.on('message', ({ items, result, from, to }) => {
  for (let i = from; i < to; i++) result[i] = double(items[i]);
  parentPort.postMessage(undefined);
  globalThis.gc?.(); // what it was given would stay, as a thread that allocates nothing collects nothing
});
