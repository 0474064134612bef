// Tasks whose streams and ports go on when they have ended.
import { MessageChannel } from 'node:worker_threads';
import { move } from 'thread-system/worker';

const turn = () => new Promise((resolve) => setTimeout(resolve, 2));
const seenItems = [];

function make(count) {
  let n = 0;
  return new ReadableStream({
    async pull(controller) {
      await turn();
      if (++n > count) controller.close();
      else controller.enqueue(n);
    },
  });
}

export function numbers(count) {
  const stream = make(count);
  return move(stream, [stream]);
}

export function nested(count) {
  const stream = make(count);
  return move({ list: new Map([['numbers', stream]]) }, [stream]);
}

export function failing() {
  const stream = new ReadableStream({
    pull() {
      throw new RangeError('dry');
    },
  });
  return move(stream, [stream]);
}

export function endless() {
  let n = 0;
  const stream = new ReadableStream({
    async pull(controller) {
      await turn();
      controller.enqueue(n++);
    },
  });
  return move(stream, [stream]);
}

export const seen = () => seenItems;

export function sink() {
  const stream = new WritableStream({
    write(item) {
      seenItems.push(item);
    },
  });
  return move(stream, [stream]);
}

export function doubled() {
  const stream = new TransformStream({
    async transform(item, controller) {
      await turn();
      controller.enqueue(2 * item);
    },
  });
  return move(stream, [stream]);
}

export async function sum(stream) {
  let total = 0;
  for await (const item of stream) total += item;
  return total;
}

/** Goes on reading when the job has ended. */
export function readLater(stream) {
  void (async () => {
    for await (const _item of stream) await turn();
  })();
  return 'later';
}

/** Messages on a port, and then its end. */
export function ticks(count) {
  const { port1, port2 } = new MessageChannel();
  let n = 0;
  const timer = setInterval(() => {
    port1.postMessage(++n);
    if (n < count) return;
    clearInterval(timer);
    port1.close();
  }, 5);
  return move(port2, [port2]);
}

export function die() {
  process.exit(7);
}

/** Nested more deeply than the stack of another thread may hold. */
export function deep(depth) {
  let value = {};
  for (let i = 0; i < depth; i++) value = { value };
  return value;
}

export function deepChunks(depth) {
  const stream = new ReadableStream({
    pull: (controller) => controller.enqueue(deep(depth)),
    cancel: (reason) => void seenItems.push(reason),
  });
  return move(stream, [stream]);
}

export async function writeDeep(stream, depth) {
  const writer = stream.getWriter();
  await writer.write(deep(depth));
}
