import { MessageChannel } from 'node:worker_threads';
import { afterAll, expect, test } from '@jest/globals';
import type { InFlightJob, InFlightJobAccess, InFlightJobKind } from '../../build/base/in-flight-job.js';

const { giveAccess } = await import('../../build/base/in-flight-job.js');
const { PayloadPort } = await import('../../build/wire/message/payload-port.js');
const { Control, createMemory, MAIN_PARKED, MainParked } = await import('../../build/wire/lane/layout.js');
const { MainDoorbell } = await import('../../build/worker/main-doorbell.js');
const { RequestLane } = await import('../../build/host/request-lane.js');
const { RequestReader } = await import('../../build/worker/request-reader.js');

interface FakeJob extends InFlightJob {
  readonly kind: InFlightJobKind;
  readonly args: readonly unknown[];
}

const access: Partial<InFlightJobAccess<FakeJob>> = {
  idOf: ({ id }) => id,
  kindOf: ({ kind }) => kind,
  argsOf: ({ args }) => args,
  isPlain: () => true,
};
giveAccess(access as InFlightJobAccess<FakeJob>);

const peer = { isOpen: true, sharesMemory: true, post: (): void => {} };
const channel = new MessageChannel();
afterAll(() => channel.port1.close());

const { port1, port2 } = channel;

/** A worker's doorbell, of a main thread that sleeps so, and jobs of those priorities in its lane. Rings are logged. */
function makeDoorbell(priorities: readonly number[], parked: number = MainParked.UNTIL_RUNG) {
  const memory = createMemory();
  const lane = new RequestLane(memory, new PayloadPort(port1, peer), { bufferGone: () => {}, sendMail: () => {} });
  const reader = new RequestReader(memory, port2, new PayloadPort(port2, peer));
  const log: string[] = [];
  const poolWord = new Int32Array(new SharedArrayBuffer(4));
  const port = { postMessage: () => log.push('ring') };
  const doorbell = new MainDoorbell(poolWord, memory.control, port as never, reader);
  reader.reportTo(doorbell);

  const origin = { kind: 'inline', name: 'task', source: '' } as never;
  priorities.forEach((priority, id) => {
    lane.write({ id, kind: { task: { id: 1, origin }, priority, urgency: priority }, args: [priority] } as never);
  });
  lane.publish();

  /** The next job, which takes no time, is answered then. */
  const answer = (nowMs: number): void => {
    reader.next();
    Atomics.store(poolWord, MAIN_PARKED, parked);
    log.push(`job of ${reader.priority}`);
    reader.readValues();
    doorbell.answered(nowMs, nowMs);
  };
  const mainReads = (): void => {
    Atomics.add(memory.control, Control.RESULT_WORDS_READ, 4);
  };
  return { reader, log, answer, mainReads };
}

test('a main thread that sleeps is rung before a job begins that is less urgent than the one answered', () => {
  const { reader, log, answer } = makeDoorbell([0, 4, 4, 0, 0, 2, 1, 1, 1]);
  // the last jobs ring in any case, so that the next come in time
  while (reader.hasMoreThan(2)) answer(0);

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

test('it is rung for answers that wait for more than 2 ms, but not for those that were read when another worker rang', () => {
  const { log, answer, mainReads } = makeDoorbell(new Array(9).fill(0));
  for (const nowMs of [0, 1]) answer(nowMs);
  mainReads();
  for (const nowMs of [2.5, 3, 4.5]) answer(nowMs);
  expect(log).not.toContain('ring');
  answer(5);
  expect(log.at(-1)).toBe('ring');
});

test('one that will wake by itself is rung for the last jobs, and before one that is less urgent, and for no other', () => {
  const late = makeDoorbell(new Array(50).fill(0), MainParked.UNTIL_TIMER);
  for (let jobs = 1; jobs < 49; jobs++) late.answer(jobs);
  expect(late.log).not.toContain('ring');
  late.answer(49);
  expect(late.log.at(-1)).toBe('ring');

  const urgent = makeDoorbell([4, 0, 0, 0, 0], MainParked.UNTIL_TIMER);
  urgent.answer(0);
  urgent.answer(0);
  expect(urgent.log).toEqual(['job of 4', 'ring', 'job of 0']);
});
