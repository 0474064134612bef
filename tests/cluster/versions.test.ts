import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { ClusterHost, ClusterPool } from 'thread-system/cluster';
import { RedisServer } from '../support/redis-server.ts';
import { newQueue, tasks, until } from './cluster-fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** A logger that keeps what it is told of versions. */
function makeLogger() {
  const told: string[] = [];
  const log = (text: string): void => void (text.includes('runs Node.js') && told.push(text));
  return { told, logger: { debug: log, info: log, warn: log, error: log } };
}

test('a host that runs another major version of Node.js is told of once: to submitters and other hosts', async () => {
  const { connection } = server;
  const queue = newQueue();
  const ofHost = makeLogger();
  await using host = new ClusterHost({ connection, queue, tasks, maxWorkers: 1, logger: ofHost.logger });
  await host.ready;
  const ofSame = makeLogger();
  await using same = new ClusterPool({ connection, queue, logger: ofSame.logger });
  expect((await same.metrics()).hosts).toHaveLength(1);

  const redis = new Redis(connection);
  for (const [id, node] of [
    ['old', 7],
    ['twin', 7],
    ['unknown', 'x'],
  ] as const) {
    await redis.hset(`ts:{${queue}}:host:${id}`, 'm', JSON.stringify({ id, node, workers: 1 }));
    await redis.sadd(`ts:{${queue}}:hosts`, id);
  }
  redis.disconnect();
  const ofPool = makeLogger();
  await using pool = new ClusterPool({ connection, queue, logger: ofPool.logger });
  expect((await pool.metrics()).hosts).toHaveLength(4);
  const ofOther = makeLogger();
  await using other = new ClusterHost({ connection, queue, tasks, maxWorkers: 1, id: 'other', logger: ofOther.logger });
  await other.ready;
  await until(() => ofPool.told.length > 0);
  const [major] = process.versions.node.split('.');
  for (const { told } of [ofPool, ofOther]) {
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(
      new RegExp(`Host '(old|twin)' runs Node.js 7, and this process Node.js ${major}: one may not`),
    );
  }
  expect([...ofHost.told, ...ofSame.told]).toEqual([]);
});

test('while a new version is rolled out, a job whose task only new hosts have waits for one of them', async () => {
  const { connection } = server;
  const queue = newQueue();
  const old = new ClusterHost({ connection, queue, tasks: { echo: tasks.echo }, maxWorkers: 1, id: 'old' });
  await using pool = new ClusterPool({ connection, queue });
  const jobs = [pool.submit(tasks.echo, [1]), pool.submit(tasks.twice, [4])];
  await jobs[0];
  await until(() => old.metrics().returned === 1);
  await using _new = new ClusterHost({ connection, queue, tasks, maxWorkers: 1, id: 'new' });
  await old.drain();
  expect(await Promise.all(jobs)).toEqual([1, 8]);
  expect(jobs.map(({ hostId, attempts }) => [hostId, attempts])).toEqual([
    ['old', 1],
    ['new', 1],
  ]);
});

test('a job in the format of a later version waits for a host that reads it, and then fails by an error that says so', async () => {
  const { connection } = server;
  const queue = newQueue();
  const plain = new Queue(queue, { connection });
  const host = new ClusterHost({ connection, queue, tasks, maxWorkers: 1 });
  const later = await plain.add(
    'echo',
    { ts: 2, s: 'submitter', a: { z: 'how later versions write it' } },
    { jobId: 'later' },
  );
  await until(() => host.metrics().returned === 1);
  expect(await later.getState()).toBe('delayed');

  await using pool = new ClusterPool({ connection, queue });
  const redis = new Redis(connection);
  await redis.hset(`bull:${queue}:later`, 'tsun', 20); // how often it was put back
  redis.disconnect();
  await later.promote();
  const found = await pool.job('later');
  await expect(found).rejects.toThrow(
    "Cannot run job 'echo': a later version of thread-system has added it, in format 2; this host reads format 1",
  );

  const time = await plain.add('echo', { ts: Date.now(), a: 1 }, { jobId: 'plain' }); // no format, but a time
  expect(await (await pool.job('plain'))?.finally()).toEqual(time.data);
  await host.drain();
  await plain.close();
});
