import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { CancellationToken, Condition, Mutex, ThreadPool, taskModule } from 'thread-system';
import { until } from '../support/gate.ts';
import { OrderLog } from '../support/order-log.ts';
import { fixture } from '../support/tasks.ts';

const tasks = taskModule<{
  waitAndNote(mutex: Mutex, condition: Condition, words: Int32Array, log: Int32Array, value: number): Promise<void>;
}>(fixture('shared.mjs'));

describe('a Condition', () => {
  const make = () => {
    const mutex = new Mutex();
    return { mutex, condition: new Condition(mutex) };
  };

  /** Waits under the lock; answers what the wait said, or the error, and whether the lock was held then. */
  async function waitLocked({ mutex, condition }: ReturnType<typeof make>, options = {}): Promise<unknown[]> {
    using lock = await mutex.lock();
    const got = await condition.wait(options).catch((error: Error) => error.name);
    return [got, !lock.isReleased && mutex.isLocked];
  }

  test('gives the lock away while it waits, and has it again when it is notified', async () => {
    const both = make();
    const waiting = waitLocked(both);
    using lock = await both.mutex.lock();
    both.condition.notify();
    lock.release();
    expect(await waiting).toEqual([true, true]);
    expect(both.mutex.isLocked).toBe(false);
    expect(inspect(both.condition)).toBe('Condition {}');
  });

  test('has the lock again when its time has passed, or it is cancelled', async () => {
    const both = make();
    expect(await waitLocked(both, { timeoutMs: 5 })).toEqual([false, true]);
    expect(await waitLocked(both, { timeoutMs: 0 })).toEqual([false, true]);
    const token = new CancellationToken();
    const waiting = waitLocked(both, { token });
    (await both.mutex.lock()).release();
    token.cancel();
    expect(await waiting).toEqual(['CancelledError', true]);
    expect(await waitLocked(both, { token })).toEqual(['CancelledError', true]);
    expect(await waitLocked(both, { timeoutMs: -1 })).toEqual(['RangeError', true]);
    expect(both.mutex.isLocked).toBe(false);
  });

  test('tells one, in order, or all; nobody where nobody waits', async () => {
    const both = make();
    both.condition.notify();
    both.condition.notifyAll();
    const told: number[] = [];
    const waits = Array.from({ length: 8 }, async (_, i) => {
      await waitLocked(both);
      told.push(i);
    });
    (await both.mutex.lock()).release(); // behind them all
    both.condition.notify();
    await waits[0];
    expect(told).toEqual([0]);
    both.condition.notify();
    both.condition.notify();
    await waits[2];
    expect(told).toEqual([0, 1, 2]);
    both.condition.notifyAll();
    await Promise.all(waits);
    expect(told).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(await waitLocked(both, { timeoutMs: 1 })).toEqual([false, true]);
  });

  test('tells in order across threads', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2, concurrency: 8 });
    const { mutex, condition } = make();
    const standing = new Int32Array(new SharedArrayBuffer(4));
    const log = new OrderLog(8);
    const waits: PromiseLike<void>[] = [];
    for (let i = 0; i < 8; i++) {
      waits.push(pool.submit(tasks.waitAndNote, [mutex, condition, standing, log.words, i]));
      await until(() => Atomics.load(standing, 0) === i + 1);
    }
    for (let i = 0; i < 8; i++) {
      condition.notify();
      await waits[i];
    }
    expect(log.values).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test('can be blocked on, by a task that its own job may cancel', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2, graceMs: Number.POSITIVE_INFINITY });
    const { mutex, condition } = make();
    const words = new Int32Array(new SharedArrayBuffer(4));
    const block = (theirs: { mutex: Mutex; condition: Condition }, ready: Int32Array, timeoutMs: number): unknown => {
      const lock = theirs.mutex.lockSync();
      Atomics.add(ready, 0, 1);
      try {
        return theirs.condition.waitSync({ timeoutMs });
      } finally {
        lock.release();
      }
    };
    const both = { mutex, condition };
    const told = pool.submit(block, [both, words, 1e9]);
    const cancelled = pool.submit(block, [both, words, 1e9]);
    await until(() => Atomics.load(words, 0) === 2);
    (await mutex.lock()).release(); // both wait
    cancelled.cancel();
    await expect(cancelled).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED' });
    condition.notify();
    expect(await told).toBe(true);
    expect(await pool.submit(block, [both, words, 5])).toBe(false);
    expect(mutex.isLocked).toBe(false);
  });

  test('refuses to wait without the lock, and to be made without a mutex', async () => {
    const { condition } = make();
    await expect(condition.wait()).rejects.toThrow(
      'Cannot wait for a condition: the mutex must be locked on this thread; lock it first',
    );
    expect(() => new Condition({} as Mutex)).toThrow(
      new TypeError('Cannot make a condition: mutex must be a Mutex, received an object'),
    );
    expect(() => condition.waitSync()).toThrow(
      new TypeError('Cannot block the main thread: waitSync is for tasks, use `await condition.wait()` here'),
    );
  });
});
