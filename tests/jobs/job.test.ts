import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { Job, ThreadPool } from 'thread-system';
import { Gate, occupy, occupyAsync } from '../support/gate.ts';
import { tasks } from '../support/tasks.ts';

async function collect<P>(progress: AsyncIterable<P>): Promise<P[]> {
  const values: P[] = [];
  for await (const value of progress) values.push(value);
  return values;
}

describe('a job', () => {
  test('is awaitable, with catch and finally, before and after it settles', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const good = pool.submit(tasks.add, [1, 2]);
    const bad = pool.submit(tasks.fail, ['no']);
    const calls: string[] = [];
    expect(await good.finally(() => void calls.push('finally'))).toBe(3);
    expect(await good.then((value) => value * 2)).toBe(6);
    expect(await bad.catch((error: unknown) => (error as Error).message)).toBe('no');
    expect(await bad.then(undefined, () => 'handled')).toBe('handled');
    await expect(bad.finally(() => void calls.push('finally'))).rejects.toThrow('no');
    expect(calls).toEqual(['finally', 'finally']);
    expect(await Promise.all([good, good])).toEqual([3, 3]);
  });

  test('shows what it is when printed', async () => {
    const job = new Job(tasks.add, [1, 2], { name: 'sum', priority: 3 });
    expect(inspect(job)).toBe(`Job { id: ${job.id}, name: 'sum', state: 'PENDING', priority: 3 }`);
    job.cancel();
    await expect(job).rejects.toThrow("Job 'sum' was cancelled");
  });

  test('is known to its own task', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const job = pool.submit(tasks.aboutMe, [], { name: 'me', priority: 4 });
    expect(await job).toEqual({ id: job.id, name: 'me', priority: 4, attempt: 1, workerId: 0, isThis: true });
    const plain = pool.submit(tasks.aboutMe);
    expect(await plain).toMatchObject({ id: plain.id, name: 'aboutMe', priority: 2 });
  });

  test('tells its attempts and its worker while it runs', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = await occupy(pool);
    const [job] = gate.jobs;
    const pending = pool.submit(tasks.echo, [1]);
    expect(job).toMatchObject({ state: 'RUNNING', attempts: 1, workerId: 0 });
    expect(pending).toMatchObject({ state: 'PENDING', attempts: 0, workerId: undefined });
    expect(pending.queuedMs).toBeGreaterThanOrEqual(0);
    gate.open();
    await pool.waitAll();
    expect(pending).toMatchObject({ state: 'COMPLETED', attempts: 1, workerId: 0 });
  });
});

describe('progress', () => {
  test('comes in order and complete, and ends before the job settles', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const values = Array.from({ length: 1000 }, (_, i) => (i % 3 === 0 ? { i } : i));
    const job = pool.submit(tasks.report, [values]);
    const ends: string[] = [];
    const all = collect(job.progress).then((seen) => {
      ends.push('progress');
      return seen;
    });
    await job.then(() => ends.push('job'));
    expect(await all).toEqual(values);
    expect(ends).toContain('progress');
    expect(await collect(job.progress)).toEqual([]);
  });

  test('before the first access only the latest is kept', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const job = pool.submit(tasks.report, [[1, 2, 3]]);
    await job;
    expect(await collect(job.progress)).toEqual([3]);
  });

  test('from the access on all is kept, although nobody reads yet', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const job = pool.submit(tasks.report, [[1, 2, 3]]);
    const { progress } = job;
    await job;
    expect(await collect(progress)).toEqual([1, 2, 3]);
  });

  test('a listener hears each value until it is taken off', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const job = pool.submit(tasks.yieldsAsync, [[1, 2, 3, 4]]);
    const seen: number[] = [];
    const off = job.onProgress((value) => {
      seen.push(value);
      if (value === 2) off();
    });
    await job;
    expect(seen.slice(0, 2)).toEqual([1, 2]);
  });

  test('of a generator task is what it yields; its result is what it returns', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const job = pool.submit(tasks.yields, [['a', 'b', 'c']]);
    const progress = collect(job.progress);
    expect(await job).toBe('done');
    expect(await progress).toEqual(['a', 'b', 'c']);
    const later = pool.submit(tasks.yieldsAsync, [[1, 2, 3]]);
    const laterProgress = collect(later.progress);
    expect(await later).toBe('done');
    expect(await laterProgress).toEqual([1, 2, 3]);
  });

  test('of more values than the lane holds is complete, in order, while the main thread does not look', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await pool.submit(tasks.echo, [1]); // its worker is ready: it needs no turn of this thread's event loop to begin
    const count = 60_000;
    const done = new Int32Array(new SharedArrayBuffer(4));
    const job = pool.submit(
      function (this: { report(value: unknown): void }, n: number, words: Int32Array) {
        for (let i = 0; i < n; i++) this.report(i % 1000 === 0 ? { i } : `value ${i}`);
        Atomics.store(words, 0, 1);
        Atomics.notify(words, 0);
        return n;
      },
      [count, done],
    );
    const progress = collect(job.progress);
    await new Promise((resolve) => setImmediate(resolve)); // lets the job out
    Atomics.wait(done, 0, 0); // the task reports all of it meanwhile
    expect(await job).toBe(count);
    const seen = await progress;
    expect(seen).toHaveLength(count);
    expect(seen.every((value, i) => (i % 1000 === 0 ? (value as { i: number }).i === i : value === `value ${i}`))).toBe(
      true,
    );
  });

  test('that cannot be cloned throws in the task', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const job = pool.submit(function (this: { report(value: unknown): void }) {
      try {
        this.report({ nested: { fn: () => 1 } });
        return undefined;
      } catch (error) {
        return (error as { path?: string }).path;
      }
    });
    expect(await job).toBe('report.nested.fn');
  });

  test('of several jobs on one worker goes to each its own', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, concurrency: 3 });
    using gate = await occupyAsync(pool);
    const jobs = [
      [1, 2, 3],
      [4, 5, 6],
    ].map((values) => pool.submit(tasks.yieldsAsync, [values]));
    expect(await Promise.all(jobs.map((job) => collect(job.progress)))).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    gate.open();
  });
});

test('a job whose result nobody awaits keeps it', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  using gate = new Gate();
  gate.open();
  const jobs = pool.submitMany(tasks.add, [
    [1, 2],
    [3, 4],
  ]);
  await pool.waitAll();
  expect(jobs.map((job) => job.result)).toEqual([3, 7]);
});
