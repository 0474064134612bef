import { inspect } from 'node:util';
import { describe, expect, jest, test } from '@jest/globals';
import { CancellationToken, Channel, ChannelClosedError, Mutex, ThreadPool, taskModule } from 'thread-system';
import { Channel as BuiltChannel } from '../../build/sync/channel/channel.js';
import { ChannelRing } from '../../build/sync/channel/channel-ring.js';
import { until } from '../support/gate.ts';
import { fixture } from '../support/tasks.ts';

type Numbers = Channel<number>;
type How = 'sync' | 'async' | 'many' | 'try';
type WaitOptions = { timeoutMs?: number };

const tasks = taskModule<{
  sendNumbers(channel: Numbers, from: number, count: number, how?: How): Promise<number>;
  receiveAll(channel: Channel, how?: How): Promise<unknown[]>;
  receiveAndNote(channel: Numbers, noted: Int32Array): void;
  sendAndCount(channel: Numbers, from: number, sent: Int32Array): never;
  echoBack(channel: Channel, back: Channel): void;
  receiveBlocked(channel: Channel, words: Int32Array, options?: WaitOptions): unknown;
  sendBlocked(channel: Channel, words: Int32Array, value: unknown, options?: WaitOptions): boolean;
}>(fixture('channels.mjs'));

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const wordsOf = (count: number): Int32Array => new Int32Array(new SharedArrayBuffer(4 * count));

async function collect<T>(channel: Channel<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of channel) all.push(value);
  return all;
}

describe('a Channel', () => {
  test('gives back what it was given, in order, up to its capacity', async () => {
    const channel = new Channel<number>({ capacity: 3 });
    expect([channel.size, channel.capacity, channel.isClosed]).toEqual([0, 3, false]);
    expect([1, 2, 3, 4].map((value) => channel.trySend(value))).toEqual([true, true, true, false]);
    expect(inspect(channel)).toBe('Channel { size: 3, capacity: 3, isClosed: false }');
    expect(await channel.receive()).toBe(1);
    expect(channel.trySend(4)).toBe(true);
    expect([channel.tryReceive(), channel.tryReceive(), channel.tryReceive()]).toEqual([2, 3, 4]);
    expect(channel.tryReceive()).toBe(Channel.EMPTY);
    expect(new Channel().capacity).toBe(1024);
  });

  test('has a sender wait for room, and a receiver for a value, in order of arrival', async () => {
    const channel = new Channel<number>({ capacity: 1 });
    const sent: number[] = [];
    const sends = upTo(5).map((i) => channel.send(i).then(() => sent.push(i)));
    expect(await collectFive(channel)).toEqual([0, 1, 2, 3, 4]);
    await Promise.all(sends);
    expect(sent).toEqual([0, 1, 2, 3, 4]);
    const receives = [channel.receive(), channel.receive(), channel.receive()];
    for (const value of [7, 8, 9]) await channel.send(value);
    expect(await Promise.all(receives)).toEqual([7, 8, 9]);
  });

  async function collectFive(channel: Numbers): Promise<unknown[]> {
    const all: unknown[] = [];
    while (all.length < 5) all.push(await channel.receive());
    return all;
  }

  test('that is closed gives what is left, then CLOSED, and takes nothing', async () => {
    const channel = new Channel<string>({ capacity: 2 });
    await channel.send('left');
    await channel.send('over');
    const late = channel.send('late');
    channel.close();
    channel.close();
    await expect(late).rejects.toBeInstanceOf(ChannelClosedError);
    await expect(channel.send('later')).rejects.toMatchObject({ code: 'ERR_CHANNEL_CLOSED' });
    expect(() => channel.trySend('latest')).toThrow('Cannot send by a channel: it is closed');
    expect([channel.isClosed, channel.size]).toEqual([true, 2]);
    expect(await channel.receiveMany(5)).toEqual(['left', 'over']);
    expect([await channel.receive(), channel.tryReceive(), await channel.receiveMany(2)]).toEqual([
      Channel.CLOSED,
      Channel.CLOSED,
      Channel.CLOSED,
    ]);
    expect(await collect(channel)).toEqual([]);
  });

  test('ends the waits of receivers when it is closed', async () => {
    const channel = new Channel();
    const waiting = [channel.receive(), channel.receiveMany(3), channel.receive({ timeoutMs: 1e6 })];
    channel.close();
    expect(await Promise.all(waiting)).toEqual([Channel.CLOSED, Channel.CLOSED, Channel.CLOSED]);
  });

  test('carries every plain value as a structured clone does', async () => {
    const channel = new Channel({ capacity: 100 });
    const values = [
      ...[undefined, null, true, false, 0, -0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 10n ** 30n],
      ...['', 'text', '\u0100'.repeat(500), new Date(0), /a.c/giu, new RangeError('out')],
      { a: [1, { deep: [[1]] }], b: new Map([['key', new Set([1])]]) },
      ...[new Uint8Array([1, 2]), new Uint8Array([1, 2]).buffer, new Float64Array([Number.NaN])],
    ];
    for (const value of values) await channel.send(value);
    channel.close();
    expect(await collect(channel)).toStrictEqual(structuredClone(values));
  });

  test('refuses a value that cannot be cloned to any thread, and one larger than all its bytes', async () => {
    const channel = new Channel({ capacity: 10, maxBytes: 1000 });
    for (const value of [() => 1, { mutex: new Mutex() }, new Int32Array(new SharedArrayBuffer(4)), Symbol('s')])
      await expect(channel.send(value)).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE', path: 'value' });
    expect(() => channel.trySend('x'.repeat(1100))).toThrow('value must have at most maxBytes (1024), received 11');
    expect(channel.size).toBe(0);
    expect(await channel.send('fits')).toBe(true);
  });

  test('is bounded in bytes, too: those who send more wait', async () => {
    const channel = new Channel<string>({ capacity: 100, maxBytes: 1024 });
    const texts = upTo(40).map((i) => String(i).padEnd(100 + 37 * (i % 17), '.'));
    const all = collect(channel);
    for (const text of texts) await channel.send(text);
    channel.close();
    expect(await all).toEqual(texts);
    const full = new Channel<string>({ capacity: 100, maxBytes: 1024 });
    expect(full.trySend('x'.repeat(900))).toBe(true);
    expect(full.trySend('x'.repeat(200))).toBe(false);
    expect(await full.send('x'.repeat(200), { timeoutMs: 5 })).toBe(false);
    const waiting = full.send('y'.repeat(1000));
    expect((await full.receive()) === 'x'.repeat(900)).toBe(true);
    expect(await waiting).toBe(true);
    const closing = full.send('z'.repeat(1000));
    full.close();
    await expect(closing).rejects.toBeInstanceOf(ChannelClosedError);
    expect((await full.receive()) === 'y'.repeat(1000)).toBe(true);
  });

  test('has those who wait for space try again only when something was received', async () => {
    const channel = new BuiltChannel<string>({ capacity: 100, maxBytes: 1024 });
    const { sendLeased } = ChannelRing.prototype;
    let attempts = 0;
    const spy = jest.spyOn(ChannelRing.prototype, 'sendLeased').mockImplementation(function (
      this: ChannelRing,
      ...entry
    ) {
      if (++attempts > 100) throw new Error('one try after another');
      return sendLeased.apply(this, entry);
    });
    try {
      expect(channel.trySend('x'.repeat(900))).toBe(true);
      const waiting = ['y', 'z'].map((letter) => channel.send(letter.repeat(300)));
      await new Promise((resolve) => setImmediate(resolve));
      expect(attempts).toBe(2);
      expect((await channel.receive()) === 'x'.repeat(900)).toBe(true);
      expect(await Promise.all(waiting)).toEqual([true, true]);
      expect(attempts).toBe(4);
    } finally {
      spy.mockRestore();
    }
  });

  test('waits as long as its options say', async () => {
    const channel = new Channel<number>({ capacity: 1 });
    expect(await channel.receive({ timeoutMs: 5 })).toBe(Channel.EMPTY);
    expect(await channel.receiveMany(3, { timeoutMs: 0 })).toEqual([]);
    const token = new CancellationToken();
    const cancelled = channel.receive({ token });
    token.cancel('enough');
    await expect(cancelled).rejects.toMatchObject({
      reason: 'enough',
      message: 'The attempt to receive from a channel was cancelled: enough',
    });
    await channel.send(1);
    await expect(channel.receive({ token })).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED' });
    expect(await channel.send(2, { timeoutMs: 5 })).toBe(false);
    await expect(channel.send(2, { token })).rejects.toMatchObject({
      message: 'The attempt to send by a channel was cancelled: enough',
    });
    expect([channel.size, await channel.receive()]).toEqual([1, 1]);
  });

  test('refuses bad options and arguments by name, rule and value', async () => {
    const made = (options: unknown) => () => new Channel(options as never);
    expect(made({ capacity: 0 })).toThrow('Cannot make a channel: capacity must be');
    expect(made({ capacity: 1.5 })).toThrow('received 1.5');
    expect(made({ maxBytes: '5' })).toThrow("maxBytes must be an integer, received '5'");
    expect(made({ size: 5 })).toThrow("Cannot make a channel: there is no option 'size'");
    expect(made(5)).toThrow('options must be an object, received 5');
    const channel = new Channel();
    await expect(channel.receiveMany(0)).rejects.toThrow('max must be a whole number');
    await expect(channel.receive({ timeoutMs: -1 })).rejects.toThrow('timeoutMs must be 0 or more');
    expect(() => channel.receiveSync()).toThrow('receiveSync is for tasks, use `await channel.receive()` here');
    expect(() => channel.sendSync(1)).toThrow('sendSync is for tasks, use `await channel.send()` here');
    expect(() => channel.valuesSync().next()).toThrow('is for tasks');
  });
});

describe('between threads a Channel', () => {
  const ways: How[] = ['sync', 'async', 'many', 'try'];

  test.each(ways)('brings all numbers of two tasks in their order, received %s', async (how) => {
    await using pool = new ThreadPool({ maxWorkers: 3 });
    const channel = new Channel<number>({ capacity: 16 });
    const received = pool.submit(tasks.receiveAll, [channel, how]);
    const sent = [
      pool.submit(tasks.sendNumbers, [channel, 0, 1000]),
      pool.submit(tasks.sendNumbers, [channel, 10_000, 500, 'async']),
    ];
    await Promise.all(sent);
    channel.close();
    const all = (await received) as number[];
    expect(all.filter((value) => value < 10_000)).toEqual(upTo(1000));
    expect(all.filter((value) => value >= 10_000)).toEqual(upTo(500).map((i) => 10_000 + i));
  });

  test('gives each value to one receiver, on the main thread and in tasks', async () => {
    await using pool = new ThreadPool({ maxWorkers: 3 });
    const channel = new Channel<number>({ capacity: 5 });
    const there = ways.slice(0, 2).map((how) => pool.submit(tasks.receiveAll, [channel, how]));
    const here = collect(channel);
    await pool.submit(tasks.sendNumbers, [channel, 0, 3000]);
    channel.close();
    const lists = [...(await Promise.all(there)), await here] as number[][];
    for (const list of lists) expect(list).toEqual(list.toSorted((a, b) => a - b));
    expect(lists.flat().toSorted((a, b) => a - b)).toEqual(upTo(3000));
  });

  test('goes through a task and back, with values of all kinds', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const [there, back] = [new Channel({ capacity: 4, maxBytes: 4096 }), new Channel({ capacity: 4, maxBytes: 4096 })];
    const values = upTo(200).map((i) => (i % 3 === 0 ? i : i % 3 === 1 ? 'x'.repeat(i * 10) : { i, list: [i, 'y'] }));
    const job = pool.submit(tasks.echoBack, [there, back]);
    const all = collect(back);
    for (const value of values) await there.send(value);
    there.close();
    expect(await all).toEqual(values);
    await job;
  });

  test('ends a blocking wait by time, by close, and by the cancel of its job', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const channel = new Channel({ capacity: 1 });
    expect(await pool.submit(tasks.receiveBlocked, [channel, wordsOf(1), { timeoutMs: 5 }])).toBe('empty');
    await channel.send(1);
    expect(await pool.submit(tasks.sendBlocked, [channel, wordsOf(1), 2, { timeoutMs: 5 }])).toBe(false);
    await channel.receive();
    const words = wordsOf(1);
    const cancelled = pool.submit(tasks.receiveBlocked, [channel, words]);
    await until(() => Atomics.load(words, 0) === 1);
    cancelled.cancel();
    await expect(cancelled).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED' });
    const again = wordsOf(1);
    const closed = pool.submit(tasks.receiveBlocked, [channel, again]);
    await until(() => Atomics.load(again, 0) === 1);
    channel.close();
    expect(await closed).toBe('closed');
    await expect(pool.submit(tasks.sendBlocked, [channel, wordsOf(1), 1])).rejects.toBeInstanceOf(ChannelClosedError);
  });

  test('is refused to a child process', async () => {
    await using pool = new ThreadPool({ kind: 'process', maxWorkers: 1 });
    await expect(pool.submit((x: object) => x, [new Channel()])).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE' });
  });

  test('loses with a receiver that dies only what it had received', async () => {
    await using pool = new ThreadPool({ maxWorkers: 3, graceMs: 0 });
    for (let round = 0; round < 5; round++) {
      const channel = new Channel<number>({ capacity: 8 });
      const noted = wordsOf(4000);
      const victims = [0, 1].map(() => pool.submit(tasks.receiveAndNote, [channel, noted]));
      const sender = pool.submit(tasks.sendNumbers, [channel, 0, 4000]);
      await until(() => Atomics.load(noted, 100 + 50 * round) > 0 || Atomics.load(noted, 101 + 50 * round) > 0);
      for (const victim of victims) victim.cancel();
      const rest = collect(channel);
      await sender;
      channel.close();
      for (const value of await rest) Atomics.add(noted, value, 1);
      await Promise.allSettled(victims);
      const counts = Array.from(noted);
      expect(counts.filter((count) => count > 1)).toEqual([]);
      // at most one for each victim: received, and not yet noted
      expect(counts.filter((count) => count === 0).length).toBeLessThanOrEqual(2);
    }
  });

  test('has of a sender that dies all that it had sent, in order', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2, graceMs: 0 });
    for (let round = 0; round < 5; round++) {
      const channel = new Channel<number>({ capacity: 8 });
      const sent = wordsOf(1);
      const victim = pool.submit(tasks.sendAndCount, [channel, 0, sent]);
      const received: number[] = [];
      while (received.length < 200) received.push((await channel.receive()) as number);
      victim.cancel();
      await victim.catch(() => {});
      while (channel.size > 0) received.push((await channel.receive()) as number);
      expect(received).toEqual(upTo(received.length));
      expect(received.length - Atomics.load(sent, 0)).toBeGreaterThanOrEqual(0);
      expect(received.length - Atomics.load(sent, 0)).toBeLessThanOrEqual(1);
      // and goes on
      await channel.send(5);
      expect(await pool.submit(tasks.receiveBlocked, [channel, wordsOf(1)])).toBe(5);
    }
  });
});
