import { describe, expect, test } from '@jest/globals';
import { Channel, ChannelClosedError, ThreadPool, type ThreadPoolOptions, taskModule } from 'thread-system';
import type { Kind } from './conformance.ts';
import { eventually } from './file-gate.ts';
import { sharedPool } from './shared-pool.ts';
import { tasks as basic, fixture } from './tasks.ts';

/** The types of `tests/tasks/channels.mjs`. */
interface ChannelTasks {
  sendNumbers(channel: Channel<number>, from: number, count: number, how?: How): Promise<number>;
  receiveAll(channel: Channel, how?: How): Promise<unknown[]>;
  echoAll(channel: Channel, back: Channel): Promise<void>;
  receiveOne(channel: Channel): Promise<unknown>;
  sendOne(channel: Channel, value: unknown): Promise<boolean>;
  die(channel: Channel): Promise<never>;
  makeChannel(): Channel;
  reportChannel(): string;
}
type How = 'sync' | 'async' | 'many' | 'try';

const tasks = taskModule<ChannelTasks>(fixture('channels.mjs'));

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);

/** Channels as arguments of jobs, in every kind of pool. */
export function describeChannels(kind: Kind): void {
  const makePool = (options: ThreadPoolOptions = {}): ThreadPool =>
    new ThreadPool({ kind, maxWorkers: 1, concurrency: 4, ...options });

  if (kind === 'process') describeRefusal(makePool);
  else describeSharing(kind, makePool);
}

type MakePool = (options?: ThreadPoolOptions) => ThreadPool;

function describeSharing(kind: 'thread' | 'inline', makePool: MakePool): void {
  describe('a Channel', () => {
    const plainPool = sharedPool(makePool);

    test.each<How>(['async', 'many', 'try'])(
      'hands each value of several jobs to one of several others, in the order of each, received %s',
      async (how) => {
        await using pool = makePool({ maxWorkers: 2 });
        const channel = new Channel<number>({ capacity: 5 });
        const receivers = [1, 2].map(() => pool.submit(tasks.receiveAll, [channel, how]));
        const senders = [0, 1000].map((from) => pool.submit(tasks.sendNumbers, [channel, from, 300, 'async']));
        expect(await Promise.all(senders)).toEqual([300, 300]);
        channel.close();
        const lists = (await Promise.all(receivers)) as number[][];
        expect(sorted(lists.flat())).toEqual([...upTo(300), ...upTo(300).map((i) => 1000 + i)]);
        for (const list of lists)
          for (const isOfFirst of [true, false]) {
            const ofOne = list.filter((value) => value < 1000 === isOfFirst);
            expect(ofOne).toEqual(sorted(ofOne));
          }
      },
    );

    test('leads from the main thread to a job and back, for every value as structuredClone makes it', async () => {
      const pool = plainPool();
      const [there, back] = [new Channel({ capacity: 2 }), new Channel({ capacity: 2 })];
      const echo = pool.submit(tasks.echoAll, [there, back]);
      const values = [
        ...[undefined, null, true, -0, Number.NaN, 10n ** 30n, '', '\u0100'.repeat(500), new Date(0), /a.c/giu],
        ...[
          { a: [1, { deep: [[1]] }] },
          new Map([['key', new Set([1])]]),
          new Float64Array([0.5]),
          new RangeError('r'),
        ],
      ];
      const sent = (async () => {
        for (const value of values) await there.send(value);
        there.close();
      })();
      const received: unknown[] = [];
      for await (const value of back) received.push(value);
      expect(received).toStrictEqual(structuredClone(values));
      await Promise.all([echo, sent]);
    });

    test('that is full has a job wait, until something is received', async () => {
      const pool = plainPool();
      const channel = new Channel<number>({ capacity: 2 });
      const sender = pool.submit(tasks.sendNumbers, [channel, 0, 4, 'async']);
      await eventually(() => channel.size === 2);
      expect([sender.state, channel.trySend(9)]).toEqual(['RUNNING', false]);
      expect([await channel.receive(), await channel.receive()]).toEqual([0, 1]);
      expect(await sender).toBe(4);
      expect(await channel.receiveMany(9)).toEqual([2, 3]);
    });

    test('that is closed gives a job what is left, and no job can send', async () => {
      const pool = plainPool();
      const channel = new Channel<number>({ capacity: 2 });
      for (const value of [1, 2]) await channel.send(value);
      const late = pool.submit(tasks.sendOne, [channel, 3]);
      await eventually(() => late.state === 'RUNNING');
      channel.close();
      await expect(late).rejects.toBeInstanceOf(ChannelClosedError);
      await expect(pool.submit(tasks.sendOne, [channel, 4])).rejects.toMatchObject({ code: 'ERR_CHANNEL_CLOSED' });
      expect(await pool.submit(tasks.receiveAll, [channel, 'async'])).toEqual([1, 2]);
      expect([channel.isClosed, channel.size]).toEqual([true, 0]);
    });

    test('keeps a value from a job that was cancelled while it waited for one', async () => {
      const pool = plainPool();
      const channel = new Channel<string>();
      const [cancelled, next] = [1, 2].map(() => pool.submit(tasks.receiveOne, [channel]));
      await eventually(() => next?.state === 'RUNNING');
      cancelled?.cancel('no longer');
      await expect(cancelled).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'no longer' });
      await channel.send('for the other');
      expect(await next).toBe('for the other');
      expect(channel.size).toBe(0);
    });

    test('sends nothing of a job that was cancelled while it waited for room', async () => {
      const pool = plainPool();
      const channel = new Channel<unknown>({ capacity: 1 });
      await channel.send('first');
      const jobs = ['never', 'second'].map((value) => pool.submit(tasks.sendOne, [channel, value]));
      await eventually(() => jobs.every(({ state }) => state === 'RUNNING'));
      jobs[0]?.cancel();
      await expect(jobs[0]).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED' });
      expect([await channel.receive(), await channel.receive()]).toEqual(['first', 'second']);
      expect(await jobs[1]).toBe(true);
      expect(channel.tryReceive()).toBe(Channel.EMPTY);
    });

    test('is the same one wherever it is passed: in an argument, a result, an item', async () => {
      const pool = plainPool();
      const channel = new Channel<number>();
      expect(await pool.submit(basic.echo, [{ deep: [channel] }])).toEqual({ deep: [channel] });
      const { deep } = (await pool.submit(basic.echo, [{ deep: [channel] }])) as { deep: Channel[] };
      expect(deep[0]).toBe(channel);
      await pool.map(
        (item: { to: Channel<number>; n: number }) => item.to.send(item.n),
        [...upTo(5).map((n) => ({ to: channel, n }))],
      );
      const values = (await channel.receiveMany(9)) as number[];
      expect(sorted(values)).toEqual(upTo(5));
      const made = await pool.submit(tasks.makeChannel);
      expect([await made.receive(), made.isClosed]).toEqual(['from a task', true]);
    });

    test(`${kind === 'inline' ? 'refuses to block' : 'blocks'} in a job by its methods in Sync`, async () => {
      await using pool = makePool({ maxWorkers: 2, concurrency: 1 });
      const channel = new Channel<number>({ capacity: 3 });
      const receiver = pool.submit(tasks.receiveAll, [channel, 'sync']);
      const sender = pool.submit(tasks.sendNumbers, [channel, 0, 100, 'sync']);
      if (kind === 'inline') {
        await expect(receiver).rejects.toThrow(/receiveSync is for tasks, use `await channel.receive\(\)` here$/);
        await expect(sender).rejects.toThrow(/sendSync is for tasks, use `await channel.send\(\)` here$/);
        return;
      }
      expect(await sender).toBe(100);
      channel.close();
      expect(await receiver).toEqual(upTo(100));
    });

    if (kind === 'inline') return; // no thread of its own dies

    test('loses with a thread that dies only what that had received', async () => {
      await using pool = makePool({ concurrency: 1 });
      const channel = new Channel<number>({ capacity: 10 });
      for (const value of upTo(5)) await channel.send(value);
      await expect(pool.submit(tasks.die, [channel])).rejects.toMatchObject({ code: 'ERR_WORKER_EXITED' });
      channel.close();
      expect(await pool.submit(tasks.receiveAll, [channel, 'sync'])).toEqual([1, 2, 3, 4]);
    });
  });
}

function describeRefusal(makePool: MakePool): void {
  describe('a Channel, which is shared memory,', () => {
    const refusal = (path: string): object => ({
      code: 'ERR_NOT_CLONEABLE',
      path,
      message: expect.stringMatching(/ process: an instance of Channel, being shared memory, cannot be cloned$/),
    });

    const plainPool = sharedPool(() => makePool({ idleTimeoutMs: Number.POSITIVE_INFINITY }));

    test('is refused as an argument, by its path, and nothing else is harmed', async () => {
      const pool = plainPool();
      const channel = new Channel();
      const job = pool.submit(tasks.receiveOne, [channel]);
      await expect(job).rejects.toMatchObject(refusal('args[0]'));
      expect(job.attempts).toBe(0);
      await expect(pool.submit(basic.echo, [{ deep: [channel] }])).rejects.toMatchObject(refusal('args[0].deep[0]'));
      expect(await pool.submit(basic.echo, ['unharmed'])).toBe('unharmed');
      await channel.send('still usable here');
      expect(await channel.receive()).toBe('still usable here');
    });

    test('is refused as a result, a report, and an item of a map', async () => {
      const pool = plainPool();
      await expect(pool.submit(tasks.makeChannel)).rejects.toMatchObject(refusal('result'));
      await expect(pool.submit(tasks.reportChannel)).rejects.toMatchObject({
        code: 'ERR_NOT_CLONEABLE',
        path: 'report',
      });
      const map = pool.map(basic.echo, [new Channel() as unknown]);
      await expect(map).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE' });
      expect(await pool.submit(basic.echo, ['unharmed'])).toBe('unharmed');
      expect(pool.metrics().workers.map(({ id }) => id)).toEqual([0]);
    });

    test('serves the jobs of one process that keep it in their module', async () => {
      const pool = plainPool();
      const within = pool.submit(async () => {
        const { Channel: Own } = await import('thread-system/worker');
        const channel = new Own<number>({ capacity: 1 });
        const sent = (async () => {
          for (let i = 0; i < 5; i++) await channel.send(i);
          channel.close();
        })();
        const received: number[] = [];
        for await (const value of channel) received.push(value);
        await sent;
        return received;
      });
      expect(await within).toEqual(upTo(5));
    });
  });
}
