import { describe, expect, test } from '@jest/globals';
import { type Job, type JobFilter, ThreadPool, type ThreadPoolOptions } from 'thread-system';
import { FileGate, gated } from '../support/file-gate.ts';
import { tasks } from '../support/tasks.ts';

describe.each(['thread', 'process', 'inline'] as const)('jobs() of a pool of kind %s', (kind) => {
  const makePool = (options: ThreadPoolOptions = {}): ThreadPool => new ThreadPool({ kind, maxWorkers: 1, ...options });

  test('lists what has not settled, the most urgent first', async () => {
    await using pool = makePool();
    using gate = new FileGate();
    const beforeMs = Date.now() - 2;
    const held = pool.submit(gated.hold, [gate.path, 1], { name: 'held' });
    await gate.reachedBy(1);
    const low = pool.submit(tasks.echo, [1], { priority: 1 });
    const [first, second] = pool.submitMany(tasks.add, [
      [1, 2],
      [3, 4],
    ]) as [Job, Job];
    const later = pool.submit(tasks.echo, [2], { priority: 9, delayMs: 100_000 });
    pool.submit(tasks.echo, [3]).cancel();
    const rows = pool.jobs();
    expect(rows.map(({ id }) => id)).toEqual([later, held, first, second, low].map(({ id }) => id));
    expect(rows[1]).toEqual({
      id: held.id,
      name: 'held',
      task: 'hold',
      state: 'RUNNING',
      priority: 2,
      attempts: 1,
      workerId: 0,
      submittedAt: expect.any(Number),
      startedAt: held.startedAt,
      progress: undefined,
    });
    for (const { submittedAt } of rows) {
      expect(submittedAt).toBeGreaterThan(beforeMs);
      expect(submittedAt).toBeLessThan(Date.now() + 2);
    }
    expect(rows[0]).toMatchObject({ state: 'PENDING', attempts: 0, workerId: undefined, startedAt: undefined });
    expect(Object.isFrozen(rows) && rows.every((row) => Object.isFrozen(row))).toBe(true);
    later.cancel();
    gate.open();
    await pool.waitAll();
    expect(pool.jobs()).toEqual([]);
  });

  test('lists those of a state or a task, and no more than the limit', async () => {
    await using pool = makePool();
    using gate = new FileGate();
    const held = pool.submit(gated.hold, [gate.path, 1]);
    await gate.reachedBy(1);
    const jobs = Array.from({ length: 150 }, (_, i) => pool.submit(tasks.echo, [i], { priority: i % 3 }));
    const ids = (filter: JobFilter): number[] => pool.jobs(filter).map(({ id }) => id);
    expect(ids({ state: 'RUNNING' })).toEqual([held.id]);
    expect(ids({ task: 'hold' })).toEqual([held.id]);
    expect(ids({ task: 'no such' })).toEqual([]);
    expect(ids({})).toHaveLength(100);
    const byRank = [2, 1, 0].flatMap((priority) => jobs.filter((_, i) => i % 3 === priority)).map(({ id }) => id);
    expect(ids({ state: 'PENDING', limit: Number.POSITIVE_INFINITY })).toEqual(byRank);
    expect(ids({ task: 'echo', limit: 7 })).toEqual(byRank.slice(0, 7));
    expect(ids({ limit: 0 })).toEqual([]);
    pool.cancelAll((job) => job.id !== held.id);
    gate.open();
    await held;
  });

  test('tells what a job reported last, and when it was submitted, also before another attempt', async () => {
    await using pool = makePool();
    const failing = async function failing(this: { report(value: unknown): void }): Promise<never> {
      this.report('first');
      this.report({ done: 0.5 });
      throw new Error('no');
    };
    const retried = new Promise<void>((resolve) => pool.on('jobRetried', () => resolve()));
    const job: Job = pool.submit(failing, [], { retry: { maxAttempts: 2, delayMs: 100_000 } });
    const [before] = pool.jobs();
    await retried;
    const [row] = pool.jobs();
    expect(row).toMatchObject({ state: 'PENDING', attempts: 1, workerId: 0, progress: { done: 0.5 } });
    expect(row?.submittedAt).toBe(before?.submittedAt);
    expect(row?.startedAt).toBe(job.startedAt);
    job.cancel();
  });
});

test.each([
  [{ state: 'COMPLETED' }, /^Cannot list jobs: state must be one of PENDING, RUNNING, received 'COMPLETED'$/],
  [{ task: tasks.echo }, /^Cannot list jobs: task must be a string, received /],
  [{ limit: -1 }, /^Cannot list jobs: limit must be from 0 to \d+, received -1$/],
  [{ limit: Number.NaN }, /^Cannot list jobs: limit must be an integer, received NaN$/],
  [{ stat: 'RUNNING' }, /there is no option 'stat' \(did you mean 'state'\?\)/],
  [(job: Job) => job.state === 'RUNNING', /^Cannot list jobs: options must be an object/],
])('jobs(%j) is refused', (filter, message) => {
  const pool = new ThreadPool();
  expect(() => pool.jobs(filter as JobFilter)).toThrow(message);
});
