import { MessageChannel } from 'node:worker_threads';
import { afterEach, expect, test } from '@jest/globals';

const { PayloadPort } = await import('../../build/workers/envelope.js');
const { createMemory, MAIN_PARKED } = await import('../../build/workers/layout.js');
const { MainBell } = await import('../../build/workers/parking.js');
const { RequestLane } = await import('../../build/workers/request-lane.js');
const { RequestReader } = await import('../../build/workers/request-reader.js');

const carrier = { isOpen: true, sharesMemory: true, tell: (): void => {} };
const channel = new MessageChannel();
afterEach(() => channel.port1.close());

test('a main thread that sleeps is rung before a job begins that is less urgent than the one answered', () => {
  const memory = createMemory();
  const lane = new RequestLane(memory, new PayloadPort(channel.port1, carrier));
  const reader = new RequestReader(memory, channel.port2, new PayloadPort(channel.port2, carrier));
  const log: string[] = [];
  const poolWord = new Int32Array(new SharedArrayBuffer(4));
  const port = { postMessage: () => log.push('ring') };
  const bell = new MainBell(poolWord, memory.control, port as never, reader);

  const origin = { kind: 'inline', name: 'task', source: '' } as never;
  const plain = { isPlain: true, aside: undefined, transfer: undefined, timeoutMs: undefined };
  const send = (priority: number, id: number): void =>
    lane.write({ ...plain, id, kind: { task: { id: 1, origin }, priority }, args: [priority] });
  [0, 4, 4, 0, 0, 2, 1, 1, 1].forEach(send);
  lane.publish();

  // the last jobs ring in any case, so that the next come in time
  while (reader.hasMoreThan(2) && reader.next()) {
    Atomics.store(poolWord, MAIN_PARKED, 1);
    log.push(`job of ${reader.priority}`);
    reader.readValues();
    bell.answered(0, 0);
  }

  expect(log).toEqual([
    'job of 0',
    'job of 4',
    'job of 4',
    'ring',
    'job of 0',
    'job of 0',
    'job of 2',
    'ring',
    'job of 1',
  ]);
});
