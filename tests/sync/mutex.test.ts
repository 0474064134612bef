import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { Mutex, ThreadPool } from 'thread-system';
import { until } from '../support/gate.ts';

describe('a Mutex', () => {
  test('is locked by one at a time, until its lease is released', async () => {
    const mutex = new Mutex();
    expect(mutex.isLocked).toBe(false);
    {
      using lease = await mutex.lock();
      expect([mutex.isLocked, lease.isReleased, lease.abandoned]).toEqual([true, false, false]);
      expect(mutex.tryLock()).toBeNull();
      expect(await mutex.lock({ timeoutMs: 1 })).toBeNull();
    }
    expect(mutex.isLocked).toBe(false);
    const lease = mutex.tryLock();
    expect(lease?.isReleased).toBe(false);
    expect(inspect(mutex)).toBe('Mutex { isLocked: true }');
    lease?.release();
    expect(lease?.isReleased).toBe(true);
  });

  test('is not unlocked by a lease that was released before', async () => {
    const mutex = new Mutex();
    const first = await mutex.lock();
    first.release();
    using _second = await mutex.lock();
    first.release();
    expect(mutex.isLocked).toBe(true);
  });

  test('is locked in order', async () => {
    const mutex = new Mutex();
    const lease = await mutex.lock();
    const order: number[] = [];
    const locks = Array.from({ length: 20 }, async (_, i) => {
      using _lock = await mutex.lock();
      order.push(i);
    });
    expect(mutex.tryLock()).toBeNull();
    lease.release();
    await Promise.all(locks);
    expect(order).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  test('goes from thread to thread', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const mutex = new Mutex();
    const lease = await mutex.lock();
    const words = new Int32Array(new SharedArrayBuffer(8));
    const count = (theirs: Mutex, counted: Int32Array): void => {
      const lock = theirs.lockSync();
      counted[0] = (counted[0] ?? 0) + 1;
      lock.release();
    };
    const jobs = [1, 2].map(() => pool.submit(count, [mutex, words]));
    await until(() => jobs.every(({ state }) => state === 'RUNNING'));
    expect(words[0]).toBe(0);
    lease.release();
    await Promise.all(jobs);
    expect(words[0]).toBe(2);
    expect(mutex.isLocked).toBe(false);
  });
});
