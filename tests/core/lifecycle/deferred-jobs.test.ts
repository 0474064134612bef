import { describe, expect, test } from '@jest/globals';
import {
  CancellationToken,
  CancelledError,
  DependencyError,
  Job,
  type JobOptions,
  JobPriority,
  JobTimeoutError,
  ThreadPool,
} from 'thread-system';
import { type Gate, occupy, until } from '../../support/gate.ts';
import { OrderLog } from '../../support/order-log.ts';
import { runProgram } from '../../support/program.ts';
import { tasks } from '../../support/tasks.ts';

/** More than `setTimeout` keeps. */
const BEYOND_TIMERS_MS = 2 ** 40;

describe('delayMs and startAt', () => {
  test('a job does not begin before its time, and is PENDING until then', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const submittedAt = performance.now();
    const job = pool.submit(tasks.add, [1, 2], { delayMs: 40 });
    expect(job).toMatchObject({ state: 'PENDING', attempts: 0 });
    expect(pool.metrics()).toMatchObject({ submitted: 1, pending: 1, active: 0 });
    expect(await pool.submit(tasks.add, [3, 4])).toBe(7); // it holds no worker
    expect(await job).toBe(3);
    expect(performance.now() - submittedAt).toBeGreaterThanOrEqual(40);
  });

  test('startAt is a Date or ms since 1970', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    for (const startAt of [new Date(Date.now() + 20), Date.now() + 20]) {
      const at = Number(startAt);
      expect(await pool.submit(tasks.add, [1, 2], { startAt })).toBe(3);
      expect(Date.now()).toBeGreaterThanOrEqual(at - 1); // the two clocks differ by less
    }
  });

  test('a time that has passed holds nothing up', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    expect(await pool.submit(tasks.add, [1, 2], { startAt: 0, delayMs: 0 })).toBe(3);
  });

  test.each<JobOptions>([
    { delayMs: BEYOND_TIMERS_MS },
    { delayMs: Number.POSITIVE_INFINITY },
    { startAt: Date.now() + BEYOND_TIMERS_MS },
    { startAt: new Date(Date.now() + BEYOND_TIMERS_MS), delayMs: 1 },
  ])('%p is long, and can be cancelled', async (options) => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const job = pool.submit(tasks.add, [1, 2], options);
    await pool.submit(tasks.add, [1, 2], { delayMs: 5 });
    expect(job.state).toBe('PENDING');
    expect(job.cancel('no more')).toBe(true);
    expect(job).toMatchObject({ state: 'CANCELLED', attempts: 0, workerId: undefined });
    await expect(job).rejects.toMatchObject({ reason: 'no more' });
    expect(await pool.waitAll()).toBe(true);
  });

  test('a job whose time has come takes the place its submission gave it', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const log = new OrderLog(3);
    pool.pause();
    pool.submit(tasks.note, [log.words, 1], { delayMs: 1 });
    pool.submit(tasks.note, [log.words, 2]);
    const urgent = pool.submit(tasks.note, [log.words, 3], { delayMs: 1, priority: JobPriority.HIGH });
    // one that would run beside, in another pool, is later than both
    await using other = new ThreadPool({ maxWorkers: 1 });
    await other.submit(tasks.add, [1, 2], { delayMs: 20 });
    pool.resume();
    await pool.waitAll();
    expect(urgent.state).toBe('COMPLETED');
    expect(log.values).toEqual([3, 1, 2]);
  });
});

describe('dependsOn', () => {
  test('a job begins when all that it depends on have completed', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    using gate = await occupy(pool);
    const [first] = gate.jobs as [Job<number>];
    const second = pool.submit(tasks.add, [1, 2]);
    const job = pool.submit(tasks.add, [3, 4], { dependsOn: [first, second, second] });
    await second;
    expect(await pool.submit(tasks.add, [1, 2])).toBe(3);
    expect(job.state).toBe('PENDING');
    gate.open();
    expect(await job).toBe(7);
    expect(await pool.submit(tasks.add, [1, 1], { dependsOn: [first, job] })).toBe(2); // all done before
  });

  test('chains and diamonds run in their order', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const log = new OrderLog(8);
    const note = (value: number, ...dependsOn: Job[]): Job =>
      pool.submit(tasks.note, [log.words, value], { dependsOn, priority: value });
    const top = note(1);
    const [left, right] = [note(2, top), note(2, top)];
    const bottom = note(3, left, right);
    const end = note(4, note(4, bottom));
    await end;
    expect(log.values).toEqual([1, 2, 2, 3, 4, 4]);
  });

  test('nothing is inherited: an urgent job waits for one that is not', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    pool.pause();
    const lowest = pool.submit(tasks.echo, [1], { priority: JobPriority.LOWEST });
    const urgent = pool.submit(tasks.echo, [2], { priority: JobPriority.HIGHEST, dependsOn: [lowest] });
    const ended: Job[] = [];
    pool.on('jobCompleted', (job) => ended.push(job));
    const normal = pool.submit(tasks.echo, [3]);
    pool.resume();
    await pool.waitAll();
    await until(() => ended.length === 3);
    expect(lowest.priority).toBe(JobPriority.LOWEST);
    expect(ended).toEqual([normal, lowest, urgent]);
  });

  test('a job may depend on one of another pool, and on one that is submitted later', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await using other = new ThreadPool({ maxWorkers: 1 });
    const later = new Job(tasks.add, [1, 2]);
    const job = pool.submit(tasks.add, [3, 4], { dependsOn: [other.submit(tasks.echo, [1]), later] });
    other.submitJob(later);
    expect(await job).toBe(7);
  });

  test('waits for the retries of what it depends on', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const flaky = pool.submit(tasks.failUntil, [3], { retry: { maxAttempts: 3, delayMs: 1 } });
    expect(await pool.submit(tasks.add, [1, 2], { dependsOn: [flaky] })).toBe(3);
    expect(flaky.attempts).toBe(3);
  });

  test('a failure fails it, with the names and the cause', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const load = pool.submit(tasks.fail, ['disk full'], { name: 'load' });
    const parse = pool.submit(tasks.echo, [1], { name: 'parse', dependsOn: [load] });
    await expect(parse).rejects.toThrow(`Job 'parse' depends on job 'load' (id ${load.id}), which failed: disk full`);
    expect(parse.error).toBeInstanceOf(DependencyError);
    expect(parse.error).toMatchObject({ code: 'ERR_DEPENDENCY', cause: { name: 'RangeError', message: 'disk full' } });
    expect((parse.error as Error).cause).toBe(load.error);
    expect(parse).toMatchObject({ state: 'FAILED', attempts: 0, workerId: undefined });

    // as it does at once where it has failed before
    const late = pool.submit(tasks.echo, [1], { dependsOn: [load, new Job(tasks.echo, [1])], delayMs: 1 });
    expect(late.state).toBe('FAILED');
    expect(late.error).toBeInstanceOf(DependencyError);
    expect(pool.metrics()).toMatchObject({ submitted: 3, failed: 3, pending: 0 });
  });

  test('a cancel fails it too', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using _gate = await occupy(pool);
    const first = pool.submit(tasks.echo, [1], { name: 'first' });
    const second = pool.submit(tasks.echo, [1], { name: 'second', dependsOn: [first] });
    const third = pool.submit(tasks.echo, [1], { name: 'third', dependsOn: [second] });
    first.cancel('changed my mind');
    expect([first, second, third].map(({ state }) => state)).toEqual(['CANCELLED', 'FAILED', 'FAILED']);
    await expect(second).rejects.toThrow(/which was cancelled: Job 'first' was cancelled: changed my mind$/);
    await expect(third).rejects.toThrow(
      /^Job 'third' depends on job 'second' \(id \d+\), which failed, because a job that/,
    );
    expect((third.error as Error).cause).toBe(second.error);
    expect((second.error as Error).cause).toBeInstanceOf(CancelledError);
  });

  test('a chain of 50,000 jobs needs no deep stack, whether it fails or runs', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    pool.on('jobFailed', () => {});
    for (const isGood of [false, true]) {
      pool.pause();
      let last: Job = isGood ? pool.submit(tasks.echo, [0]) : pool.submit(tasks.fail, ['root']);
      const count = isGood ? 2_000 : 50_000; // each that runs is a way to a thread and back
      for (let i = 0; i < count; i++) last = pool.submit(tasks.echo, [i], { dependsOn: [last] });
      pool.resume();
      await pool.waitAll();
      expect(last.state).toBe(isGood ? 'COMPLETED' : 'FAILED');
      if (!isGood) expect((last.error as Error).message.length).toBeLessThan(200);
    }
  });
});

describe('a held job', () => {
  const held = (pool: ThreadPool, options: JobOptions = {}): Job =>
    pool.submit(tasks.echo, ['held'], { delayMs: BEYOND_TIMERS_MS, ...options });

  test('is cancelled by its token, its signal and cancelAll', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const token = new CancellationToken();
    const controller = new AbortController();
    const jobs = [
      held(pool, { token }),
      held(pool, { signal: controller.signal }),
      held(pool, { dependsOn: [new Job(tasks.echo, [1])] }),
      held(pool, { name: 'kept' }),
    ];
    token.cancel();
    controller.abort();
    expect(pool.cancelAll((job) => job.name !== 'kept')).toBe(1);
    expect(jobs.map(({ state }) => state)).toEqual(['CANCELLED', 'CANCELLED', 'CANCELLED', 'PENDING']);
    expect(pool.cancelAll()).toBe(1);
    expect(pool.metrics()).toMatchObject({ cancelled: 4, pending: 0 });
    token.cancel();
    expect(held(pool, { token }).state).toBe('CANCELLED');
  });

  test('may be given another priority', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = await occupy(pool);
    const log = new OrderLog(2);
    pool.submit(tasks.note, [log.words, 1]);
    const job = pool.submit(tasks.note, [log.words, 2], { dependsOn: gate.jobs });
    expect(job.setPriority(JobPriority.HIGHEST)).toBe(true);
    expect(job).toMatchObject({ state: 'PENDING', priority: JobPriority.HIGHEST });
    pool.pause();
    gate.open();
    await gate.jobs[0];
    pool.resume();
    await pool.waitAll();
    expect(log.values).toEqual([2, 1]);
    expect(pool.metrics().byPriority['4']).toMatchObject({ submitted: 1, completed: 1 });
  });

  test('fails when its deadline passes', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const job = held(pool, { deadline: Date.now() + 20 });
    await expect(job).rejects.toThrow(/before it began$/);
    expect(job.error).toBeInstanceOf(JobTimeoutError);
    expect(pool.metrics()).toMatchObject({ failed: 1, timedOut: 1, pending: 0 });
  });

  test('does not hold back what does not wait', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const job = held(pool, { priority: JobPriority.HIGHEST });
    expect(await pool.submit(tasks.add, [1, 2], { priority: JobPriority.LOWEST })).toBe(3);
    job.cancel();
  });

  test("is run by a shutdown of mode 'drain'", async () => {
    const pool = new ThreadPool({ maxWorkers: 1 });
    const first = pool.submit(tasks.echo, [1], { delayMs: 10 });
    const second = pool.submit(tasks.echo, [2], { dependsOn: [first] });
    expect(await pool.shutdown()).toEqual({ completed: 2, failed: 0, cancelled: 0 });
    expect(second.result).toBe(2);
  });

  test("is cancelled by a shutdown of mode 'finishRunning' or 'abort', or past its time", async () => {
    for (const options of [{ mode: 'finishRunning' }, { mode: 'abort' }, { timeoutMs: 10 }] as const) {
      const pool = new ThreadPool({ maxWorkers: 1 });
      const job = held(pool);
      expect(await pool.shutdown(options)).toEqual({ completed: 0, failed: 0, cancelled: 1 });
      expect(job.state).toBe('CANCELLED');
    }
  });

  test("'finishRunning' settles what depends on a running job by how that ends", async () => {
    const pool = new ThreadPool({ maxWorkers: 1 });
    using gate: Gate = await occupy(pool);
    const job = pool.submit(tasks.echo, [1], { dependsOn: gate.jobs });
    const closing = pool.shutdown({ mode: 'finishRunning' });
    expect(job.state).toBe('CANCELLED');
    gate.open();
    expect(await closing).toEqual({ completed: 1, failed: 0, cancelled: 1 });
  });

  test('keeps the process until it is settled, and no longer', async () => {
    const { code, stdout } = await runProgram(`
      import { ThreadPool } from 'thread-system';
      const pool = new ThreadPool({ maxWorkers: 1 });
      const late = pool.submit(() => 'late', [], { delayMs: 100 });
      pool.submit(() => 'last', [], { dependsOn: [late] });
      pool.submit(() => 'never', [], { delayMs: 2 ** 40 }).cancel();
      pool.on('jobCompleted', (job) => console.log(job.result));`);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'late\nlast\n' });
  });
});

test.each<[unknown, typeof TypeError | typeof RangeError, string]>([
  [{ delayMs: -1 }, RangeError, "Cannot make job 'echo': delayMs must be 0 or more milliseconds, received -1"],
  [{ delayMs: '1s' }, TypeError, "delayMs must be a number of milliseconds, received '1s'"],
  [{ startAt: 'noon' }, TypeError, "startAt must be a Date or ms since 1970, received 'noon'"],
  [{ startAt: new Date('noon') }, RangeError, 'startAt must be a valid time'],
  [{ dependsOn: new Job(tasks.echo, [1]) }, TypeError, 'dependsOn must be an array of Jobs, received'],
  [{ dependsOn: [3] }, TypeError, 'dependsOn must be an array of Jobs, but contains 3'],
  [{ dependsOn: [Promise.resolve()] }, TypeError, 'dependsOn must be an array of Jobs, but contains'],
])('%p is refused', (options, errorClass, message) => {
  const make = (): Job => new Job(tasks.echo, [1], options as JobOptions);
  expect(make).toThrow(errorClass);
  expect(make).toThrow(message);
});
