import { describe, expect, test } from '@jest/globals';
import { ThreadPool } from 'thread-system';
import { Gate, occupy, until } from '../../support/gate.ts';
import { OrderLog } from '../../support/order-log.ts';
import { tasks } from '../../support/tasks.ts';

const threads = (pool: ThreadPool): number => pool.metrics().workers.length;

describe('resize', () => {
  test('to more begins what waits', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = new Gate();
    pool.submitMany(tasks.hold, [[gate.words], [gate.words], [gate.words]]);
    await gate.reachedBy(1);
    pool.resize(3);
    await gate.reachedBy(3);
    expect(threads(pool)).toBe(3);
    gate.open();
  });

  test('to fewer ends the idle threads first, and lets the busy one go on', async () => {
    await using pool = new ThreadPool({ maxWorkers: 3, minWorkers: 3 });
    using gate = await occupy(pool);
    await until(() => pool.metrics().workers.filter(({ state }) => state === 'idle').length === 2);
    pool.resize(1);
    await until(() => threads(pool) === 1);
    expect(gate.jobs[0]?.state).toBe('RUNNING');
    gate.open();
    await pool.submit(tasks.echo, [1]);
    expect(pool.metrics().workers.map(({ id }) => id)).toEqual([gate.jobs[0]?.workerId]);
  });

  test('to fewer than are busy loses no job, and lets each end', async () => {
    await using pool = new ThreadPool({ maxWorkers: 3 });
    using gate = await occupy(pool, 3);
    const waiting = pool.submitMany(tasks.echo, [[1], [2], [3], [4]]);
    pool.resize(1);
    expect(threads(pool)).toBe(3);
    gate.open();
    expect(await Promise.all(waiting)).toEqual([1, 2, 3, 4]);
    await until(() => threads(pool) === 1);
    expect(pool.metrics()).toMatchObject({ completed: 7, failed: 0, cancelled: 0 });
  });

  test('keeps the order of what was sent ahead to a thread that ends', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const log = new OrderLog(40);
    await Promise.all(pool.submitMany(tasks.note, Array(20).fill([new OrderLog(20).words, 0])));
    using gate = await occupy(pool, 2);
    pool.submitMany(
      tasks.note,
      Array.from({ length: 40 }, (_, i): [Int32Array, number] => [log.words, i]),
    );
    pool.resize(1);
    gate.open();
    await pool.waitAll();
    expect(log.values).toEqual(Array.from({ length: 40 }, (_, i) => i));
  });

  test('may be called again and again', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const jobs = pool.submitMany(
      tasks.echo,
      Array.from({ length: 200 }, (_, i): [number] => [i]),
    );
    for (let i = 0; i < 50; i++) {
      pool.resize(1 + (i % 3));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await Promise.all(jobs)).length).toBe(200);
    expect(pool.metrics()).toMatchObject({ completed: 200, failed: 0 });
  });

  test('makes room in a bounded queue', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, maxQueue: 1 });
    using gate = await occupy(pool);
    pool.submit(tasks.echo, [1]);
    let isReady = false;
    const ready = pool.ready().then(() => {
      isReady = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isReady).toBe(false);
    pool.resize(2);
    await ready;
    gate.open();
  });

  test('in a pool that is shut down does nothing', async () => {
    const pool = new ThreadPool({ maxWorkers: 1 });
    await pool.shutdown();
    pool.resize(4);
    expect(threads(pool)).toBe(0);
  });

  test.each<[unknown, typeof TypeError | typeof RangeError]>([
    [1.5, RangeError],
    ['2', TypeError],
    [Number.NaN, RangeError],
    [null, TypeError],
  ])('to %p is refused', async (value, errorClass) => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    expect(() => pool.resize(value as number)).toThrow(errorClass);
    expect(() => pool.resize(value as number)).toThrow('Cannot resize pool: maxWorkers must be an integer, received');
  });
});
