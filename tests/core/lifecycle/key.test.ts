import { describe, expect, test } from '@jest/globals';
import { Job, JobPriority, PoolClosedError, ThreadPool } from 'thread-system';
import { Gate, occupy } from '../../support/gate.ts';
import { tasks } from '../../support/tasks.ts';

describe('a job with a key', () => {
  test('joins the one of that key that is pending or runs, and none that has settled', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = new Gate();
    const first = pool.submit(tasks.hold, [gate.words, 1], { key: 'k' });
    expect(pool.submit(tasks.hold, [gate.words, 2], { key: 'k' })).toBe(first);
    await gate.reachedBy(1);
    expect(pool.submit(tasks.hold, [gate.words, 3], { key: 'k' })).toBe(first);
    expect(pool.submit(tasks.echo, [4], { key: 'other' })).not.toBe(first);
    expect(pool.metrics().submitted).toBe(2);
    gate.open();
    expect(await first).toBe(1);
    const next = pool.submit(tasks.echo, [5], { key: 'k' });
    expect(next).not.toBe(first);
    expect(await next).toBe(5);
  });

  test("with keyJoins 'pending' joins none whose code has begun", async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = new Gate();
    const options = { key: 'k', keyJoins: 'pending' } as const;
    const first = pool.submit(tasks.hold, [gate.words, 1], options);
    await gate.reachedBy(1);
    const second = pool.submit(tasks.echo, [2], options);
    expect(second).not.toBe(first);
    expect(pool.submit(tasks.echo, [3], options)).toBe(second);
    expect(pool.submit(tasks.echo, [4], { key: 'k' })).toBe(second);
    gate.open();
    expect([await first, await second]).toEqual([1, 2]);
    expect(await pool.submit(tasks.echo, [5], options)).toBe(5);
    expect(() => pool.submit(tasks.echo, [1], { keyJoins: 'all' as never })).toThrow(
      "keyJoins must be one of unsettled, pending, received 'all'",
    );
  });

  test("with keyJoins 'pending' joins none that waits to be retried; and the first to settle leaves the key to the next", async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const options = { key: 'k', keyJoins: 'pending' } as const;
    const failing = pool.submit(tasks.fail, ['no'], { ...options, retry: { maxAttempts: 2, delayMs: 1e9 } });
    await pool.once('jobRetried');
    using gate = await occupy(pool);
    const second = pool.submit(tasks.echo, [2], options);
    expect(second).not.toBe(failing);
    failing.cancel();
    await failing.catch(() => {});
    expect(pool.submit(tasks.echo, [3], options)).toBe(second);
    gate.open();
    expect(await second).toBe(2);
  });

  test('that failed or was cancelled is joined by none', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const failing = pool.submit(tasks.fail, ['no'], { key: 'k' });
    await failing.catch(() => {});
    using gate = await occupy(pool);
    const cancelled = pool.submit(tasks.echo, [1], { key: 'k' });
    cancelled.cancel();
    const last = pool.submit(tasks.echo, [2], { key: 'k' });
    gate.open();
    expect(await last).toBe(2);
  });

  test('raises the one that it joins, and never lowers it', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = await occupy(pool);
    const first = pool.submit(tasks.echo, [1], { key: 'k' });
    pool.submit(tasks.echo, [1], { key: 'k', priority: JobPriority.LOW });
    expect(first.priority).toBe(JobPriority.NORMAL);
    pool.submit(tasks.echo, [1], { key: 'k', priority: JobPriority.HIGH });
    expect(first.priority).toBe(JobPriority.HIGH);
    gate.open();
    await first;
  });

  test.each<[string, unknown, unknown, boolean]>([
    ['equal texts are one key', 'a', 'a', true],
    ['NaN is a key', Number.NaN, Number.NaN, true],
    ['null is a key', null, null, true],
    ['objects are compared by identity', {}, {}, false],
    ['undefined is none', undefined, undefined, false],
  ])('%s', async (_what, one, two, isSame) => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    pool.pause();
    const first = pool.submit(tasks.echo, [1], { key: one });
    expect(pool.submit(tasks.echo, [1], { key: two }) === first).toBe(isSame);
  });

  test('that was made before is not submitted where it joins another', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = await occupy(pool);
    const first = pool.submit(tasks.echo, [1], { key: 'k' });
    const made = new Job(tasks.echo, [2], { key: 'k' });
    expect(pool.submitJob(made)).toBe(first);
    gate.open();
    await first;
    expect(made.state).toBe('PENDING');
    expect(await pool.submitJob(made)).toBe(2);
  });

  test('each pool has keys of its own, and a list of one key is one job', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await using other = new ThreadPool({ maxWorkers: 1 });
    pool.pause();
    const [first, second] = pool.submitMany(tasks.echo, [[1], [2]], { key: 'k' });
    expect(second).toBe(first);
    expect(other.submit(tasks.echo, [3], { key: 'k' })).not.toBe(first);
  });

  test('joins nothing in a pool that is shut down', async () => {
    const pool = new ThreadPool({ maxWorkers: 1 });
    using gate = new Gate();
    pool.submit(tasks.hold, [gate.words], { key: 'k' });
    const end = pool.shutdown();
    expect(() => pool.submit(tasks.hold, [gate.words], { key: 'k' })).toThrow(PoolClosedError);
    gate.open();
    await end;
  });
});
