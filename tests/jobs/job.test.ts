import { AsyncLocalStorage } from 'node:async_hooks';
import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { Job, ThreadPool } from 'thread-system';
import { Gate, occupy, occupyAsync, until } from '../support/gate.ts';
import { OrderLog } from '../support/order-log.ts';
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

  test('tells those who follow it in their order, keeps their context, and gives them a promise', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const trace = new AsyncLocalStorage<string>();
    using gate = new Gate();
    const job = pool.submit(tasks.hold, [gate.words, 7]);
    const calls: string[] = [];
    const follow = async (name: string): Promise<void> => {
      calls.push(`${name}: ${await job} in ${trace.getStore()}`);
    };
    const all = [trace.run('one', follow, 'first'), trace.run('two', follow, 'second')];
    const byThen = trace.run('three', () => job.then((value) => calls.push(`then: ${value} in ${trace.getStore()}`)));
    // passed the resolving functions, `then` still answers a promise
    let derived: Promise<unknown> | undefined;
    const passed = new Promise<number>((resolve, reject) => {
      derived = job.then(resolve, reject);
    });
    gate.open();
    await Promise.all([...all, byThen]);
    expect(calls.toSorted()).toEqual(['first: 7 in one', 'second: 7 in two', 'then: 7 in three']);
    expect(calls.indexOf('first: 7 in one')).toBeLessThan(calls.indexOf('second: 7 in two'));
    expect(await passed).toBe(7);
    expect(await derived).toBeUndefined();
    expect(await derived?.finally(() => {})).toBeUndefined();
    expect(await new Promise<number>((resolve, reject) => void job.then(resolve, reject))).toBe(7);
  });

  test('calls callbacks that only look like resolving functions as a promise would', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const [seven, nothing] = [new Proxy((x: unknown) => Number(x) + 1, {}), new Proxy((_: unknown) => 'no', {})];
    expect(await pool.submit(tasks.echo, [6]).then(seven, nothing)).toBe(7);
  });

  test('rejects each of those who follow it', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const bad = pool.submit(tasks.fail, ['no']);
    const outcomes = await Promise.allSettled([bad, bad, (async () => await bad)()]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    await expect(Promise.race([bad])).rejects.toThrow('no');
  });

  test('keeps its order of submission, although it was made earlier or later', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const log = new OrderLog(4);
    pool.pause();
    const early = new Job(tasks.note, [log.words, 0]);
    pool.submit(tasks.note, [log.words, 1]);
    pool.submitJob(early);
    pool.submit(tasks.note, [log.words, 2]);
    pool.submit(tasks.note, [log.words, 3], { front: true });
    pool.resume();
    await pool.waitAll();
    expect(log.values).toEqual([3, 1, 0, 2]);
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

  test('is known to its own task and to nobody after it, whoever asks and when', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const jobs = Array.from({ length: 50 }, (_, i) => pool.submit(i % 2 ? tasks.idOfArrow : tasks.idOfThis));
    expect(await Promise.all(jobs)).toEqual(jobs.map(({ id }) => id));
    // one that keeps its job, and looks at it while others run
    const kept = await Promise.all([pool.submit(tasks.keepJob), ...jobs.map(() => pool.submit(tasks.add, [1, 2]))]);
    expect(await pool.submit(tasks.idOfKept)).toBe(kept[0]);
    const stopped = pool.submit(tasks.spinArrow);
    await until(() => stopped.state === 'RUNNING');
    stopped.cancel('enough');
    await expect(stopped).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'enough' });
    expect(await pool.submit(tasks.add, [1, 2])).toBe(3);
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
