import { deepEqual, equal, ok } from 'node:assert/strict';
import { MessageChannel } from 'node:worker_threads';
import { afterAll, describe, expect, test } from '@jest/globals';
import type { InFlightJob, InFlightJobAccess } from '../../../build/base/in-flight-job.js';
import type { ResultReader } from '../../../build/host/result-lane.js';

const { giveAccess } = await import('../../../build/base/in-flight-job.js');
const { PayloadPort } = await import('../../../build/wire/message/payload-port.js');
const { CAPACITY, Control, createMemory, MASK } = await import('../../../build/wire/lane/layout.js');
const { NOT_INLINE, RingReader, RingWriter } = await import('../../../build/wire/lane/ring.js');
const { RequestLane } = await import('../../../build/host/request-lane.js');
const { RequestReader } = await import('../../../build/worker/request-reader.js');
const { ResultLane } = await import('../../../build/host/result-lane.js');
const { ResultWriter } = await import('../../../build/worker/results/result-writer.js');
const { encodeError } = await import('../../../build/wire/message/error-codec.js');

const { port1, port2 } = new MessageChannel();
afterAll(() => port1.close());
const peer = { isOpen: true, sharesMemory: true, post: (): void => {} };

const KIND = { task: { id: 1, origin: {} }, priority: 0, urgency: 0 };
giveAccess({
  idOf: ({ id }: InFlightJob) => id,
  kindOf: () => KIND,
  argsOf: (job: InFlightJob & { readonly args: readonly unknown[] }) => job.args,
  isPlain: () => true,
} as unknown as InFlightJobAccess<InFlightJob>);

/** Of every kind, and of every size that rounds in another way. */
const VALUES: readonly unknown[] = [
  ...[
    0,
    -0,
    1,
    -1,
    0.5,
    2 ** 31,
    -(2 ** 31),
    2 ** 53,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    undefined,
    null,
    true,
    false,
  ],
  ...Array.from({ length: 70 }, (_, length) => 'ä'.repeat(length)),
  ...Array.from({ length: 40 }, (_, length) => '€'.repeat(length)),
  ...Array.from({ length: 9 }, (_, length) => new Array<number>(length).fill(0.1)),
  ...[{}, { a: 1 }, { a: 'b', c: [{ d: null }] }, new Date(12345.678), [true, -(2 ** 27), 2 ** 27]],
];

describe('a ring', () => {
  const WRAP_AT = 64;
  const LONGEST = 64;
  const makeRing = () => {
    const words = new Int32Array(new SharedArrayBuffer(4 * (WRAP_AT + LONGEST)));
    return { writer: new RingWriter(words, WRAP_AT), reader: new RingReader(words, WRAP_AT) };
  };

  test('gives out what was put in, of every kind and size, wherever in it an entry begins', () => {
    const { writer, reader } = makeRing();
    const begun = new Set<number>();
    for (let round = 0; round < 20; round++)
      for (const value of VALUES) {
        begun.add(writer.offset);
        writer.cursor = writer.offset;
        const tag = writer.put(value, writer.offset + LONGEST);
        ok(tag !== NOT_INLINE);
        const length = writer.advance();
        reader.cursor = reader.offset;
        deepEqual(reader.take(tag), value);
        equal(reader.advance(), length);
        equal(reader.offset, writer.offset);
      }
    expect(begun.size).toBe(WRAP_AT / 2); // at even words
  });

  test('passes over what it does not read', () => {
    const { writer, reader } = makeRing();
    for (const value of VALUES) {
      writer.cursor = writer.offset;
      const tag = writer.put(value, writer.offset + LONGEST);
      reader.cursor = reader.offset;
      reader.pass(tag);
      equal(reader.advance(), writer.advance());
    }
  });

  test('takes a value where it just fits, and writes nothing behind its limit', () => {
    for (const value of VALUES) {
      for (let limit = 0; ; limit++) {
        const { writer, reader } = makeRing();
        const tag = writer.put(value, limit);
        ok(
          writer.words.subarray(limit).every((word) => word === 0),
          `written behind ${limit}`,
        );
        if (tag === NOT_INLINE) continue;
        deepEqual(reader.take(tag), value);
        break;
      }
    }
  });
});

test('a request lane that is full, again and again, gives out all that was sent', () => {
  const memory = createMemory();
  const lane = new RequestLane(memory, new PayloadPort(port1, peer), { bufferGone: () => {}, sendMail: () => {} });
  const reader = new RequestReader(memory, port2, new PayloadPort(port2, peer));
  const argsOf = (id: number): unknown[] => [id, VALUES[id % VALUES.length], 'text'.repeat(id % 12)];
  let sent = 0;
  let read = 0;
  for (let round = 0; round < 12; round++) {
    while (lane.hasRoom(1)) {
      lane.write({ id: sent, args: argsOf(sent) } as never);
      sent++;
    }
    expect(sent - read).toBe(CAPACITY);
    lane.publish();
    // all, or so many that the next round begins in the middle of a burst
    for (let left = round % 2 === 0 ? CAPACITY : CAPACITY / 3; left >= 1 && reader.next(); left--) {
      const args = reader.readValues();
      equal(reader.id, read);
      if (read % 7 === 0) deepEqual(args, argsOf(read));
      read++;
    }
    reader.publishRead();
  }
  expect(read).toBeGreaterThan(5 * CAPACITY);
});

test('a result lane whose other half is full of reports has room for the answers of all jobs, and gives all out in order', () => {
  const memory = createMemory();
  const writer = new ResultWriter(memory, new PayloadPort(port2, peer));
  const lane = new ResultLane(memory, port1, new PayloadPort(port1, peer));
  const told: unknown[] = [];
  const reader = {
    reported: (slot: number, value: unknown) => told.push(`report ${slot} ${String(value)}`),
    returned: (slot: number, value: unknown) => told.push(`answer ${slot} ${String(value)}`),
    stopped: (slot: number) => told.push(`stopped ${slot}`),
  } as unknown as ResultReader;
  for (let round = 0; round < 3; round++) {
    const expected: string[] = [];
    for (let report = 0; report < 200; report++) {
      const text = `${report}`.repeat(200);
      writer.report(0, text);
      expected.push(`report 0 ${text}`);
    }
    for (let seq = 0; seq < CAPACITY; seq++) {
      memory.slots[seq & MASK] = (seq << 2) | 2; // it runs
      writer.returned(seq, seq * 0.5);
      expected.push(`answer ${seq} ${seq * 0.5}`);
    }
    const written = Atomics.load(memory.control, Control.RESULT_TAIL);
    for (let left = 3 * CAPACITY; left > 0 && !lane.isEmpty; ) left -= lane.read(1000, reader);
    expect(lane.isEmpty).toBe(true);
    expect(Atomics.load(memory.control, Control.RESULT_TAIL)).toBe(written);
    expect(told.splice(0)).toEqual(expected);
  }
});

test.each([4, 5, 8, 9])(
  'there is room for the answers of all jobs, of %i numbers each, and for what each says before',
  (length) => {
    const memory = createMemory();
    const writer = new ResultWriter(memory, new PayloadPort(port2, peer));
    const lane = new ResultLane(memory, port1, new PayloadPort(port1, peer));
    const told: string[] = [];
    const reader = {
      reported: () => {},
      started: (slot: number) => told.push(`started ${slot}`),
      tokenCancelled: (slot: number) => told.push(`cancelled ${slot}`),
      suspended: (slot: number) => told.push(`suspended ${slot}`),
      blocked: () => {},
      messageRead: () => {},
      returned: (slot: number, value: unknown) => told.push(`answer ${slot} ${String(value)}`),
    } as unknown as ResultReader;
    const reason = encodeError(new Error('reason'));
    const listOf = (seq: number): number[] => Array.from({ length }, (_, index) => seq + index + 0.5);
    for (let report = 0; report < 200; report++) writer.report(0, `${report % 10}`.repeat(3500));
    const expected: string[] = [];
    for (let seq = 0; seq < CAPACITY; seq++) {
      memory.slots[seq & MASK] = (seq << 2) | 2; // it runs
      writer.started(seq, seq);
      writer.tokenCancelled(seq, reason);
      writer.suspended(seq);
      for (let block = 0; block < 3; block++) writer.blocked(seq);
      writer.returned(seq, listOf(seq));
      expected.push(`started ${seq}`, `cancelled ${seq}`, `suspended ${seq}`, `answer ${seq} ${String(listOf(seq))}`);
    }
    expect(writer.isBehind).toBe(false); // each answer has let what waited go first
    while (!lane.isEmpty) lane.read(1000, reader);
    expect(told).toEqual(expected);
  },
);

test('a result lane that is read again by whom it gives an answer gives each out once, in order', () => {
  const memory = createMemory();
  const writer = new ResultWriter(memory, new PayloadPort(port2, peer));
  const lane = new ResultLane(memory, port1, new PayloadPort(port1, peer));
  const told: number[] = [];
  const reader = {
    returned: (slot: number) => {
      told.push(slot);
      told.push(...Array<number>(lane.read(1000, reader)).fill(-1)); // as for a job that the answer has released
    },
  } as unknown as ResultReader;
  for (let round = 0; round < 3; round++) {
    for (let seq = 0; seq < 100; seq++) {
      memory.slots[seq] = (seq << 2) | 2; // it runs
      writer.returned(seq, seq);
    }
    expect(lane.read(Number.POSITIVE_INFINITY, reader)).toBe(100);
    expect(lane.isEmpty).toBe(true);
    expect(lane.read(1000, reader)).toBe(0);
    expect(told.splice(0)).toEqual(Array.from({ length: 100 }, (_, seq) => seq));
  }
});
