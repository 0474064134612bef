import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { ClusterHost, type ClusterJob, ClusterPool, type ClusterPoolOptions } from 'thread-system/cluster';
import { RedisServer } from '../support/redis-server.ts';
import { HostProcess, NoteFile, newQueue, states, tasks, until } from './cluster-fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Hosts notice one that has died within a few seconds. */
const SOON = { lockMs: 2_000, stalledMs: 500, maxCrashes: 100 } as const;

const makePool = (queue: string, options: Partial<ClusterPoolOptions> = {}): ClusterPool =>
  new ClusterPool({ connection: server.connection, queue, sweepMs: 2_000, ...options });

/** Counts how often each job settles. */
function countSettled(pool: ClusterPool): Map<string, number> {
  const counts = new Map<string, number>();
  const count = ({ id }: ClusterJob): void => void counts.set(id, (counts.get(id) ?? 0) + 1);
  pool.on('jobCompleted', count);
  pool.on('jobFailed', count);
  pool.on('jobCancelled', count);
  return counts;
}

describe('hosts that are killed', () => {
  test('lose no job, and none settles twice', async () => {
    const queue = newQueue();
    await using pool = makePool(queue);
    const settled = countSettled(pool);
    const hosts = await Promise.all([1, 2].map(() => HostProcess.start(server, { queue, ...SOON })));
    const jobs = Array.from({ length: 600 }, (_, i) => pool.submit(tasks.work, [i % 12]));
    for (let kill = 1; kill <= 4; kill++) {
      await until(() => (states(jobs)['COMPLETED'] ?? 0) >= kill * 100);
      await hosts[kill % 2]?.kill();
      hosts[kill % 2] = await HostProcess.start(server, { queue, ...SOON });
    }
    expect(await pool.waitAll({ timeoutMs: 90_000 })).toBe(true);
    expect(states(jobs)).toEqual({ COMPLETED: 600 });
    expect([...settled.values()].every((times) => times === 1)).toBe(true);
    expect(settled.size).toBe(600);
    for (const host of hosts) await host.kill();
  });

  test('leave a job that goes on elsewhere, and tells of it: without a retry used up', async () => {
    const queue = newQueue();
    await using pool = makePool(queue);
    const first = await HostProcess.start(server, { queue, ...SOON, id: 'first' });
    const job = pool.submit(tasks.work, [3_000]);
    await until(() => job.state === 'RUNNING');
    const recovered = new Promise<string>((resolve) => pool.on('jobRecovered', (_job, { hostId }) => resolve(hostId)));
    await first.kill();
    await using _second = await HostProcess.start(server, { queue, ...SOON, id: 'second' });
    expect(await recovered).toBe('second');
    expect(await job).toBe(3_000);
    expect([job.attempts, job.hostId]).toEqual([2, 'second']);
  });

  test('while a job runs that is cancelled then: that is decided although no other host comes', async () => {
    const queue = newQueue();
    await using pool = makePool(queue);
    const host = await HostProcess.start(server, { queue, ...SOON });
    const job = pool.submit(tasks.deaf);
    await until(() => job.state === 'RUNNING');
    await host.kill();
    expect(await job.cancel('not needed')).toBe(true);
    expect(job.state).toBe('CANCELLED');
  });

  test('too often by one job: it fails, and the others run', async () => {
    const queue = newQueue();
    await using pool = makePool(queue);
    const settings = { queue, ...SOON, maxCrashes: 1, maxWorkers: 1, window: 1 };
    const poison = pool.submit(tasks.poison);
    await poison.added;
    const others = pool.submitMany(
      tasks.echo,
      Array.from({ length: 10 }, (_, i) => [i] as const),
      { priority: 1 },
    );
    for (let i = 0; i < 2; i++) await (await HostProcess.start(server, settings)).exit;
    await using _host = await HostProcess.start(server, settings);
    await expect(poison).rejects.toMatchObject({ code: 'ERR_HOST_LOST' });
    expect(await Promise.all(others)).toEqual(Array.from({ length: 10 }, (_, i) => i));
  });

  test('do not bring their jobs ahead of more urgent ones', async () => {
    using notes = new NoteFile();
    const queue = newQueue();
    await using pool = makePool(queue);
    const first = await HostProcess.start(server, { queue, ...SOON, maxWorkers: 1, window: 1 });
    const least = pool.submit(tasks.note, ['least', notes.path, 1_000], { priority: -1 });
    await until(() => notes.lines.length === 1);
    await pool.pause();
    await first.kill();
    const jobs = Array.from({ length: 120 }, (_, i) => pool.submit(tasks.note, [i, notes.path]));
    await Promise.all(jobs.map(({ added }) => added));
    await using second = new ClusterHost({
      connection: server.connection,
      queue,
      tasks,
      ...SOON,
      maxWorkers: 1,
      window: 1,
    });
    await second.ready;
    const redis = new Redis(server.connection);
    await until(
      async () => (await redis.llen(`bull:${queue}:wait`)) + (await redis.llen(`bull:${queue}:paused`)) === 1,
    );
    redis.disconnect();
    await pool.resume();
    await Promise.all([least, ...jobs]);
    expect(notes.lines).toHaveLength(122);
    expect(notes.lines.at(-1)).toBe('least');
    expect(least.attempts).toBe(2);
  });

  test('and stopped for longer than the lock: they stop what they run, and another host has run it', async () => {
    const queue = newQueue();
    await using pool = makePool(queue);
    const first = await HostProcess.start(server, { queue, ...SOON, id: 'first' });
    const job = pool.submit(tasks.work, [4_000]);
    await until(() => job.state === 'RUNNING');
    first.signal('SIGSTOP');
    await using _second = await HostProcess.start(server, { queue, ...SOON, id: 'second' });
    await until(() => job.hostId === 'second');
    first.signal('SIGCONT');
    expect(await job).toBe(4_000);
    expect(job.hostId).toBe('second');
    await first.kill();
  });
});

describe('a host that drains', () => {
  test('gives back what runs and what it has fetched, unattempted, and exits', async () => {
    const queue = newQueue();
    await using pool = makePool(queue);
    const first = await HostProcess.start(server, { queue, drainMs: 0, maxWorkers: 1, window: 3, id: 'first' });
    const jobs = pool.submitMany(
      tasks.work,
      Array.from({ length: 6 }, () => [700] as const),
    );
    await until(() => jobs.some(({ state }) => state === 'RUNNING'));
    expect(await first.terminate()).toBe(0);
    expect(states(jobs)).toEqual({
      PENDING: expect.any(Number),
      ...(jobs.some((job) => job.state === 'RUNNING') && { RUNNING: 1 }),
    });
    await using _second = await HostProcess.start(server, { queue, id: 'second' });
    await Promise.all(jobs);
    expect(jobs.map(({ attempts, hostId }) => [attempts, hostId])).toEqual(jobs.map(() => [1, 'second']));
  });

  test('by a signal, which then ends its process: what runs in time completes, all else runs elsewhere', async () => {
    const queue = newQueue();
    await using pool = makePool(queue);
    const first = await HostProcess.start(server, { queue, maxWorkers: 1, window: 3, id: 'first', signals: true });
    const jobs = pool.submitMany(
      tasks.work,
      Array.from({ length: 4 }, () => [300] as const),
    );
    await until(() => jobs.some(({ state }) => state === 'RUNNING'));
    expect(await first.terminate()).toBe('SIGTERM');
    await using _second = await HostProcess.start(server, { queue, id: 'second' });
    expect(await Promise.all(jobs)).toEqual(jobs.map(() => 300));
    expect(jobs.map(({ attempts }) => attempts)).toEqual(jobs.map(() => 1));
    expect(new Set(jobs.map(({ hostId }) => hostId))).toEqual(new Set(['first', 'second']));
  });

  test('lets what runs end first, if that takes no longer than it may', async () => {
    const queue = newQueue();
    await using pool = makePool(queue);
    const host = await HostProcess.start(server, { queue, maxWorkers: 1, id: 'only' });
    const job = pool.submit(tasks.work, [300]);
    await until(() => job.state === 'RUNNING');
    expect(await host.terminate()).toBe(0);
    expect(await job).toBe(300);
  });
});

describe('Redis', () => {
  test('that is killed and comes back loses no job whose add was on disk, and none settles twice', async () => {
    await using own = await RedisServer.start(['--appendfsync', 'always']);
    const queue = newQueue();
    const { connection } = own;
    await using pool = new ClusterPool({
      connection,
      queue,
      sweepMs: 1_000,
      connectTimeoutMs: Number.POSITIVE_INFINITY,
    });
    await using host = new ClusterHost({ connection, queue, tasks, maxWorkers: 2, ...SOON });
    await host.ready;
    const settled = countSettled(pool);
    const jobs: ClusterJob<number>[] = [];
    for (let i = 0; i < 400; i++) {
      jobs.push(pool.submit(tasks.work, [i % 8]));
      if (i === 200) await own.kill();
      if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
    await own.start();
    expect(await pool.waitAll({ timeoutMs: 90_000 })).toBe(true);
    expect(states(jobs)).toEqual({ COMPLETED: 400 });
    expect([...settled.values()].every((times) => times === 1)).toBe(true);
  });

  test('that cuts all connections again and again: every cancel arrives, every job completes', async () => {
    const queue = newQueue();
    await using pool = makePool(queue, { sweepMs: 1_000, connectTimeoutMs: Number.POSITIVE_INFINITY });
    await using host = new ClusterHost({ connection: server.connection, queue, tasks, maxWorkers: 4, ...SOON });
    await host.ready;
    const admin = new Redis(server.connection);
    const cutter = setInterval(() => {
      void admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes').catch(() => {});
      void admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub').catch(() => {});
    }, 300);
    try {
      const jobs = pool.submitMany(
        tasks.work,
        Array.from({ length: 300 }, (_, i) => [i % 5] as const),
      );
      const loops = pool.submitMany(
        tasks.spin,
        Array.from({ length: 3 }, () => [] as const),
        { priority: 3 },
      );
      await until(() => loops.every(({ state }) => state === 'RUNNING'));
      expect(await Promise.all(loops.map((job) => job.cancel()))).toEqual([true, true, true]);
      expect(await pool.waitAll({ timeoutMs: 90_000 })).toBe(true);
      expect(states([...jobs, ...loops])).toEqual({ COMPLETED: 300, CANCELLED: 3 });
    } finally {
      clearInterval(cutter);
      admin.disconnect();
    }
  });

  test('that is gone for good: a host leaves all the same', async () => {
    await using own = await RedisServer.start();
    const host = new ClusterHost({ connection: own.connection, queue: newQueue(), tasks, maxWorkers: 1, ...SOON });
    await host.ready;
    await own.kill();
    await host.drain({ timeoutMs: 0 });
    expect(host.metrics().connected).toBe(false);
  });

  test('that is gone is waited for no longer than a host may take to leave, which a later call can shorten', async () => {
    for (const isBusy of [false, true]) {
      await using own = await RedisServer.start();
      const [{ connection }, queue] = [own, newQueue()];
      const host = new ClusterHost({ connection, queue, tasks, maxWorkers: 1, lockMs: 60_000 });
      await host.ready;
      const pool = new ClusterPool({ connection, queue });
      const job = pool.submit(tasks.spin);
      if (isBusy) await until(() => job.state === 'RUNNING');
      await own.kill();
      await until(() => !host.metrics().connected);
      const begunAt = Date.now();
      const left = host.drain({ timeoutMs: 60_000 });
      void host.drain({ timeoutMs: 0 });
      await left;
      expect(Date.now() - begunAt).toBeLessThan(4_000); // Redis is waited for up to 5 s if there is time
      await pool.shutdown({ mode: 'detach' });
      await expect(job).rejects.toMatchObject({ code: 'ERR_DETACHED' });
    }
  });

  test('that is gone as a pool cancels its jobs: they fail by the time that Redis may take', async () => {
    await using own = await RedisServer.start();
    const pool = new ClusterPool({ connection: own.connection, queue: newQueue(), connectTimeoutMs: 3_000 });
    const job = pool.submit(tasks.noop);
    await job.added;
    await own.kill();
    expect(await pool.shutdown({ mode: 'abort' })).toEqual({ completed: 0, failed: 1, cancelled: 0 });
    await expect(job).rejects.toMatchObject({
      code: 'ERR_CLUSTER_UNAVAILABLE',
      cause: { code: expect.stringMatching(/^ECONN/) },
    });
    await expect(job).rejects.toThrow(
      /^Cannot cancel job 'noop' \(id .*\): Redis did not answer within 3000 ms; a host may run it$/,
    );
  });

  test('that does not answer any more, though its connections stay open, is away, too', async () => {
    for (const mode of ['abort', 'detach'] as const) {
      await using own = await RedisServer.start();
      const connection = { ...own.connection, socketTimeout: 1_000 };
      const pool = new ClusterPool({ connection, queue: newQueue(), connectTimeoutMs: 3_000 });
      const job = pool.submit(tasks.noop);
      await job.added;
      own.freeze();
      expect(await pool.shutdown({ mode })).toEqual({ completed: 0, failed: 1, cancelled: 0 });
      const code = mode === 'abort' ? 'ERR_CLUSTER_UNAVAILABLE' : 'ERR_DETACHED';
      await expect(job).rejects.toMatchObject({ code });
    }
  });

  test('that is not there: the job fails by the time that handing it over may take', async () => {
    const pool = new ClusterPool({ connection: { host: '127.0.0.1', port: 1 }, queue: 'q', connectTimeoutMs: 1_000 });
    const job = pool.submit(tasks.noop);
    await expect(job).rejects.toMatchObject({ code: 'ERR_CLUSTER_UNAVAILABLE', cause: { code: 'ECONNREFUSED' } });
    await expect(job.added).rejects.toMatchObject({ code: 'ERR_CLUSTER_UNAVAILABLE' });
    await pool.shutdown();
  });

  test('that has lost the record of a job: it is lost, or added again', async () => {
    const redis = new Redis(server.connection);
    for (const onLost of ['fail', 'resubmit'] as const) {
      const queue = newQueue();
      await using pool = makePool(queue, { sweepMs: 50, onLost });
      await pool.pause();
      const job = pool.submit(tasks.echo, ['here']);
      await job.added;
      await redis.del(`bull:${queue}:${job.id}`, `bull:${queue}:prioritized`);
      if (onLost === 'fail') await expect(job).rejects.toMatchObject({ code: 'ERR_JOB_LOST' });
      else {
        await using host = new ClusterHost({ connection: server.connection, queue, tasks, maxWorkers: 1 });
        await host.ready;
        await pool.resume();
        expect(await job).toBe('here');
      }
    }
    redis.disconnect();
  });
});

describe('a submitter', () => {
  test('that is deaf for 3 seconds misses nothing', async () => {
    const queue = newQueue();
    await using pool = makePool(queue, { sweepMs: 60_000 });
    await using _host = await HostProcess.start(server, { queue });
    const jobs = pool.submitMany(
      tasks.echo,
      Array.from({ length: 1_000 }, (_, i) => [i] as const),
    );
    await Promise.all(jobs.map(({ added }) => added));
    const end = Date.now() + 3_000;
    while (Date.now() < end);
    expect(await pool.waitAll({ timeoutMs: 60_000 })).toBe(true);
    expect(jobs.map(({ result }) => result)).toEqual(jobs.map((_, i) => i));
  });

  test('whose result stream is deleted finds the outcomes in the records', async () => {
    const queue = newQueue();
    await using pool = makePool(queue, { sweepMs: 300 });
    await using _host = await HostProcess.start(server, { queue });
    const redis = new Redis(server.connection);
    const jobs = pool.submitMany(
      tasks.echo,
      Array.from({ length: 200 }, (_, i) => [i] as const),
    );
    let isSettled = false;
    const deleting = (async () => {
      while (!isSettled) for (const key of await redis.keys(`ts:{${queue}}:re:*`)) await redis.del(key);
    })();
    await pool.waitAll();
    isSettled = true;
    await deleting;
    redis.disconnect();
    expect(states(jobs)).toEqual({ COMPLETED: 200 });
    expect(jobs.map(({ result }) => result)).toEqual(jobs.map((_, i) => i));
  });

  test('that is killed leaves its jobs to the hosts', async () => {
    using notes = new NoteFile();
    const queue = newQueue();
    const file = fileURLToPath(new URL('./fixtures/submitter.mjs', import.meta.url));
    const child = fork(file, [JSON.stringify({ connection: server.connection, queue, path: notes.path, count: 50 })]);
    await once(child, 'message');
    child.kill('SIGKILL');
    await using _host = await HostProcess.start(server, { queue });
    await until(() => notes.lines.length === 50);
  });
});
