import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { type Job, ThreadPool } from 'thread-system';
import { tasks } from '../support/tasks.ts';

describe('pool.once', () => {
  test('resolves with what the listeners of the next event are given', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const completed = pool.once('jobCompleted');
    const job = pool.submit(tasks.echo, [1]);
    await pool.submit(tasks.echo, [2]);
    const [first] = await completed;
    expect(first).toBe(job);
    const idle = pool.once('idle');
    await pool.submit(tasks.echo, [3]);
    expect((await idle)[0]).toBeUndefined();
  });

  test('rejects when its signal aborts, and then has no listener', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const controller = new AbortController();
    const failed = pool.once('jobFailed', { signal: controller.signal });
    controller.abort('enough');
    await expect(failed).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'enough' });
    await expect(pool.once('jobFailed', { signal: AbortSignal.abort('early') })).rejects.toMatchObject({
      reason: 'early',
    });
    expect(() => pool.once('idle', { signal: 5 as never })).toThrow('signal must be an AbortSignal, received 5');
    await expect(pool.once('nothing' as never)).rejects.toThrow('the events are');
  });

  test("works by Node's events.once, and with a function", async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const completed = once(pool as never, 'jobCompleted');
    const seen: Job[] = [];
    const unregister = pool.once('jobCompleted', (job) => seen.push(job));
    void pool.once('jobCompleted', (job) => seen.push(job));
    unregister();
    const job = pool.submit(tasks.echo, [1]);
    expect((await completed)[0]).toBe(job);
    await pool.submit(tasks.echo, [2]);
    expect(seen).toEqual([job]);
    const controller = new AbortController();
    const aborted = once(pool as never, 'idle', { signal: controller.signal });
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('pool.off', () => {
  test('unregisters a listener of on and of once, and no other', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const seen: string[] = [];
    const first = (): number => seen.push('first');
    const second = (): number => seen.push('second');
    pool.on('jobCompleted', first);
    pool.on('jobCompleted', second);
    void pool.once('jobCompleted', first);
    pool.off('jobCompleted', first);
    pool.off('jobFailed', second);
    await pool.submit(tasks.echo, [1]);
    await pool.submit(tasks.echo, [2]);
    pool.off('jobCompleted', second);
    await pool.submit(tasks.echo, [3]);
    expect(seen).toEqual(['second', 'second']);
  });
});

test('results().take() gives what has come since, without a wait', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const results = pool.results();
  expect(results.take()).toEqual([]);
  const jobs = [pool.submit(tasks.echo, [1]), pool.submit(tasks.echo, [2])];
  await Promise.all(jobs);
  await pool.waitAll();
  expect(results.take()).toEqual(jobs);
  expect(results.take()).toEqual([]);
  const next = pool.submit(tasks.echo, [3]);
  expect((await results.next()).value).toBe(next);
});
