import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Submitter, ThreadPool } from 'thread-system';
import {
  ClusterHost,
  type ClusterHostOptions,
  type ClusterJob,
  ClusterPool,
  type ClusterPoolOptions,
} from 'thread-system/cluster';
import { RedisServer } from '../support/redis-server.ts';
import { NoteFile, newQueue, tasks, until } from './cluster-fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

const makePool = (queue: string, options: Partial<ClusterPoolOptions> = {}): ClusterPool =>
  new ClusterPool({ connection: server.connection, queue, ...options });

const makeHost = async (queue: string, options: Partial<ClusterHostOptions> = {}): Promise<ClusterHost> => {
  const host = new ClusterHost({ connection: server.connection, queue, tasks, maxWorkers: 2, ...options });
  await host.ready;
  return host;
};

/** Two pools of one queue, and a host. */
async function makeCluster(options: Partial<ClusterPoolOptions> = {}) {
  const queue = newQueue();
  const host = await makeHost(queue);
  const [pool, other] = [makePool(queue, options), makePool(queue, options)];
  return {
    queue,
    host,
    pool,
    other,
    async [Symbol.asyncDispose]() {
      await Promise.all([pool, other].map((each) => each.shutdown({ mode: 'abort' })));
      await host.drain({ timeoutMs: 0 });
    },
  };
}

describe('map', () => {
  test('calls the task with each item on the hosts, in order', async () => {
    await using cluster = await makeCluster();
    const items = Array.from({ length: 500 }, (_, i) => i);
    expect(await cluster.pool.map(tasks.twice, items)).toEqual(items.map((i) => 2 * i));
    const floats = await cluster.pool.map(tasks.twice, new Float64Array(items));
    expect(floats).toEqual(new Float64Array(items.map((i) => 2 * i)));
    const seen: number[] = [];
    for await (const value of cluster.pool.map(tasks.plus, items.slice(0, 20), { args: [1000], chunk: 3 }))
      seen.push(value);
    expect(seen).toEqual(items.slice(0, 20).map((i) => i + 1000));
  });

  test('fails by the item that has failed, or goes on after it', async () => {
    await using cluster = await makeCluster();
    const items = [4, 3, 2, -1, 5];
    const failing = cluster.pool.map(tasks.root, items, { chunk: 5 });
    await expect(failing).rejects.toThrow('-1 has none');
    expect(failing.failure).toMatchObject({ index: 3, error: expect.any(RangeError) });
    const results = await cluster.pool.map(tasks.root, items, { chunk: 2, settled: true });
    expect(results.map(({ status }) => status)).toEqual([
      ...['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
    ]);
    expect(results[3]).toMatchObject({ reason: { message: '-1 has none' }, index: 3 });
  });

  test('retries items alone, and each attempt knows its number', async () => {
    await using cluster = await makeCluster();
    const retry = { maxAttempts: 3, delayMs: 5 };
    expect(await cluster.pool.map(tasks.failUntil, [1, 3, 2], { retry, chunk: 3 })).toEqual([1, 3, 2]);
    await expect(cluster.pool.map(tasks.failUntil, [9], { retry })).rejects.toThrow('attempt 3');
  });

  test('takes the elements of results apart with flat', async () => {
    await using cluster = await makeCluster();
    expect(await cluster.pool.map(tasks.range, [2, 0, 3], { flat: true })).toEqual([0, 1, 0, 1, 2]);
  });

  test('refuses what stays in this process', async () => {
    await using cluster = await makeCluster();
    const { pool } = cluster;
    expect(() => pool.map((x: number) => x, [1])).toThrow('task must be an exported function');
    expect(() => pool.map(tasks.twice, [1], { transferItems: true } as object)).toThrow(
      'transferItems must not be given',
    );
  });
});

describe('a job that is found by its id', () => {
  test('settles as it does for its submitter', async () => {
    await using cluster = await makeCluster();
    const { pool, other } = cluster;
    const job = pool.submit(tasks.work, [300], { priority: 7, name: 'mine' });
    await job.added;
    const found = await other.job(job.id);
    expect(found).toMatchObject({ id: job.id, name: 'mine', priority: 7 });
    expect(await found).toBe(300);
    await job;
    const settled = await other.job(job.id);
    expect(settled).toMatchObject({ state: 'COMPLETED', result: 300, hostId: cluster.host.id });
    expect(await pool.job(job.id)).toMatchObject({ state: 'COMPLETED', result: 300 });
    expect(await other.job('none')).toBeUndefined();
    expect((await other.metrics()).own.submitted).toBe(0);
  });

  test('is none of what BullMQ keeps beside jobs', async () => {
    const queue = newQueue();
    await using _host = await makeHost(queue);
    await using pool = makePool(queue);
    await pool.submit(tasks.noop);
    const ids = ['id', 'meta', 'events', 'marker', 'completed', 'prioritized', 'stalled-check', 'no', '__proto__'];
    expect(await Promise.all(ids.map((id) => pool.job(id)))).toEqual(ids.map(() => undefined));
  });

  test('can be cancelled: its submitter hears of it', async () => {
    await using cluster = await makeCluster();
    const { pool, other } = cluster;
    const running = pool.submit(tasks.spin);
    await until(() => running.state === 'RUNNING');
    const found = await other.job(running.id);
    expect(await found?.cancel('by another')).toBe(true);
    await expect(running).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'by another' });
    await expect(found).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED' });
    await pool.pause();
    const waiting = pool.submit(tasks.noop);
    await waiting.added;
    expect(await (await other.job(waiting.id))?.cancel('too')).toBe(true);
    await pool.resume();
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'too' });
  });

  test('is nothing that a shutdown waits for', async () => {
    await using cluster = await makeCluster();
    const job = cluster.pool.submit(tasks.spin);
    await job.added;
    const third = makePool(cluster.queue);
    const found = await third.job(job.id);
    found?.catch(() => {});
    expect(await third.shutdown()).toEqual({ completed: 0, failed: 0, cancelled: 0 });
    await expect(found).rejects.toMatchObject({ code: 'ERR_DETACHED' });
    expect(await job.cancel()).toBe(true);
  });
});

describe('a key', () => {
  test('joins the job of another submitter, and settles with it', async () => {
    using notes = new NoteFile();
    await using cluster = await makeCluster();
    const { pool, other } = cluster;
    await pool.pause();
    const first = pool.submit(tasks.note, ['first', notes.path], { key: 'one', priority: 1 });
    await first.added;
    const second = other.submit(tasks.note, ['second', notes.path], { key: 'one', priority: 3 });
    await second.added;
    expect(second.id).toBe(first.id);
    await pool.resume();
    expect(await Promise.all([first, second])).toEqual(['first', 'first']);
    expect(notes.lines).toEqual(['first']);
    expect((await other.metrics()).own).toMatchObject({ submitted: 1, completed: 1 });
    const third = other.submit(tasks.note, ['third', notes.path], { key: 'one' });
    expect(await third).toBe('third');
    expect(third.id).not.toBe(first.id);
  });

  test('whose job was cancelled by its submitter before it began: the other runs by itself', async () => {
    await using cluster = await makeCluster();
    const { pool, other } = cluster;
    await pool.pause();
    const first = pool.submit(tasks.echo, ['first'], { key: 'one' });
    await first.added;
    const second = other.submit(tasks.echo, ['second'], { key: 'one' });
    await second.added;
    expect(await first.cancel()).toBe(true);
    await pool.resume();
    expect(await second).toBe('second');
  });
});

describe('a schedule', () => {
  test('under one id is one, whoever makes it, and tells of its runs', async () => {
    using notes = new NoteFile();
    await using cluster = await makeCluster();
    const { pool, other } = cluster;
    const options = { id: 'tick', everyMs: 200, priority: 3 };
    const schedules = await Promise.all(
      [pool, other].map((each) => each.schedule(tasks.note, ['tick', notes.path], options)),
    );
    expect(schedules.map(({ id }) => id)).toEqual(['tick', 'tick']);
    const [schedule, same] = schedules;
    expect(schedule?.next).toBeInstanceOf(Date);
    expect(schedule?.job).toBeUndefined();
    expect(pool.schedules).toEqual([schedule]);
    const startedAt = Date.now();
    await until(() => notes.lines.length >= 3);
    expect(Date.now() - startedAt).toBeGreaterThan(350);
    await until(() => (schedule?.runs ?? 0) >= 2 && schedule?.job !== undefined);
    expect(await schedule?.job).toBe('tick');
    expect(await schedule?.cancel()).toBe(true);
    await same?.refresh();
    expect(same?.next).toBeUndefined();
    expect(pool.schedules).toEqual([]);
    expect(await schedule?.cancel()).toBe(false);
  });

  test('goes on without the process that has made it, may be paused, and takes cron', async () => {
    using notes = new NoteFile();
    await using cluster = await makeCluster();
    const maker = makePool(cluster.queue);
    await maker.schedule(tasks.note, ['tick', notes.path], { id: 'cron', cron: '* * * * * *', timeZone: 'Asia/Tokyo' });
    await maker.shutdown();
    await until(() => notes.lines.length >= 2);
    const again = await cluster.pool.schedule(tasks.note, ['tick', notes.path], { id: 'cron', cron: '* * * * * *' });
    await again.pause();
    expect(again.next).toBeUndefined();
    await again.resume();
    expect(again.next?.getTime()).toBeGreaterThan(Date.now() - 1_000);
    await again.cancel();
  });

  test('is refused what it cannot be', async () => {
    await using cluster = await makeCluster();
    const schedule = (options: object) => cluster.pool.schedule(tasks.noop, [], options as never);
    expect(() => schedule({ everyMs: 5 })).toThrow('id must be a string');
    expect(() => schedule({ id: 'a:b', everyMs: 5 })).toThrow('id must have no colon');
    expect(() => schedule({ id: 'a' })).toThrow('it needs everyMs or cron');
    expect(() => schedule({ id: 'a', cron: 'x' })).toThrow('cron must be a valid expression');
    expect(() => schedule({ id: 'a', everyMs: 5, overlap: 'skip' })).toThrow('overlap must be one of queue');
    expect(() => schedule({ id: 'a', everyMs: 5, signal: AbortSignal.abort() })).toThrow('signal must not be given');
  });
});

describe('maxQueue', () => {
  test('refuses jobs that find no room, and ready() waits for it', async () => {
    const queue = newQueue();
    await using pool = makePool(queue, { maxQueue: 2, overflow: 'reject' });
    const jobs = pool.submitMany(tasks.noop, [[], [], [], []]);
    for (const job of jobs) job.catch(() => {});
    expect(jobs.map(({ state }) => state)).toEqual(['PENDING', 'PENDING', 'FAILED', 'FAILED']);
    expect(jobs[3]?.error).toMatchObject({ code: 'ERR_QUEUE_FULL' });
    const drained = pool.once('drain');
    const ready = pool.ready();
    await using _host = await makeHost(queue);
    await ready;
    await drained;
    await pool.submit(tasks.noop);
    await pool.waitAll();
    expect((await pool.metrics()).own).toMatchObject({ refused: 2, completed: 3, failed: 2 });
  });

  test('counts the jobs of others, too', async () => {
    const queue = newQueue();
    await using other = makePool(queue);
    await using pool = makePool(queue, { maxQueue: 3 });
    await Promise.all(other.submitMany(tasks.noop, [[], [], []]).map(({ added }) => added));
    const isFull = async (): Promise<boolean> => {
      const job = pool.submit(tasks.noop);
      job.catch(() => {});
      if (job.state === 'FAILED') return true;
      await job.cancel();
      return false;
    };
    await until(isFull);
    const closing = pool.ready();
    await pool.shutdown({ mode: 'abort' });
    await expect(closing).rejects.toMatchObject({ code: 'ERR_POOL_CLOSED' });
    await other.shutdown({ mode: 'abort' });
  });
});

describe('a pool', () => {
  test('is awaited and left as other emitters', async () => {
    await using cluster = await makeCluster();
    const { pool } = cluster;
    const seen: unknown[] = [];
    const listener = (job: ClusterJob): void => void seen.push(job);
    pool.on('jobCompleted', listener);
    const next = pool.once('jobCompleted');
    const byNode = once(pool as never, 'jobCompleted');
    const job = pool.submit(tasks.noop);
    expect(await next).toEqual([job, undefined]);
    expect((await byNode)[0]).toBe(job);
    pool.off('jobCompleted', listener);
    await pool.submit(tasks.noop);
    expect(seen).toEqual([job]);
    await expect(pool.once('jobFailed', { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ERR_JOB_CANCELLED',
    });
    expect([pool.name, pool.state]).toEqual(['cluster', 'open']);
  });

  test('of any kind is a Submitter', async () => {
    await using cluster = await makeCluster();
    await using local = new ThreadPool({ maxWorkers: 1 });
    const use = async (pool: Submitter): Promise<unknown[]> => {
      const job = pool.submit(tasks.twice, [1], { priority: 3, key: 'k' });
      await using group = pool.group('part');
      const member = group.submit(tasks.twice, [2]);
      const schedule = await pool.schedule(tasks.noop, [], { id: 'none', cron: '0 0 1 1 *' });
      const next = schedule.next instanceof Date;
      await schedule.cancel();
      await pool.ready();
      const mapped = await pool.map(tasks.twice, [3, 4]);
      const results = [await job, await member, ...mapped, next, await job.cancel()];
      await pool.waitAll();
      const metrics = await pool.metrics();
      return [...results, ('own' in metrics ? metrics.own : metrics).completed > 2, await pool.cancelAll()];
    };
    const expected = [2, 4, 6, 8, true, false, true, 0];
    expect(await use(local)).toEqual(expected);
    expect(await use(cluster.pool)).toEqual(expected);
  });

  test('reads how the whole queue and its hosts do', async () => {
    await using cluster = await makeCluster();
    const { pool, other, host } = cluster;
    await Promise.all(other.submitMany(tasks.twice, [[1], [2], [3]]));
    await other.submit(tasks.boom, ['no']).catch(() => {});
    await pool.pause();
    const waiting = [
      pool.submit(tasks.noop, [], { priority: 5 }),
      pool.submit(tasks.noop, [], { priority: -1 }),
      pool.submit(tasks.noop, [], { priority: 5 }),
      pool.submit(tasks.noop, [], { delayMs: 60_000 }),
    ];
    await Promise.all(waiting.map(({ added }) => added));
    const metrics = await pool.metrics();
    expect(metrics.counts).toMatchObject({ pending: 3, delayed: 1, active: 0, completed: 3, failed: 1 });
    expect(metrics.byPriority).toEqual({ 5: 2, [-1]: 1 });
    expect(metrics.hosts).toMatchObject([{ id: host.id, workers: 2, window: 8, loopDelayMs: expect.any(Number) }]);
    expect(metrics.own).toMatchObject({ name: 'cluster', submitted: 4, pending: 4, completed: 0 });
    await until(async () => (await pool.metrics()).tasks['twice']?.completed === 3);
    const { tasks: byTask } = await pool.metrics();
    expect(byTask['boom']).toMatchObject({ failed: 1, executionMs: { count: 1 } });
    expect(byTask['twice']?.executionMs.buckets([60_000])).toEqual([3]);
  });
});

test('a logger is told of failed jobs, of retries, and of the shutdown', async () => {
  const queue = newQueue();
  await using _host = await makeHost(queue);
  const said: string[] = [];
  const to = (level: string) => (text: string) => said.push(`${level}: ${text}`);
  const logger = { debug: to('debug'), info: to('info'), warn: to('warn'), error: to('error') };
  const pool = makePool(queue, { logger });
  await pool.submit(tasks.boom, ['broken'], { retry: { maxAttempts: 2, delayMs: 1 } }).catch(() => {});
  await pool.shutdown();
  expect(said).toContainEqual(expect.stringMatching(/^info: .*boom.* failed on attempt 1, retrying in 1 ms: .*broken/));
  expect(said).toContainEqual(expect.stringMatching(/^\w+: .*boom.*broken/));
  expect(said.at(-1)).toMatch(/^info: .*shut/i);
});
