import { describe, expect, test } from '@jest/globals';
import { CancelledError, type CurrentJob, Job, JobTimeoutError, ThreadPool } from 'thread-system';
import { Gate, occupy } from '../../support/gate.ts';
import { tasks } from '../../support/tasks.ts';

/** More than `setTimeout` keeps. */
const BEYOND_TIMERS_MS = 2 ** 40;

describe('timeoutMs', () => {
  test('stops code that looks at its token, keeps the thread, and settles FAILED', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY });
    const job = pool.submit(tasks.spin, [], { timeoutMs: 20, name: 'slow' });
    await expect(job).rejects.toThrow("Job 'slow' timed out: its code ran for more than 20 ms");
    expect(job.error).toBeInstanceOf(JobTimeoutError);
    expect(job).toMatchObject({ state: 'FAILED', error: { code: 'ERR_JOB_TIMEOUT' }, attempts: 1 });
    expect(job.executionMs).toBeGreaterThanOrEqual(20);
    expect(job.token.isCancelled).toBe(true);
    expect(job.token.reason).toBe(job.error);
    const next = pool.submit(tasks.add, [1, 2], { timeoutMs: 10_000 });
    expect(await next).toBe(3);
    expect(next.workerId).toBe(0);
    expect(pool.metrics()).toMatchObject({ failed: 1, timedOut: 1, cancelled: 0, completed: 1 });
  });

  test('counts from the start of running, not from the submission', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = await occupy(pool);
    const job = pool.submit(tasks.add, [1, 2], { timeoutMs: 300 });
    // a job whose deadline is later than the time-out would have been
    const later = pool.submit(tasks.add, [1, 2], { deadline: Date.now() + 400 });
    await expect(later).rejects.toBeInstanceOf(JobTimeoutError);
    expect(job.state).toBe('PENDING');
    gate.open();
    expect(await job).toBe(3);
  });

  test('is refused by its name, whatever the state of the job', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const job = pool.submit(tasks.add, [1, 2], { name: 'sum' });
    for (const bad of [-1, Number.NaN, '5', null, undefined, 5n])
      expect(() => job.setTimeLimit(bad as number)).toThrow(/^Cannot set the time limit of job 'sum': ms must be /);
    await job;
    expect(() => job.setTimeLimit(-1)).toThrow(RangeError);
  });

  test('that was set while the code ran ends deaf code', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: 20 });
    using gate = new Gate();
    const job = pool.submit(tasks.deaf, [gate.words]);
    await gate.reachedBy(1);
    expect(job.setTimeLimit(1)).toBe(true);
    await expect(job).rejects.toBeInstanceOf(JobTimeoutError);
  });

  test('that was set holds for each attempt', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY });
    const job = pool.submit(tasks.spin, [], { retry: { maxAttempts: 2, delayMs: 0 } });
    expect(job.setTimeLimit(5)).toBe(true);
    await expect(job).rejects.toBeInstanceOf(JobTimeoutError);
    expect(job.attempts).toBe(2);
  });

  test('ends deaf code with its thread after the grace', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: 20 });
    using gate = new Gate();
    await pool.submit(tasks.add, [1, 2]); // loads the module of the tasks, which counts as time of the first that runs
    const job = pool.submit(tasks.deaf, [gate.words], { timeoutMs: 10 });
    const after = pool.submit(tasks.add, [1, 2]);
    await expect(job).rejects.toBeInstanceOf(JobTimeoutError);
    expect(await after).toBe(3);
    expect(after.workerId).toBe(1);
  });

  test('tells the code why, by the reason of its token', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    // the code of tokens is loaded when a job first asks for its own: one that is asked for too late has its reason later
    await pool.submit(function (this: CurrentJob): boolean {
      return this.token.isCancelled;
    });
    const job = pool.submit(
      async function (this: CurrentJob): Promise<never> {
        await this.token.wait();
        const { reason } = this.token;
        throw Object.assign(new Error('stopped'), {
          code: (reason as { code?: unknown }).code,
          isError: reason instanceof Error,
        });
      },
      [],
      { timeoutMs: 10 },
    );
    await expect(job).rejects.toMatchObject({
      code: 'ERR_JOB_TIMEOUT',
      cause: { message: 'stopped', code: 'ERR_JOB_TIMEOUT', isError: true },
    });
  });

  test('a CancelledError by which the code stopped is no cause; what it still returned is its result', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const throwing = pool.submit(tasks.spin, [], { timeoutMs: 10 });
    await expect(throwing).rejects.not.toHaveProperty('cause');
    const returning = pool.submit(
      async function (this: CurrentJob): Promise<string> {
        await this.token.wait();
        return 'so far';
      },
      [],
      { timeoutMs: 10 },
    );
    await expect(returning).rejects.toBeInstanceOf(JobTimeoutError);
    expect(returning.result).toBe('so far');
  });

  test('the first of time-out and cancel counts', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY });
    using gate = await occupy(pool, 1, { timeoutMs: 10 });
    const [timedOut] = gate.jobs as [Job<number>];
    const { token } = timedOut;
    await token.wait();
    expect(timedOut.cancel('too late')).toBe(false);
    gate.open();
    await expect(timedOut).rejects.toBeInstanceOf(JobTimeoutError);

    using other = await occupy(pool, 1, { timeoutMs: BEYOND_TIMERS_MS });
    const [cancelled] = other.jobs as [Job<number>];
    expect(cancelled.cancel('first')).toBe(true);
    other.open();
    await expect(cancelled).rejects.toBeInstanceOf(CancelledError);
  });

  test.each([Number.POSITIVE_INFINITY, BEYOND_TIMERS_MS])('%p is no limit', async (timeoutMs) => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    expect(await pool.submit(tasks.add, [1, 2], { timeoutMs })).toBe(3);
  });

  test('of a map bounds each item', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY });
    const results = pool.map(
      function (this: CurrentJob, item: number): number {
        if (item === 3) for (;;) this.throwIfCancelled();
        return item;
      },
      [1, 2, 3, 4],
      { timeoutMs: 300 },
    );
    const seen: number[] = [];
    const consume = async (): Promise<void> => {
      for await (const result of results) seen.push(result);
    };
    await expect(consume()).rejects.toBeInstanceOf(JobTimeoutError);
    expect(seen).toEqual([1, 2]);
  });
});

describe('deadline', () => {
  test('that passes while a job is pending settles it, and it never starts', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = await occupy(pool);
    using begun = new Gate();
    const job = pool.submit(tasks.hold, [begun.words], { deadline: new Date(Date.now() + 20), name: 'late' });
    await expect(job).rejects.toThrow(/^Job 'late' missed its deadline of \d{4}-.*Z before it began$/);
    expect(job).toMatchObject({ state: 'FAILED', attempts: 0, workerId: undefined });
    gate.open();
    await pool.waitAll();
    expect(begun.words[1]).toBe(0);
    expect(pool.metrics()).toMatchObject({ timedOut: 1, failed: 1 });
  });

  test('that passes while it runs stops it', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY });
    using gate = new Gate();
    await pool.submit(tasks.add, [1, 2]); // the worker is up
    const job = pool.submit(tasks.spin, [gate.words], { deadline: Date.now() + 400 });
    await gate.reachedBy(1);
    await expect(job).rejects.toMatchObject({
      code: 'ERR_JOB_TIMEOUT',
      message: expect.stringContaining('while it was running'),
    });
    expect(await pool.submit(tasks.add, [1, 2])).toBe(3);
    expect(pool.metrics().workers.map(({ id }) => id)).toEqual([0]);
  });

  test('that has passed fails the job at once', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const job = pool.submit(tasks.echo, [1], { deadline: Date.now() - 1 });
    expect(job.state).toBe('FAILED');
    expect(job.error).toBeInstanceOf(JobTimeoutError);
    const other = new Job(tasks.echo, [1], { deadline: 0 });
    expect(other.state).toBe('PENDING');
    expect(pool.submitJob(other).state).toBe('FAILED');
    expect(other.error).toBeInstanceOf(JobTimeoutError);
    expect(await pool.waitAll()).toBe(true);
  });

  test.each([Number.POSITIVE_INFINITY, Date.now() + BEYOND_TIMERS_MS, new Date(Date.now() + BEYOND_TIMERS_MS)])(
    '%p is far enough',
    async (deadline) => {
      await using pool = new ThreadPool({ maxWorkers: 1 });
      expect(await pool.submit(tasks.add, [1, 2], { deadline })).toBe(3);
    },
  );
});

test.each([
  [{ timeoutMs: -1 }, RangeError, /timeoutMs must be 0 or more milliseconds, received -1/],
  [{ timeoutMs: Number.NaN }, RangeError, /timeoutMs must be 0 or more milliseconds, received NaN/],
  [{ timeoutMs: '5' }, TypeError, /timeoutMs must be a number of milliseconds, received '5'/],
  [{ deadline: 'tomorrow' }, TypeError, /deadline must be a Date or ms since 1970, received 'tomorrow'/],
  [{ deadline: new Date('tomorrow') }, RangeError, /deadline must be a valid time/],
  [{ deadline: Number.NEGATIVE_INFINITY }, RangeError, /deadline must be a valid time, received -Infinity/],
])('%p is refused', (options, errorClass, message) => {
  const make = (): Job => new Job(tasks.echo, [1], options as object);
  expect(make).toThrow(errorClass);
  expect(make).toThrow(message);
});
