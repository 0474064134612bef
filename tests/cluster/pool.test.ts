import { AsyncLocalStorage } from 'node:async_hooks';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CancelledError, JobPriority, ThreadPool } from 'thread-system';
import {
  ClusterHost,
  type ClusterHostOptions,
  type ClusterJob,
  ClusterPool,
  type ClusterPoolOptions,
  remoteTasks,
} from 'thread-system/cluster';
import { RedisServer } from '../support/redis-server.ts';
import { NoteFile, newQueue, tasks, until } from './cluster-fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** A pool and, in this process, a host for its queue. */
async function makeCluster(options: Partial<ClusterHostOptions> = {}, ofPool: Partial<ClusterPoolOptions> = {}) {
  const queue = newQueue();
  const { connection } = server;
  const host = new ClusterHost({ connection, queue, tasks, maxWorkers: 1, ...options });
  await host.ready;
  const pool = new ClusterPool({ connection, queue, ...ofPool });
  return {
    queue,
    host,
    pool,
    async [Symbol.asyncDispose]() {
      await pool.shutdown({ mode: 'abort' });
      await host.drain({ timeoutMs: 0 });
    },
  };
}

describe('a job of a cluster', () => {
  test('runs on a host, and its arguments and result arrive as a structured clone makes them', async () => {
    await using cluster = await makeCluster();
    const value = {
      map: new Map([[1, 2n]]),
      date: new Date(0),
      floats: new Float64Array([1.5, -0]),
      nothing: undefined,
      large: 'x'.repeat(100_000),
    };
    const job = cluster.pool.submit(tasks.echo, [value]);
    expect(await job).toEqual(structuredClone(value));
    expect(job.state).toBe('COMPLETED');
    expect(job.hostId).toBe(cluster.host.id);
    expect([job.attempts, typeof job.workerId]).toEqual([1, 'number']);
    expect(job.queuedMs).toBeGreaterThan(0);
  });

  test('knows its id, its name and its priority', async () => {
    await using cluster = await makeCluster();
    const job = cluster.pool.submit(tasks.identity, [], { name: 'mine', priority: 0.1 });
    expect(await job).toEqual({ id: job.id, attempt: 1, priority: 0.1, name: 'mine' });
    expect(job.id).toMatch(/^[a-z][\da-z]+-[\da-z]+$/);
  });

  test('fails with what its code threw: class, code, cause and stack', async () => {
    await using cluster = await makeCluster();
    const job = cluster.pool.submit(tasks.boom, ['no']);
    const error = await job.catch((thrown: unknown) => thrown as RangeError & { readonly code: string });
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: 'no', code: 'E_BOOM', cause: { message: 'below', cause: 'deepest' } });
    expect((error as Error).stack).toContain('tasks.mjs');
    expect(job.state).toBe('FAILED');
  });

  test('fails if its arguments cannot be sent, by their path; an inline function is refused at once', async () => {
    await using cluster = await makeCluster();
    const job = cluster.pool.submit(tasks.echo, [{ on: () => 1 }]);
    await expect(job).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE', path: 'args[0].on' });
    expect(() => cluster.pool.submit((x: number) => x, [1])).toThrow(
      'Cannot submit job: task must be an exported function, of a taskModule() or of remoteTasks(), received an inline function',
    );
  });

  test.each([
    ['transfer', { transfer: [new ArrayBuffer(1)] }],
    ['keyJoins', { key: 'one', keyJoins: 'pending' }],
    ['retry.retryIf', { retry: { maxAttempts: 2, retryIf: () => true } }],
  ])('is refused if its %s cannot be honoured, by the pool and by a group', async (name, options) => {
    await using cluster = await makeCluster();
    for (const target of [cluster.pool, cluster.pool.group('all')]) {
      const submit = () => target.submit(tasks.noop, [], options as object);
      expect(submit).toThrow(TypeError);
      expect(submit).toThrow(`Cannot make job 'noop': ${name} must not be given, as `);
    }
  });

  test('with large arguments finds them at its host, however soon that fetches it', async () => {
    await using cluster = await makeCluster();
    const text = 'x'.repeat(20_000_000);
    expect(await cluster.pool.submit(tasks.echo, [text])).toBe(text);
  });

  test('fails if no host has its task', async () => {
    await using cluster = await makeCluster({ tasks: { echo: tasks.echo }, unknownTask: 'fail' });
    const remote = remoteTasks<typeof import('./fixtures/tasks.mjs')>();
    await expect(cluster.pool.submit(remote.noop)).rejects.toMatchObject({ code: 'ERR_TASK_NOT_FOUND' });
    expect(await cluster.pool.submit(remote.echo, ['here'])).toBe('here');
  });

  test('reports its progress', async () => {
    await using cluster = await makeCluster();
    const job = cluster.pool.submit(tasks.report, [3]);
    const reports: unknown[] = [];
    job.onProgress((value) => reports.push(value));
    expect(await job).toBe(3);
    expect(reports.at(-1)).toBe(3);
  });

  test('is retried as its options say, and tells of it', async () => {
    await using cluster = await makeCluster();
    const retried: number[] = [];
    cluster.pool.on('jobRetried', (_job, { attempt }) => retried.push(attempt));
    const job = cluster.pool.submit(tasks.failUntil, [3], { retry: { maxAttempts: 4, delayMs: 1, backoff: 'linear' } });
    expect(await job).toBe(3);
    expect(job.attempts).toBe(3);
    expect(retried).toEqual([1, 2]);
    await expect(cluster.pool.submit(tasks.failUntil, [3], { retry: { maxAttempts: 2 } })).rejects.toThrow('attempt 2');
  });

  test('that takes its thread down fails at once, and is retried only if it may be', async () => {
    await using cluster = await makeCluster();
    const retry = { maxAttempts: 2 };
    const once = cluster.pool.submit(tasks.exit, [3], { retry });
    await expect(once).rejects.toMatchObject({ code: 'ERR_WORKER_EXITED', exitCode: 3 });
    expect(once.attempts).toBe(1);
    const twice = cluster.pool.submit(tasks.exit, [3], { retry: { ...retry, onWorkerExit: true } });
    await expect(twice).rejects.toMatchObject({ code: 'ERR_WORKER_EXITED' });
    expect(twice.attempts).toBe(2);
  });

  test('ends by its time limits, on a host or before', async () => {
    await using cluster = await makeCluster();
    const limited = cluster.pool.submit(tasks.spin, [], { timeoutMs: 30 });
    await expect(limited).rejects.toMatchObject({ code: 'ERR_JOB_TIMEOUT' });
    await cluster.pool.pause();
    const late = cluster.pool.submit(tasks.noop, [], { deadline: Date.now() + 30 });
    await expect(late).rejects.toMatchObject({ code: 'ERR_JOB_TIMEOUT' });
    await cluster.pool.resume();
    expect(await cluster.pool.submit(tasks.echo, [1])).toBe(1);
  });

  test('is the same call as on a ThreadPool: by the same tasks, with the same types', async () => {
    await using cluster = await makeCluster();
    await using local = new ThreadPool({ maxWorkers: 1 });
    const options = { priority: JobPriority.HIGH };
    const jobs = [local.submit(tasks.work, [1], options), cluster.pool.submit(tasks.work, [1], options)];
    const results: number[] = await Promise.all(jobs);
    expect(results).toEqual([1, 1]);
  });
});

describe('priorities', () => {
  test('are kept: of 600 jobs of ten levels, none runs before a more urgent one', async () => {
    using notes = new NoteFile();
    await using cluster = await makeCluster({ window: 1 });
    const levels = [-1e9, -3, -0.5, 0, 0.25, 1, 2, 2.5, 4, 1e9];
    await cluster.pool.pause();
    const jobs = Array.from({ length: 600 }, (_, i) => {
      const priority = levels[(i * 7) % levels.length] as number;
      return cluster.pool.submit(tasks.note, [priority, notes.path], { priority });
    });
    await Promise.all(jobs.map(({ added }) => added));
    await cluster.pool.resume();
    await Promise.all(jobs);
    const ran = notes.lines.map(Number);
    expect(ran).toEqual([...ran].sort((a, b) => b - a));
    expect(ran).toHaveLength(600);
  });

  test('of a waiting job can be changed: among its new equals it stands by its submission', async () => {
    using notes = new NoteFile();
    await using cluster = await makeCluster({ window: 1 }, { batch: false }); // members of a batch run together
    await cluster.pool.pause();
    const submit = (name: string, priority: number): ClusterJob =>
      cluster.pool.submit(tasks.note, [name, notes.path], { priority });
    const jobs = [submit('first', 1), submit('second', 5), submit('third', 1), submit('fourth', 5)];
    await Promise.all(jobs.map(({ added }) => added));
    expect(await jobs[2]?.setPriority(5)).toBe(true);
    expect(jobs[2]?.priority).toBe(5);
    await cluster.pool.resume();
    await Promise.all(jobs);
    expect(notes.lines).toEqual(['second', 'third', 'fourth', 'first']);
    expect(await jobs[0]?.setPriority(9)).toBe(false);
  });

  test('front goes ahead of equals', async () => {
    using notes = new NoteFile();
    await using cluster = await makeCluster({ window: 1 });
    await cluster.pool.pause();
    const first = cluster.pool.submit(tasks.note, ['first', notes.path]);
    await first.added;
    const front = cluster.pool.submit(tasks.note, ['front', notes.path], { front: true });
    await front.added;
    await new Promise((resolve) => setImmediate(resolve));
    await cluster.pool.resume();
    await Promise.all([first, front]);
    expect(notes.lines).toEqual(['front', 'first']);
  });
});

describe('cancel', () => {
  test('stops a running job, on the thread where it runs', async () => {
    await using cluster = await makeCluster();
    const job = cluster.pool.submit(tasks.spin);
    await until(() => job.state === 'RUNNING');
    expect(await job.cancel('enough')).toBe(true);
    await expect(job).rejects.toThrow("Job 'spin' was cancelled: enough");
    expect(job.error).toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'enough' });
    expect(job.state).toBe('CANCELLED');
    expect(await job.cancel()).toBe(false);
  });

  test('of a waiting job: it never begins', async () => {
    using notes = new NoteFile();
    await using cluster = await makeCluster();
    await cluster.pool.pause();
    const jobs = cluster.pool.submitMany(
      tasks.note,
      Array.from({ length: 100 }, (_, i) => [i, notes.path] as const),
    );
    await Promise.all(jobs.map(({ added }) => added));
    const cancelled = jobs.filter((_, i) => i % 2 === 0);
    expect(await Promise.all(cancelled.map((job) => job.cancel()))).toEqual(cancelled.map(() => true));
    for (const job of cancelled) expect(job.state).toBe('CANCELLED');
    await cluster.pool.resume();
    await cluster.pool.waitAll();
    expect(notes.lines.map(Number).filter((i) => i % 2 === 0)).toEqual([]);
    expect(notes.lines).toHaveLength(50);
  });

  test('before Redis has the job is decided at once', async () => {
    await using cluster = await makeCluster();
    const job = cluster.pool.submit(tasks.noop);
    expect(await job.cancel()).toBe(true);
    await expect(job).rejects.toBeInstanceOf(CancelledError);
    await expect(job.added).rejects.toBeInstanceOf(CancelledError);
  });

  test('is answered as the job settles, at whatever moment it comes', async () => {
    await using cluster = await makeCluster({ maxWorkers: 2 });
    const answers = await Promise.all(
      Array.from({ length: 300 }, async (_, i) => {
        const job = cluster.pool.submit(tasks.work, [i % 6]);
        const settled = job.then(
          () => 'COMPLETED',
          () => job.state,
        );
        await job.added;
        await new Promise((resolve) => setTimeout(resolve, (i * 13) % 400));
        const answer = await job.cancel();
        return answer === ((await settled) === 'CANCELLED') || job.state;
      }),
    );
    expect(answers.filter((answer) => answer !== true && answer !== 'CANCELLED')).toEqual([]);
  });

  test('by a token, a signal, and for all jobs of the pool', async () => {
    await using cluster = await makeCluster();
    const controller = new AbortController();
    const job = cluster.pool.submit(tasks.spin, [], { signal: controller.signal });
    await until(() => job.state === 'RUNNING');
    controller.abort('by signal');
    await expect(job).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'by signal' });
    const jobs = cluster.pool.submitMany(tasks.spin, [[], [], []]);
    expect(await cluster.pool.cancelAll()).toBe(3);
    expect(jobs.map(({ state }) => state)).toEqual(['CANCELLED', 'CANCELLED', 'CANCELLED']);
  });
});

describe('features built on jobs', () => {
  test('groups count and cancel jobs of this pool', async () => {
    await using cluster = await makeCluster();
    const group = cluster.pool.group('part');
    const job = group.submit(tasks.echo, [1]);
    expect(job.id).toMatch(/-/);
    expect(await job).toBe(1);
    const loops = group.group('within').submitMany(tasks.spin, [[], []]);
    await until(() => loops.some(({ state }) => state === 'RUNNING'));
    group.cancel('enough');
    expect(await group.waitAll()).toBe(true);
    expect(group.stats()).toMatchObject({ submitted: 3, completed: 1, cancelled: 2 });
    expect(loops.map(({ error }) => (error as CancelledError).reason)).toEqual(['enough', 'enough']);
  });

  test('asCompleted and results give the jobs of the cluster as they settle', async () => {
    await using cluster = await makeCluster();
    const results = cluster.pool.results();
    const jobs = cluster.pool.submitMany(tasks.echo, [['a'], ['b'], ['c']]);
    const seen: unknown[] = [];
    for await (const job of cluster.pool.asCompleted(jobs)) seen.push(jobs.includes(job), job.state);
    expect(seen).toEqual([true, 'COMPLETED', true, 'COMPLETED', true, 'COMPLETED']);
    expect(jobs).toContain((await results.next()).value);
  });

  test('dependsOn holds a job until others have completed', async () => {
    await using cluster = await makeCluster();
    const first = cluster.pool.submit(tasks.work, [50]);
    const second = cluster.pool.submit(tasks.echo, ['after'], { dependsOn: [first] });
    second.catch(() => {});
    expect(await second).toBe('after');
    expect(first.state).toBe('COMPLETED');
    const failing = cluster.pool.submit(tasks.boom, ['no']);
    const never = cluster.pool.submit(tasks.noop, [], { dependsOn: [failing] });
    await expect(never).rejects.toMatchObject({ code: 'ERR_DEPENDENCY', cause: { message: 'no' } });
  });

  test('the context of a submission is seen by its code', async () => {
    await using cluster = await makeCluster();
    const store = new AsyncLocalStorage<object>();
    const job = store.run({ trace: 'id' }, () => cluster.pool.submit(tasks.context, [], { context: { store } }));
    expect(await job).toEqual({ store: { trace: 'id' } });
  });

  test('the context of a host is seen besides that of the submission, which wins', async () => {
    const ofHost = { getStore: () => 'host' };
    await using cluster = await makeCluster({ context: { store: ofHost, region: ofHost } });
    const context = { store: { getStore: () => 'submitter' } };
    expect(await cluster.pool.submit(tasks.context, [], { context })).toEqual({ store: 'submitter', region: 'host' });
    expect(await cluster.pool.submit(tasks.context)).toEqual({ store: 'host', region: 'host' });
  });

  test('delayMs holds a job in Redis; a key joins it', async () => {
    await using cluster = await makeCluster();
    const job = cluster.pool.submit(tasks.echo, [1], { delayMs: 2_000, key: 'one' });
    expect(cluster.pool.submit(tasks.echo, [2], { key: 'one' })).toBe(job);
    await job.added;
    const submittedAt = Date.now();
    expect(await job.refresh()).toBe('PENDING');
    expect(await job).toBe(1);
    expect(Date.now() - submittedAt).toBeGreaterThan(1_000);
  });
});

describe('a pool that is shut down', () => {
  test('waits for its own jobs, and leaves no key without an end', async () => {
    const queue = newQueue();
    const { connection } = server;
    await using host = new ClusterHost({ connection, queue, tasks, maxWorkers: 1 });
    const pool = new ClusterPool({ connection, queue });
    const jobs = pool.submitMany(tasks.echo, [[1], [2]]);
    expect(await pool.shutdown()).toEqual({ completed: 2, failed: 0, cancelled: 0 });
    expect(jobs.map(({ result }) => result)).toEqual([1, 2]);
    expect(() => pool.submit(tasks.noop)).toThrow(expect.objectContaining({ code: 'ERR_POOL_CLOSED' }));
    await host.drain();
    const { Redis } = await import('ioredis');
    const redis = new Redis(connection);
    for (const key of await redis.keys('ts:*')) expect(await redis.ttl(key)).toBeGreaterThan(0);
    redis.disconnect();
  });

  test("in mode 'detach' leaves its jobs to the hosts", async () => {
    using notes = new NoteFile();
    const queue = newQueue();
    const { connection } = server;
    const pool = new ClusterPool({ connection, queue });
    const job = pool.submit(tasks.note, ['ran', notes.path]);
    await job.added;
    await pool.shutdown({ mode: 'detach' });
    await expect(job).rejects.toMatchObject({ code: 'ERR_DETACHED' });
    await using host = new ClusterHost({ connection, queue, tasks, maxWorkers: 1 });
    await host.ready;
    await until(() => notes.lines.length === 1);
  });
});
