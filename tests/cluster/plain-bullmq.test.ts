import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Job, Queue, QueueEvents, Worker } from 'bullmq';
import { ClusterHost, ClusterPool } from 'thread-system/cluster';
import { RedisServer } from '../support/redis-server.ts';
import { NoteFile, newQueue, tasks } from './cluster-fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** A queue of BullMQ, and its events. */
async function makePlainQueue(name: string) {
  const { connection } = server;
  const queue = new Queue(name, { connection });
  const events = new QueueEvents(name, { connection });
  await events.waitUntilReady();
  return {
    queue,
    /** Resolves with the result that BullMQ has. */
    result: (job: Job): Promise<unknown> => job.waitUntilFinished(events),
    async [Symbol.asyncDispose]() {
      await events.close();
      await queue.close();
    },
  };
}

test('jobs of a plain producer run on a host, and have their result as JSON', async () => {
  const queue = newQueue();
  await using plain = await makePlainQueue(queue);
  await using _host = new ClusterHost({ connection: server.connection, queue, tasks, maxWorkers: 2 });
  const value = { text: 'x', list: [1, null] };
  for (const options of [{}, { priority: 1 }, { priority: 5 }, { priority: 4_095 }, { priority: 2 ** 21 - 1 }]) {
    const job = await plain.queue.add('echo', value, options);
    expect(await plain.result(job)).toEqual(value);
  }
  const failing = await plain.queue.add('boom', 'no');
  await expect(plain.result(failing)).rejects.toThrow('no');
  const retried = await plain.queue.add('failUntil', 3, { attempts: 3, backoff: 1 });
  expect(await plain.result(retried)).toBe(3);
});

test('jobs of a plain producer run in the order of their numbers: 0 ahead of all, then small ones first', async () => {
  using notes = new NoteFile();
  const queue = newQueue();
  const { connection } = server;
  await using plain = await makePlainQueue(queue);
  await using pool = new ClusterPool({ connection, queue });
  await pool.pause();
  const priorities = [3, 2_097_151, 1, 0, 100, 2];
  for (const priority of priorities) await plain.queue.add('noted', { priority, path: notes.path }, { priority });
  const ours = [
    pool.submit(tasks.note, ['high', notes.path], { priority: 1e38 }),
    pool.submit(tasks.note, ['low', notes.path], { priority: -1e38 }),
  ];
  await Promise.all(ours.map(({ added }) => added));
  await using _host = new ClusterHost({ connection, queue, tasks, maxWorkers: 1, window: 20 });
  await pool.resume();
  await Promise.all(ours);
  while (notes.lines.length < priorities.length + ours.length) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(notes.lines).toEqual(['0', '1', '2', '3', '100', 'high', 'low', '2097151']);
});

test('a plain producer can find its job from a pool, and cancel it', async () => {
  const queue = newQueue();
  await using plain = await makePlainQueue(queue);
  await using pool = new ClusterPool({ connection: server.connection, queue });
  const added = await plain.queue.add('echo', 1, { jobId: 'mine' });
  const job = await pool.job('mine');
  expect(await job?.cancel('not needed')).toBe(true);
  await using _host = new ClusterHost({ connection: server.connection, queue, tasks, maxWorkers: 1 });
  await expect(plain.result(added)).rejects.toThrow('CANCELLED:');
});

test('a plain consumer gets the arguments of a job, and its result settles it', async () => {
  const queue = newQueue();
  const { connection } = server;
  await using pool = new ClusterPool({ connection, queue, sweepMs: 100, batch: false });
  const worker = new Worker(queue, async ({ name, data }) => [name, data.a.j], { connection });
  expect(await pool.submit(tasks.plus, [1, 2])).toEqual(['plus', [1, 2]]);
  await worker.close();
});
