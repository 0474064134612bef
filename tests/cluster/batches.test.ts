import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { ClusterHost, type ClusterHostOptions, ClusterPool, type ClusterPoolOptions } from 'thread-system/cluster';
import { RedisServer } from '../support/redis-server.ts';
import { HostProcess, NoteFile, newQueue, states, tasks, until } from './cluster-fixture.ts';

let server: RedisServer;
let redis: Redis;
beforeAll(async () => {
  server = await RedisServer.start();
  redis = new Redis(server.connection);
});
afterAll(async () => {
  redis.disconnect();
  await server[Symbol.asyncDispose]();
});

/** Hosts notice one that has died within a few seconds. */
const SOON = { lockMs: 2_000, stalledMs: 500, maxCrashes: 100 } as const;
/** Enough jobs that batches are full, whatever is known of the hosts. */
const MANY = 520;

async function makeCluster(options: Partial<ClusterPoolOptions> = {}, ofHost: Partial<ClusterHostOptions> = {}) {
  const queue = newQueue();
  const { connection } = server;
  const pool = new ClusterPool({ connection, queue, sweepMs: 2_000, batch: { max: 16 }, ...options });
  const makeHost = async (): Promise<ClusterHost> => {
    const host = new ClusterHost({ connection, queue, tasks, maxWorkers: 2, ...ofHost });
    await host.ready;
    return host;
  };
  return {
    queue,
    pool,
    makeHost,
    /** How many jobs of BullMQ there are. */
    records: async () =>
      (await redis.keys(`bull:${queue}:*-*`)).filter((key) => !/:lock$|waiting-children$/.test(key)).length,
    async [Symbol.asyncDispose]() {
      await pool.shutdown({ mode: 'abort' });
    },
  };
}

const list = (length: number): number[] => Array.from({ length }, (_, i) => i);

describe('small jobs of one turn', () => {
  test('share jobs of BullMQ, and each is a job: its result, its id, its host', async () => {
    await using cluster = await makeCluster();
    const jobs = cluster.pool.submitMany(
      tasks.identity,
      list(MANY).map(() => [] as const),
    );
    await Promise.all(jobs.map(({ added }) => added));
    expect(await cluster.records()).toBe(Math.ceil(MANY / 16));
    await using host = await cluster.makeHost();
    const seen = await Promise.all(jobs);
    expect(seen.map(({ id }) => id)).toEqual(jobs.map(({ id }) => id));
    expect(jobs[17]?.id).toMatch(/^[a-z][\da-z]+-[\da-z]+\.1$/);
    expect(seen[17]).toMatchObject({ attempt: 1, name: 'identity' });
    expect(jobs.every(({ hostId }) => hostId === host.id)).toBe(true);
    expect((await cluster.pool.metrics()).own).toMatchObject({ submitted: MANY, completed: MANY });
    expect(await cluster.pool.job(jobs[5]?.id ?? '')).toMatchObject({ state: 'COMPLETED', name: 'identity' });
    expect(await cluster.pool.job(`${jobs[5]?.id.split('.')[0]}.16`)).toBeUndefined();
  });

  test('share none if somebody has asked for their ids, if they differ, or if batch is false', async () => {
    await using cluster = await makeCluster();
    const { pool } = cluster;
    await pool.pause();
    const jobs = [
      ...pool.submitMany(
        tasks.noop,
        list(64).map(() => [] as const),
        { retry: { maxAttempts: 2 } },
      ),
      ...list(64).map((i) => pool.submit(tasks.noop, [], { priority: i })),
    ];
    const known = pool.submitMany(
      tasks.noop,
      list(64).map(() => [] as const),
    );
    expect(new Set(known.map(({ id }) => id)).size).toBe(64);
    await Promise.all([...jobs, ...known].map(({ added }) => added));
    expect(await cluster.records()).toBe(192);
    await using single = await makeCluster({ batch: false });
    await Promise.all(
      single.pool
        .submitMany(
          tasks.noop,
          list(MANY).map(() => [] as const),
        )
        .map(({ added }) => added),
    );
    expect(await single.records()).toBe(MANY);
  });

  test('fail by themselves, and one that cannot be sent is alone with that', async () => {
    await using cluster = await makeCluster();
    await using _host = await cluster.makeHost();
    const values = list(MANY).map((i) => (i === 100 ? { deep: [() => i] } : i % 50 === 1 ? new Map([[i, i]]) : i));
    const jobs = cluster.pool.submitMany(
      tasks.echo,
      values.map((value) => [value] as const),
    );
    const boom = cluster.pool.submitMany(
      tasks.root,
      list(MANY).map((i) => [i % 2 === 0 ? i : -i] as const),
    );
    await cluster.pool.waitAll();
    expect(jobs[100]?.error).toMatchObject({ code: 'ERR_NOT_CLONEABLE', path: 'args[0].deep[0]' });
    expect(jobs.map(({ result }) => result)).toEqual(values.map((value, i) => (i === 100 ? undefined : value)));
    expect(states(boom)).toEqual({ COMPLETED: MANY / 2, FAILED: MANY / 2 });
    expect(boom[3]?.error).toMatchObject({ name: 'RangeError', message: '-3 has none' });
  });

  test('with large results, and with progress', async () => {
    await using cluster = await makeCluster();
    await using _host = await cluster.makeHost();
    const jobs = cluster.pool.submitMany(
      tasks.text,
      list(MANY).map((i) => [i === 3 ? 100_000 : 1] as const),
    );
    const reports = cluster.pool.submitMany(
      tasks.report,
      list(MANY).map(() => [2] as const),
    );
    const seen: unknown[] = [];
    reports[40]?.onProgress((value) => seen.push(value));
    await cluster.pool.waitAll();
    expect(jobs.map(({ result }) => result?.length)).toEqual(list(MANY).map((i) => (i === 3 ? 100_000 : 1)));
    expect(seen.at(-1)).toBe(2);
  });
});

describe('a member of a batch', () => {
  test('that is cancelled while it waits never begins, and its siblings run', async () => {
    using notes = new NoteFile();
    await using cluster = await makeCluster();
    const jobs = cluster.pool.submitMany(
      tasks.note,
      list(MANY).map((i) => [i, notes.path] as const),
    );
    await Promise.all(jobs.map(({ added }) => added));
    const cancelled = jobs.filter((_, i) => i % 3 === 0);
    expect(await Promise.all(cancelled.map((job) => job.cancel()))).toEqual(cancelled.map(() => true));
    await using _host = await cluster.makeHost();
    await cluster.pool.waitAll();
    expect(states(jobs)).toEqual({ CANCELLED: cancelled.length, COMPLETED: MANY - cancelled.length });
    expect(notes.lines.map(Number).filter((i) => i % 3 === 0)).toEqual([]);
    expect(notes.lines).toHaveLength(MANY - cancelled.length);
  });

  test('is cancelled wherever it is, and the answer is right', async () => {
    await using cluster = await makeCluster({}, { maxWorkers: 4 });
    await using _host = await cluster.makeHost();
    const jobs = cluster.pool.submitMany(
      tasks.work,
      list(300).map((i) => [i % 4] as const),
    );
    const answers = await Promise.all(
      jobs.map(async (job, i) => {
        const settled = job.then(
          () => 'COMPLETED',
          () => job.state,
        );
        await job.added;
        await new Promise((resolve) => setTimeout(resolve, (i * 13) % 150));
        return (await job.cancel()) === ((await settled) === 'CANCELLED');
      }),
    );
    expect(answers.filter((isRight) => !isRight)).toEqual([]);
    const loops = cluster.pool.submitMany(
      tasks.spin,
      list(64).map(() => [] as const),
    );
    await until(() => loops.some(({ state }) => state === 'RUNNING'));
    expect(await cluster.pool.cancelAll()).toBe(64);
    await cluster.pool.waitAll();
    expect(states(loops)).toEqual({ CANCELLED: 64 });
  });

  test('leaves its batch for another priority', async () => {
    using notes = new NoteFile();
    await using cluster = await makeCluster({}, { maxWorkers: 1, window: 1 });
    const jobs = cluster.pool.submitMany(
      tasks.note,
      list(MANY).map((i) => [i, notes.path] as const),
    );
    await Promise.all(jobs.map(({ added }) => added));
    const id = jobs[500]?.id;
    expect(await jobs[500]?.setPriority(9)).toBe(true);
    await jobs[500]?.added;
    await until(async () => (await redis.exists(`bull:${cluster.queue}:${id}`)) === 1);
    await using _host = await cluster.makeHost();
    await cluster.pool.waitAll();
    expect(notes.lines.map(Number)).toEqual([500, ...list(MANY).filter((i) => i !== 500)]);
    expect(jobs[500]?.id).toBe(id);
    expect(states(jobs)).toEqual({ COMPLETED: MANY });
  });
});

describe('a batch', () => {
  test('whose host is killed runs elsewhere, without what was noted as done', async () => {
    using notes = new NoteFile();
    await using cluster = await makeCluster();
    const jobs = cluster.pool.submitMany(
      tasks.note,
      list(MANY).map((i) => [i, notes.path, 8] as const),
    );
    await Promise.all(jobs.map(({ added }) => added));
    const settings = { queue: cluster.queue, ...SOON, maxWorkers: 1, window: 1 };
    await using first = await HostProcess.start(server, { ...settings, id: 'first' });
    await until(() => notes.lines.length >= 12);
    await first.kill();
    const before = notes.lines.length;
    await using _second = await HostProcess.start(server, { ...settings, id: 'second', maxWorkers: 4, window: 4 });
    expect(await cluster.pool.waitAll({ timeoutMs: 60_000 })).toBe(true);
    expect(states(jobs)).toEqual({ COMPLETED: MANY });
    const again = notes.lines.length - MANY;
    expect(again).toBeLessThan(before);
    expect(new Set(notes.lines).size).toBe(MANY);
  });

  test('is given back by a host that drains: what has settled does not run again', async () => {
    using notes = new NoteFile();
    await using cluster = await makeCluster({ batch: { max: 8 } });
    const jobs = cluster.pool.submitMany(
      tasks.note,
      list(264).map((i) => [i, notes.path, 5] as const),
    );
    await Promise.all(jobs.map(({ added }) => added));
    const settings = { queue: cluster.queue, maxWorkers: 1, window: 1, drainMs: 0 };
    const first = await HostProcess.start(server, { ...settings, id: 'first' });
    await until(() => notes.lines.length >= 4);
    expect(await first.terminate()).toBe(0);
    await using _second = await HostProcess.start(server, { ...settings, id: 'second' });
    await cluster.pool.waitAll();
    expect(states(jobs)).toEqual({ COMPLETED: 264 });
    expect(notes.lines.length - 264).toBeLessThanOrEqual(1); // what ran as the host left
  });

  test('whose notices are lost is found in its record', async () => {
    await using cluster = await makeCluster({ sweepMs: 300 });
    const jobs = cluster.pool.submitMany(
      tasks.echo,
      list(MANY).map((i) => [i] as const),
    );
    await Promise.all(jobs.map(({ added }) => added));
    const deleting = setInterval(async () => {
      for (const key of await redis.keys(`ts:{${cluster.queue}}:re:*`)) await redis.del(key);
    }, 1);
    try {
      await using _host = await cluster.makeHost();
      expect(await cluster.pool.waitAll({ timeoutMs: 30_000 })).toBe(true);
    } finally {
      clearInterval(deleting);
    }
    expect(jobs.map(({ result }) => result)).toEqual(list(MANY));
  });

  test('of a task that no host has fails as a whole', async () => {
    await using cluster = await makeCluster({}, { tasks: { noop: tasks.noop }, unknownTask: 'fail' });
    await using _host = await cluster.makeHost();
    const jobs = cluster.pool.submitMany(
      tasks.echo,
      list(MANY).map((i) => [i] as const),
    );
    await cluster.pool.waitAll();
    expect(jobs.every(({ error }) => (error as { code?: string }).code === 'ERR_TASK_NOT_FOUND')).toBe(true);
  });
});
