// A bare thread: one end of a MessagePort, without any library. The sender posts number by number, the receiver reads them as
// they come.
import { once } from 'node:events';
import { parentPort, receiveMessageOnPort } from 'node:worker_threads';

parentPort.on('message', async ({ end, port, count }) => {
  parentPort.postMessage(end === 'send' ? send(port, count) : await receive(port, count));
});

function send(port, count) {
  for (let i = 0; i < count; i++) port.postMessage(i);
}

/** Returns the sum, and how long it took from the first value to the last, in ms. */
async function receive(port, count) {
  const [first] = await once(port, 'message');
  const start = performance.now();
  let sum = first;
  for (let received = 1; received < count; ) {
    const next = receiveMessageOnPort(port);
    if (next === undefined) continue;
    sum += next.message;
    received++;
  }
  port.close();
  return { sum, ms: performance.now() - start };
}
