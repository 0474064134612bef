import { describe, expect, test } from '@jest/globals';
import { type Job, type PoolMetrics, ThreadPool } from 'thread-system';
import { occupy } from '../support/gate.ts';
import { tasks } from '../support/tasks.ts';

const COUNTS = ['submitted', 'completed', 'failed', 'cancelled', 'retried', 'timedOut'] as const;

/** The pool's own counts, and the sums of those of its tasks. */
function bothCounts(metrics: PoolMetrics): [number[], number[]] {
  const ofTasks = Object.values(metrics.byTask);
  const times = (of: Pick<PoolMetrics, 'queuedMs' | 'executionMs'>): number[] => [
    of.queuedMs.count,
    of.executionMs.count,
  ];
  const summed = ofTasks.map((task) => [...COUNTS.map((name) => task[name]), ...times(task)]);
  const sums = [...COUNTS, 'queuedMs', 'executionMs'].map((_, i) =>
    summed.reduce((sum, task) => sum + (task[i] ?? 0), 0),
  );
  return [[...COUNTS.map((name) => metrics[name]), ...times(metrics)], sums];
}

describe('metrics by task', () => {
  test('add up to the totals at every moment, also inside listeners', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2, graceMs: 0 });
    const seen: PoolMetrics[] = [];
    const look = (): void => void seen.push(pool.metrics());
    for (const event of [
      'jobStarted',
      'jobCompleted',
      'jobFailed',
      'jobCancelled',
      'jobRetried',
      'workerExited',
    ] as const)
      pool.on(event, look);
    const jobs: Job[] = [];
    for (let i = 0; i < 20; i++) {
      jobs.push(pool.submit(tasks.echo, [i]) as Job);
      jobs.push(pool.submit(tasks.failUntil, [2], { retry: { maxAttempts: 3 } }) as Job);
      jobs.push(pool.submit(tasks.fail, ['no'], { name: `named ${i}` }) as Job);
      jobs.push(pool.submit(tasks.add, [1, 2], { delayMs: i % 3, priority: i % 5 }) as Job);
      look();
      if (i % 4 === 0) jobs.at(-1)?.cancel();
      if (i % 5 === 0) jobs.push(pool.submit(tasks.exit, [1]) as Job);
      if (i % 7 === 0) jobs.push(pool.submit(tasks.spin, [], { timeoutMs: 1 }) as Job);
    }
    jobs[0]?.then(look, look);
    await Promise.allSettled(jobs);
    look();
    for (const metrics of seen) {
      const [totals, sums] = bothCounts(metrics);
      expect(sums).toEqual(totals);
    }
    const { byTask } = pool.metrics();
    expect(byTask).toMatchObject({
      echo: { submitted: 20, completed: 20, failed: 0, retried: 0 },
      failUntil: { submitted: 20, completed: 20, retried: 20 },
      fail: { submitted: 20, failed: 20, timedOut: 0 },
      add: { submitted: 20, completed: 15, cancelled: 5 },
      spin: { submitted: 3, failed: 3, timedOut: 3 },
    });
    expect(byTask['named 1']).toBeUndefined();
  });

  test('are of at most 256 names, the rest under `other`', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    pool.pause();
    for (let i = 0; i < 300; i++) pool.submit(Object.defineProperty(() => 1, 'name', { value: `task${i}` }));
    const { byTask } = pool.metrics();
    expect(Object.keys(byTask)).toHaveLength(257);
    expect(byTask['other']?.submitted).toBe(300 - 256);
    expect(Object.isFrozen(byTask) && Object.isFrozen(byTask['task0'])).toBe(true);
    pool.cancelAll();
  });

  test('take any name', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const names = ['__proto__', 'constructor', 'hasOwnProperty', '<img onerror=1>', 'other', ' \n"'];
    for (const value of names) await pool.submit(Object.defineProperty(() => 1, 'name', { value }));
    const { byTask } = pool.metrics();
    expect(Object.keys(byTask).sort()).toEqual([...names].sort());
    for (const name of names) expect(byTask[name]).toMatchObject({ submitted: 1, completed: 1 });
    expect(Object.keys(structuredClone(byTask)).sort()).toEqual([...names].sort());
  });

  test('tell the times of each task', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const [echo, add] = [pool.submit(tasks.echo, [1]), pool.submit(tasks.add, [1, 2])];
    await pool.waitAll();
    const { byTask, executionMs, busyMs } = pool.metrics();
    expect(byTask['echo']?.executionMs).toMatchObject({ count: 1, sum: echo.executionMs });
    expect(byTask['add']?.queuedMs).toMatchObject({ count: 1, max: add.queuedMs });
    expect(executionMs.sum).toBeCloseTo(echo.executionMs + add.executionMs, 6);
    expect(busyMs).toBe(executionMs.sum);
  });
});

describe('pending jobs', () => {
  test('are held or queued, and the next one says how long it has waited', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    expect(pool.metrics()).toMatchObject({ held: 0, queued: 0, oldestMs: 0 });
    using gate = await occupy(pool);
    expect(pool.metrics()).toMatchObject({ active: 1, pending: 0, held: 0, queued: 0, oldestMs: 0 });
    const first = pool.submit(tasks.echo, [1]);
    const dependent = pool.submit(tasks.echo, [2], { dependsOn: [first] });
    const delayed = pool.submit(tasks.echo, [3], { delayMs: 100_000 });
    await new Promise((resolve) => setTimeout(resolve, 5));
    const between = [first.queuedMs, pool.metrics(), first.queuedMs] as const;
    expect(between[1]).toMatchObject({ pending: 3, held: 2, queued: 1 });
    expect(between[1].oldestMs).toBeGreaterThanOrEqual(between[0]);
    expect(between[1].oldestMs).toBeLessThanOrEqual(between[2]);
    const urgent = pool.submit(tasks.echo, [4], { priority: 9 });
    expect(pool.metrics().oldestMs).toBeLessThanOrEqual(urgent.queuedMs);
    delayed.cancel();
    gate.open();
    await Promise.all([dependent, urgent]);
    expect(pool.metrics()).toMatchObject({ pending: 0, held: 0, queued: 0, oldestMs: 0 });
  });

  test('count as queued while the pool is paused, and as held between two attempts', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const retried = new Promise<void>((resolve) => pool.on('jobRetried', () => resolve()));
    const job = pool.submit(tasks.fail, ['no'], { retry: { maxAttempts: 2, delayMs: 100_000 } });
    await retried;
    pool.pause();
    pool.submit(tasks.echo, [1]);
    expect(pool.metrics()).toMatchObject({ pending: 2, held: 1, queued: 1 });
    job.cancel();
    pool.cancelAll();
  });
});

test('jobs that a full queue refuses or drops are counted', async () => {
  const options = { maxWorkers: 1, maxQueue: 1 };
  await using refusing = new ThreadPool(options);
  await using dropping = new ThreadPool({ ...options, overflow: 'dropOldest' });
  for (const pool of [refusing, dropping]) {
    using gate = await occupy(pool);
    const jobs = [1, 2, 3].map((value) => pool.submit(tasks.echo, [value]) as Job);
    const settled = Promise.allSettled(jobs);
    gate.open();
    await settled;
  }
  expect(refusing.metrics()).toMatchObject({ failed: 2, refused: 2, dropped: 0 });
  expect(dropping.metrics()).toMatchObject({ failed: 2, refused: 0, dropped: 2 });
});

describe('a pool tells', () => {
  test('its name, its state and its highest number of workers', async () => {
    const pool = new ThreadPool({ name: 'mill', maxWorkers: 3 });
    expect([pool.name, pool.metrics().name, pool.state, pool.maxWorkers]).toEqual(['mill', 'mill', 'open', 3]);
    pool.pause();
    expect(pool.state).toBe('paused');
    pool.resume();
    pool.resize(2);
    expect([pool.state, pool.maxWorkers]).toEqual(['open', 2]);
    pool.pause();
    const closed = pool.shutdown();
    expect(pool.state).toBe('draining');
    await closed;
    expect(pool.state).toBe('closed');
    expect(new ThreadPool().name).toBe('thread-system');
  });
});
