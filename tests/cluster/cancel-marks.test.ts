import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { ClusterHost, type ClusterJob, ClusterPool } from 'thread-system/cluster';
import { FileGate, gated } from '../support/file-gate.ts';
import { RedisServer } from '../support/redis-server.ts';
import { HostProcess, NoteFile, newQueue, states, tasks, until } from './cluster-fixture.ts';

let server: RedisServer;
let admin: Redis;
beforeAll(async () => {
  server = await RedisServer.start();
  admin = new Redis(server.connection);
  await admin.acl('SETUSER', 'deaf', 'on', '>password', '~*', '&*', '+@all', '-xread');
});
afterAll(async () => {
  admin.disconnect();
  await server[Symbol.asyncDispose]();
});

/** A pool that hears nothing from hosts, so that its jobs are PENDING to it until it reads their records; and a host. */
async function makeDeafCluster() {
  const queue = newQueue();
  const { connection } = server;
  // a grace in which the channel is cut, however long that takes: afterwards no run would be there to reply for
  const host = new ClusterHost({ connection, queue, tasks: gated, maxWorkers: 2, window: 4, graceMs: 60_000 });
  await host.ready;
  const deaf = { ...connection, username: 'deaf', password: 'password' };
  const pool = new ClusterPool({ connection: deaf, queue, sweepMs: 60_000 });
  return {
    host,
    pool,
    /** Cuts the channel of requests, and resolves once the host has replied to what it then found in the records. */
    async cutChannel(): Promise<void> {
      const before = await this.replies();
      await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await until(async () => (await this.replies()) > before);
    },
    /** How many requests the host has replied to. */
    async replies(): Promise<number> {
      const [stream = ''] = await admin.keys(`ts:{${queue}}:re:*`);
      const entries = await admin.xrange(stream, '-', '+');
      return entries.flatMap(([, [, text = '[]']]) => JSON.parse(text)).filter(([kind]) => kind === 'replied').length;
    },
    /** Reads the records until all jobs have settled. */
    async settled(jobs: readonly ClusterJob[]): Promise<void> {
      await until(async () => {
        await Promise.all(jobs.map((job) => job.refresh()));
        return jobs.every(({ state }) => state !== 'PENDING' && state !== 'RUNNING');
      });
    },
    async [Symbol.asyncDispose]() {
      await pool.shutdown({ mode: 'detach' });
      await host.drain({ timeoutMs: 0 });
    },
  };
}

/** Submits two jobs: alone, or as the members of a batch. */
async function submitTwo(pool: ClusterPool, kind: string, path: string): Promise<ClusterJob[]> {
  if (kind === 'of a batch') return pool.submitMany(gated.block, [[path, 'ran'] as const, [path, 'ran'] as const]);
  const jobs = [];
  for (let i = 0; i < 2; i++) {
    const job = pool.submit(gated.block, [path, 'ran'] as const);
    await job.added;
    jobs.push(job);
  }
  return jobs;
}

describe.each(['alone', 'of a batch'])('a job %s', (kind) => {
  test('that is cancelled only if it waits runs on, also if its host reads the record anew', async () => {
    using gate = new FileGate();
    await using cluster = await makeDeafCluster();
    const jobs = await submitTwo(cluster.pool, kind, gate.path);
    await gate.reachedBy(2);
    expect(states(jobs)).toEqual({ PENDING: 2 }); // as last heard
    const ended = cluster.pool.shutdown({ mode: 'finishRunning' });
    await until(async () => (await cluster.replies()) === 2);
    await cluster.cutChannel();
    gate.open();
    await cluster.settled(jobs);
    expect(jobs.map(({ result }) => result)).toEqual(['ran', 'ran']);
    expect(await ended).toEqual({ completed: 2, failed: 0, cancelled: 0 });
  });

  test('that was to be cancelled only if it waits can still be cancelled as it runs, by its record', async () => {
    using gate = new FileGate();
    await using cluster = await makeDeafCluster();
    const jobs = await submitTwo(cluster.pool, kind, gate.path);
    await gate.reachedBy(2);
    void cluster.pool.shutdown({ mode: 'finishRunning' });
    await until(async () => (await cluster.replies()) === 2);
    const answers = jobs.map((job) => job.cancel('now'));
    await until(async () => (await cluster.replies()) === 4);
    await cluster.cutChannel();
    gate.open(); // its code never looks whether it is cancelled
    await cluster.settled(jobs);
    expect(await Promise.all(answers)).toEqual([true, true]);
    expect(jobs.map(({ error }) => error)).toEqual(jobs.map(() => expect.objectContaining({ reason: 'now' })));
  });
});

test.each([
  [
    'is gone as its pool is shut down',
    async (pool: ClusterPool, server: RedisServer) => {
      await server.kill();
      expect(await pool.shutdown({ mode: 'abort' })).toEqual({ completed: 0, failed: 0, cancelled: 1 });
    },
  ],
  [
    'is left to its host',
    async (pool: ClusterPool) => {
      expect(await pool.shutdown({ mode: 'detach' })).toEqual({ completed: 0, failed: 0, cancelled: 1 });
    },
  ],
  [
    'has lost its record',
    async (_pool: ClusterPool, server: RedisServer) => {
      const redis = new Redis(server.connection);
      await redis.flushall();
      redis.disconnect();
    },
  ],
])('a job whose cancel was decided settles CANCELLED if it %s', async (_what, end) => {
  using notes = new NoteFile();
  await using own = await RedisServer.start();
  const { connection } = own;
  const queue = newQueue();
  // its code never looks whether it is cancelled, and its host waits for it
  await using _host = await HostProcess.start(own, { queue, graceMs: 600_000 });
  const pool = new ClusterPool({ connection, queue, connectTimeoutMs: 5_000, sweepMs: 200, onLost: 'resubmit' });
  const job = pool.submit(tasks.note, ['runs', notes.path, 600_000]);
  await until(() => notes.lines.length === 1);
  expect(await job.cancel('not needed')).toBe(true);
  await end(pool, own);
  await expect(job).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'not needed' });
  await pool.shutdown({ mode: 'abort' });
});

test('a job that waits at a host is cancelled by a shutdown that lets only the running ones end', async () => {
  using gate = new FileGate();
  await using cluster = await makeDeafCluster();
  const running = await submitTwo(cluster.pool, 'alone', gate.path);
  await gate.reachedBy(2);
  const waiting = await submitTwo(cluster.pool, 'alone', gate.path);
  await until(() => cluster.host.metrics().fetched === 4);
  const ended = cluster.pool.shutdown({ mode: 'finishRunning' });
  await until(async () => (await cluster.replies()) === 4);
  gate.open();
  await cluster.settled([...running, ...waiting]);
  expect(await ended).toEqual({ completed: 2, failed: 0, cancelled: 2 });
  expect(states(waiting)).toEqual({ CANCELLED: 2 });
});
