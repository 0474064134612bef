import { describe, expect, test } from '@jest/globals';
import {
  type Job,
  JobPriority,
  PoolClosedError,
  QueueFullError,
  ThreadPool,
  type ThreadPoolOptions,
} from 'thread-system';
import { occupy, until } from '../../support/gate.ts';
import { tasks } from '../../support/tasks.ts';

const statesOf = (jobs: readonly Job[]): string => jobs.map(({ state }) => state[0]).join('');

/** A turn of the event loop, and all that it brings about at once. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a full queue', () => {
  test('refuses the job that comes: it settles FAILED, and submit does not throw', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, maxQueue: 2 });
    using gate = await occupy(pool);
    const jobs = pool.submitMany(tasks.echo, [[1], [2], [3]]);
    expect(statesOf(jobs)).toBe('PPF');
    const [, , refused] = jobs as [Job, Job, Job];
    await expect(refused).rejects.toThrow("Job 'echo' was refused: the queue is full (maxQueue: 2)");
    expect(refused.error).toBeInstanceOf(QueueFullError);
    expect(refused).toMatchObject({ attempts: 0, workerId: undefined, error: { code: 'ERR_QUEUE_FULL' } });
    expect(pool.metrics()).toMatchObject({ submitted: 4, active: 1, pending: 2, failed: 1 });
    gate.open();
    await pool.waitAll();
    expect(statesOf(jobs)).toBe('CCF');
    expect(await pool.submit(tasks.add, [1, 2])).toBe(3);
  });

  test('has room besides for as many as could run at once', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2, concurrency: 3, maxQueue: 1 });
    const jobs = pool.submitMany(
      tasks.echo,
      Array.from({ length: 9 }, (_, i) => [i]),
    );
    expect(statesOf(jobs)).toBe('PPPPPPPFF');
    await Promise.allSettled(jobs);
  });

  test('of length 0 takes what can run', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2, maxQueue: 0 });
    const jobs = pool.submitMany(tasks.echo, [[1], [2], [3]]);
    expect(statesOf(jobs)).toBe('PPF');
    await Promise.allSettled(jobs);
    expect(statesOf(jobs)).toBe('CCF');
  });

  test('counts what is held, and what waits for its next attempt', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, maxQueue: 1 });
    pool.on('jobFailed', () => {});
    const held = pool.submit(tasks.echo, [1], { delayMs: 2 ** 40 });
    const again = pool.submit(tasks.failUntil, [2], { retry: { maxAttempts: 2, delayMs: 2 ** 40 } });
    await new Promise<void>((resolve) => pool.on('jobRetried', () => resolve()));
    const refused = pool.submit(tasks.echo, [2]);
    expect(statesOf([held, again, refused])).toBe('PPF');
    held.cancel();
    expect(await pool.submit(tasks.echo, [3])).toBe(3);
    again.cancel();
  });

  test("with 'dropOldest' drops what has waited longest, whatever its priority", async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, maxQueue: 3, overflow: 'dropOldest' });
    pool.on('jobFailed', () => {});
    using gate = await occupy(pool);
    const jobs = [
      pool.submit(tasks.echo, [1], { priority: JobPriority.HIGHEST, name: 'oldest' }),
      pool.submit(tasks.echo, [2], { front: true }),
      pool.submit(tasks.echo, [3], { priority: JobPriority.LOW }),
    ];
    const more = pool.submit(tasks.echo, [4], { front: true });
    expect(statesOf([...jobs, more])).toBe('FPPP');
    await expect(jobs[0]).rejects.toThrow("Job 'oldest' was dropped: the queue is full (maxQueue: 3)");
    const last = pool.submit(tasks.echo, [5]);
    expect(statesOf([...jobs, more, last])).toBe('FFPPP');
    gate.open();
    await pool.waitAll();
    expect(statesOf([...jobs, more, last])).toBe('FFCCC');
    expect(pool.metrics()).toMatchObject({ submitted: 6, completed: 4, failed: 2 });
  });

  test("with 'dropLowest' drops the least urgent, where the one that comes is more urgent", async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, maxQueue: 3, overflow: 'dropLowest' });
    pool.on('jobFailed', () => {});
    using gate = await occupy(pool);
    const jobs = [
      pool.submit(tasks.echo, [1], { priority: JobPriority.LOW }),
      pool.submit(tasks.echo, [2], { priority: JobPriority.LOW }),
      pool.submit(tasks.echo, [3]),
    ];
    const equal = pool.submit(tasks.echo, [4], { priority: JobPriority.LOW, front: true });
    expect(statesOf([...jobs, equal])).toBe('PPPF');
    const high = pool.submit(tasks.echo, [5], { priority: JobPriority.HIGH });
    expect(statesOf([...jobs, high])).toBe('PFPP'); // of equals, the last
    const normal = pool.submit(tasks.echo, [6]);
    expect(statesOf([...jobs, high, normal])).toBe('FFPPP');
    gate.open();
    await pool.waitAll();
    expect(statesOf([...jobs, high, normal])).toBe('FFCCC');
  });

  test('lets a map go on, which bounds itself', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2, maxQueue: 0 });
    const items = Array.from({ length: 500 }, (_, i) => i);
    expect(await pool.map(tasks.echo, items, { chunk: 1 })).toEqual(items);
    expect(pool.metrics().failed).toBe(0);
  });
});

describe('ready', () => {
  test('resolves at once while there is room, and always without maxQueue', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, maxQueue: 1 });
    await pool.ready();
    pool.submit(tasks.echo, [1]);
    await pool.ready();
    await using unbounded = new ThreadPool({ maxWorkers: 1 });
    unbounded.pause();
    unbounded.submitMany(tasks.echo, [[1], [2], [3]]);
    await unbounded.ready();
    unbounded.cancelAll();
  });

  test('waits while there is none', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, maxQueue: 1 });
    using gate = await occupy(pool);
    const waiting = pool.submit(tasks.echo, [1]);
    let isReady = false;
    const ready = pool.ready().then(() => {
      isReady = true;
    });
    await turn();
    await turn();
    expect(isReady).toBe(false);
    waiting.cancel();
    await ready;
    const next = pool.submit(tasks.echo, [2]);
    expect(next.state).toBe('PENDING');
    gate.open();
    expect(await next).toBe(2);
  });

  test('serves producers in the order of their calls', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, maxQueue: 0 });
    using gate = await occupy(pool);
    const order: number[] = [];
    const producers = Array.from({ length: 20 }, async (_, i) => {
      await pool.ready();
      order.push(i);
      return await pool.submit(tasks.echo, [i]);
    });
    gate.open();
    const numbers = Array.from({ length: 20 }, (_, i) => i);
    expect(await Promise.all(producers)).toEqual(numbers);
    expect(order).toEqual(numbers);
  });

  test('promises room to no more producers than there is for', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, maxQueue: 2 });
    let failed = 0;
    pool.on('jobFailed', () => failed++);
    const produce = async (): Promise<void> => {
      for (let i = 0; i < 100; i++) {
        await pool.ready();
        pool.submit(tasks.echo, [i]);
      }
    };
    await Promise.all(Array.from({ length: 20 }, produce));
    await pool.waitAll();
    expect(failed).toBe(0);
    expect(pool.metrics()).toMatchObject({ submitted: 2_000, completed: 2_000 });
  });

  test('is not lost by a producer that makes no use of it', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, maxQueue: 0 });
    using gate = await occupy(pool);
    const idle = Array.from({ length: 10 }, () => pool.ready());
    const last = pool.ready();
    gate.open();
    await Promise.all(idle);
    await last;
    expect(await pool.submit(tasks.echo, [1])).toBe(1);
  });

  test('keeps a single producer within maxQueue and what can run, over thousands of jobs', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2, maxQueue: 10 });
    let most = 0;
    for (let i = 0; i < 5_000; i++) {
      await pool.ready();
      pool.submit(tasks.echo, [i]);
      const { submitted, completed, failed } = pool.metrics();
      most = Math.max(most, submitted - completed - failed);
    }
    await pool.waitAll();
    expect(most).toBe(12);
    expect(pool.metrics()).toMatchObject({ completed: 5_000, failed: 0 });
  });

  test('works with cancels, retries and dependencies', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2, maxQueue: 4 });
    const jobs: Job[] = [];
    for (let i = 0; i < 300; i++) {
      await pool.ready();
      const controller = new AbortController();
      const dependsOn = jobs.slice(-1);
      if (i % 3 === 0) jobs.push(pool.submit(tasks.failUntil, [3], { retry: { maxAttempts: 3, delayMs: i % 2 } }));
      else if (i % 3 === 1) jobs.push(pool.submit(tasks.echo, [i], { dependsOn }));
      else jobs.push(pool.submit(tasks.echo, [i], { signal: controller.signal }));
      if (i % 7 === 0) controller.abort();
    }
    await Promise.allSettled(jobs);
    expect(jobs.some(({ error }) => error instanceof QueueFullError)).toBe(false);
    expect(jobs.every(({ state }) => state === 'COMPLETED' || state === 'CANCELLED')).toBe(true);
  });

  test('heeds that a paused pool runs nothing, and that it is resumed', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2, maxQueue: 1 });
    pool.on('jobFailed', () => {});
    pool.pause();
    const jobs = pool.submitMany(tasks.echo, [[1], [2]]);
    expect(statesOf(jobs)).toBe('PF');
    let isReady = false;
    const ready = pool.ready().then(() => {
      isReady = true;
    });
    await turn();
    expect(isReady).toBe(false);
    pool.resume();
    await ready;

    await using empty = new ThreadPool({ maxWorkers: 1, maxQueue: 0 });
    empty.pause();
    const resumed = empty.ready();
    empty.resume(); // no job will settle here
    await resumed;
  });

  test('rejects when the pool is shut down first, and afterwards', async () => {
    const pool = new ThreadPool({ maxWorkers: 1, maxQueue: 0 });
    using gate = await occupy(pool);
    const ready = pool.ready();
    const closing = pool.shutdown();
    await expect(ready).rejects.toBeInstanceOf(PoolClosedError);
    gate.open();
    await closing;
    await expect(pool.ready()).rejects.toThrow('Cannot wait for room in the queue: the pool is shut down');
  });
});

describe('drain', () => {
  test('is emitted when a queue that was full has room again', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, maxQueue: 1 });
    let drained = 0;
    pool.on('drain', () => drained++);
    pool.on('jobFailed', () => {});
    using gate = await occupy(pool);
    await turn();
    expect(drained).toBe(0);
    const filling = pool.submit(tasks.echo, [1]); // to the last place, and no further
    await turn();
    expect(drained).toBe(0);
    filling.cancel();
    await until(() => drained === 1);
    const jobs = pool.submitMany(tasks.echo, [[1], [2], [3]]);
    expect(statesOf(jobs)).toBe('PFF');
    gate.open();
    await pool.waitAll();
    await until(() => drained === 2);
  });

  test('is never emitted without maxQueue', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    let drained = 0;
    pool.on('drain', () => drained++);
    await Promise.all(
      pool.submitMany(
        tasks.echo,
        Array.from({ length: 500 }, (_, i) => [i]),
      ),
    );
    await turn();
    expect(drained).toBe(0);
  });
});

test.each<[unknown, typeof TypeError | typeof RangeError, string]>([
  [{ maxQueue: -1 }, RangeError, 'Cannot create pool: maxQueue must be from 0 to 9007199254740991, received -1'],
  [{ maxQueue: 1.5 }, RangeError, 'Cannot create pool: maxQueue must be an integer, received 1.5'],
  [{ maxQueue: '5' }, TypeError, "Cannot create pool: maxQueue must be an integer, received '5'"],
  [
    { overflow: 'wait' },
    TypeError,
    "Cannot create pool: overflow must be one of reject, dropOldest, dropLowest, received 'wait'",
  ],
])('%p is refused', (options, errorClass, message) => {
  const create = (): ThreadPool => new ThreadPool(options as ThreadPoolOptions);
  expect(create).toThrow(errorClass);
  expect(create).toThrow(message);
});
