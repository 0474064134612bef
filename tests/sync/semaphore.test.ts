import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { CancellationToken, Semaphore, ThreadPool, taskModule } from 'thread-system';
import { until } from '../support/gate.ts';
import { OrderLog } from '../support/order-log.ts';
import { fixture } from '../support/tasks.ts';

const tasks = taskModule<{
  standAndNote(semaphore: Semaphore, words: Int32Array, log: Int32Array, value: number): Promise<void>;
}>(fixture('shared.mjs'));

describe('a Semaphore', () => {
  test('counts its permits', async () => {
    const semaphore = new Semaphore(2);
    expect([semaphore.value, semaphore.isLocked]).toEqual([2, false]);
    const first = await semaphore.acquire();
    expect(semaphore.tryAcquire()).toBe(true);
    expect([semaphore.value, semaphore.isLocked]).toEqual([0, true]);
    expect(semaphore.tryAcquire()).toBe(false);
    semaphore.release();
    first.release();
    expect([semaphore.value, semaphore.isLocked]).toEqual([2, false]);
    expect(new Semaphore().value).toBe(1);
    expect(inspect(semaphore)).toBe('Semaphore { value: 2 }');
  });

  test('gives a lease that releases once, and at the end of a `using` block', async () => {
    const semaphore = new Semaphore(1);
    {
      using lease = await semaphore.acquire();
      expect(lease.isReleased).toBe(false);
      expect(semaphore.value).toBe(0);
    }
    expect(semaphore.value).toBe(1);
    const lease = await semaphore.acquire();
    lease.release();
    lease.release();
    expect(lease.isReleased).toBe(true);
    expect(semaphore.value).toBe(1);
  });

  test('may be given more permits than it began with', () => {
    const semaphore = new Semaphore(0);
    semaphore.release();
    semaphore.release();
    expect(semaphore.value).toBe(2);
  });

  test('refuses what is no count, by name, rule and value', () => {
    const made = (permits: unknown) => () => new Semaphore(permits as number);
    const rule = 'Cannot make a semaphore: permits must be a whole number from 0 to 1073741824, received';
    expect(made(-1)).toThrow(new RangeError(`${rule} -1`));
    expect(made(1.5)).toThrow(new RangeError(`${rule} 1.5`));
    expect(made(2 ** 31)).toThrow(new RangeError(`${rule} 2147483648`));
    expect(made('2')).toThrow(
      new TypeError(
        "Cannot make a semaphore: permits must be a whole number, received '2'; write 2 without quotes, or Number(…)",
      ),
    );
  });

  test('serves in the order of arrival, many at once, those that have left passed over', async () => {
    const semaphore = new Semaphore(0);
    const served: number[] = [];
    const token = new CancellationToken();
    const waits = Array.from({ length: 40 }, async (_, i) => {
      const lease = await semaphore.acquire(i % 3 === 1 ? { token } : {});
      served.push(i);
      lease?.release();
    });
    token.cancel();
    expect(semaphore.tryAcquire()).toBe(false);
    semaphore.release();
    const ends = await Promise.allSettled(waits);
    expect(ends.filter(({ status }) => status === 'rejected')).toHaveLength(13);
    expect(served).toEqual(Array.from({ length: 40 }, (_, i) => i).filter((i) => i % 3 !== 1));
    expect(semaphore.value).toBe(1);
  });

  test('serves in the order of arrival across threads', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2, concurrency: 8 });
    const semaphore = new Semaphore(0);
    const standing = new Int32Array(new SharedArrayBuffer(4));
    const log = new OrderLog(12);
    const waits: PromiseLike<void>[] = [];
    for (let i = 0; i < 12; i++) {
      if (i % 3 === 0) {
        Atomics.add(standing, 0, 1);
        waits.push(
          semaphore.acquire().then((lease) => {
            log.words[1 + Atomics.add(log.words, 0, 1)] = i;
            lease.release();
          }),
        );
      } else waits.push(pool.submit(tasks.standAndNote, [semaphore, standing, log.words, i]));
      await until(() => Atomics.load(standing, 0) === i + 1);
    }
    semaphore.release();
    await Promise.all(waits);
    expect(log.values).toEqual(Array.from({ length: 12 }, (_, i) => i));
    expect(semaphore.value).toBe(1);
  });
});
