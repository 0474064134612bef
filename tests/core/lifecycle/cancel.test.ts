import { describe, expect, test } from '@jest/globals';
import {
  CancellationToken,
  CancelledError,
  type CurrentJob,
  type Job,
  ThreadPool,
  WorkerExitError,
} from 'thread-system';
import { Gate, occupy, until } from '../../support/gate.ts';
import { tasks } from '../../support/tasks.ts';

describe('cancel', () => {
  test('a pending job that is cancelled settles at once and never starts', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = await occupy(pool);
    using begun = new Gate();
    const job = pool.submit(tasks.hold, [begun.words]);
    expect(job.cancel('changed my mind')).toBe(true);
    expect(job.state).toBe('CANCELLED');
    expect(job.cancel()).toBe(false);
    await expect(job).rejects.toThrow("Job 'hold' was cancelled: changed my mind");
    expect(job.error).toBeInstanceOf(CancelledError);
    gate.open();
    await pool.waitAll();
    expect(begun.words[1]).toBe(0);
    expect(job).toMatchObject({ attempts: 0, workerId: undefined, executionMs: 0 });
  });

  test('a CPU loop that looks at its token stops, and its thread is kept', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY });
    using gate = new Gate();
    const job = pool.submit(tasks.spin, [gate.words]);
    await gate.reachedBy(1);
    expect(job.state).toBe('RUNNING');
    expect(job.cancel('enough')).toBe(true);
    expect(job.state).toBe('RUNNING');
    expect(job.cancel('again')).toBe(true);
    await expect(job).rejects.toMatchObject({ name: 'CancelledError', code: 'ERR_JOB_CANCELLED', reason: 'enough' });
    expect(job.state).toBe('CANCELLED');
    expect(job.workerId).toBe(0);
    const next = pool.submit(tasks.add, [1, 2]);
    expect(await next).toBe(3);
    expect(next.workerId).toBe(0);
    expect(pool.metrics()).toMatchObject({ completed: 1, cancelled: 1 });
  });

  test('what a cancelled job still returned is its result, what else it threw is the cause', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2, graceMs: Number.POSITIVE_INFINITY });
    using gate = await occupy(pool);
    const { jobs } = gate;
    const [returning] = jobs;
    const throwing = pool.submit(tasks.untilAborted, [gate.words]);
    await gate.reachedBy(2);
    returning?.cancel();
    throwing.cancel('stop');
    gate.open();
    await expect(returning).rejects.toBeInstanceOf(CancelledError);
    await expect(throwing).rejects.toMatchObject({ reason: 'stop', cause: { message: 'aborted: stop' } });
    expect(throwing.result).toBeUndefined();
    using other = await occupy(pool);
    const withResult = pool.submit(tasks.hold, [other.words, 42]);
    await other.reachedBy(2);
    withResult.cancel();
    other.open();
    await expect(withResult).rejects.toBeInstanceOf(CancelledError);
    expect(withResult.result).toBe(42);
    await other.jobs[0];
  });

  test('deaf code is ended with its thread after the grace, and nothing else suffers', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: 20 });
    const exits: unknown[] = [];
    pool.on('workerExited', (exit) => exits.push(exit));
    using gate = new Gate();
    const job = pool.submit(tasks.deaf, [gate.words]);
    const after = pool.submit(tasks.add, [1, 2]);
    await gate.reachedBy(1);
    job.cancel('too long');
    await expect(job).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'too long' });
    expect(await after).toBe(3);
    expect(after.workerId).toBe(1);
    expect(exits).toMatchObject([
      {
        workerId: 0,
        exitCode: 1,
        reason: 'deaf',
        error: expect.objectContaining({ message: expect.stringMatching(/'deaf' did not stop within 20 ms/) }),
      },
    ]);
  });

  test.each<[how: string, stop: (pool: ThreadPool, job: Job, token: CancellationToken) => unknown]>([
    ['cancel', (_pool, job) => job.cancel()],
    ['its token', (_pool, _job, token) => token.cancel()],
    ['cancelAll', (pool) => pool.cancelAll()],
    ['the end of the pool', (pool) => pool.shutdown({ mode: 'abort' })],
  ])('deaf code that began before the pool knew that its worker was up is ended: by %s', async (_how, stop) => {
    await using pool = new ThreadPool({ maxWorkers: 1, minWorkers: 0, graceMs: 0 });
    using gate = new Gate();
    const token = new CancellationToken();
    const job = pool.submit(tasks.deaf, [gate.words], { token });
    while (Atomics.load(gate.words, 1) === 0); // the event loop does not turn
    stop(pool, job, token);
    await expect(job).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED' });
    if (pool.state === 'open') expect(await pool.submit(tasks.add, [1, 2])).toBe(3);
  });

  test('a grace of 0 ends the thread at once; the job may set its own', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY });
    using gate = new Gate();
    const job = pool.submit(tasks.deaf, [gate.words], { graceMs: 0 });
    await gate.reachedBy(1);
    expect(job.cancel()).toBe(true);
    await expect(job).rejects.toBeInstanceOf(CancelledError);
    expect(await pool.submit(tasks.add, [1, 1])).toBe(2);
  });

  test('with concurrency, the others on a thread that is ended fail and say why', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, concurrency: 2, graceMs: 10 });
    using gate = new Gate();
    const other = pool.submit(tasks.holdAsync, [gate.words]);
    await gate.reachedBy(1);
    const job = pool.submit(tasks.deaf, [gate.words]);
    await gate.reachedBy(2);
    job.cancel();
    await expect(job).rejects.toBeInstanceOf(CancelledError);
    await expect(other).rejects.toBeInstanceOf(WorkerExitError);
    await expect(other).rejects.toThrow(/thread of job 'holdAsync' ended .* 'deaf' did not stop/);
  });

  test('an async task hears of it by its signal', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = new Gate();
    const job = pool.submit(tasks.untilAborted, [gate.words]);
    await gate.reachedBy(1);
    job.cancel(new Error('going home'));
    await expect(job).rejects.toThrow("Job 'untilAborted' was cancelled: going home");
    expect((job.error as CancelledError).cause).toMatchObject({ message: 'aborted: going home' });
  });

  test('a cancelled generator sees a CancelledError where it yields', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY });
    const job = pool.submit(function* (): Generator<number, void, undefined> {
      for (let i = 0; ; i++) yield i;
    });
    await new Promise<void>((resolve) => void job.onProgress(() => resolve()));
    job.cancel();
    await expect(job).rejects.toBeInstanceOf(CancelledError);
  });

  test('cancelAll cancels all, or those the filter names', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = await occupy(pool);
    const { jobs } = gate;
    const waiting = pool.submitMany(tasks.echo, [[1], [2], [3]], { name: 'waiting' });
    expect(pool.cancelAll((job) => job.name === 'waiting')).toBe(3);
    expect(waiting.map((job) => job.state)).toEqual(['CANCELLED', 'CANCELLED', 'CANCELLED']);
    expect(pool.cancelAll()).toBe(1);
    gate.open();
    await expect(jobs[0]).rejects.toBeInstanceOf(CancelledError);
    expect(pool.cancelAll()).toBe(0);
  });

  test('code that has ended cannot be cancelled', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = new Gate();
    gate.open();
    const job = pool.submit(tasks.hold, [gate.words, 7]);
    // the answer is written, but this thread has not read it
    while (job.state === 'PENDING') await new Promise((resolve) => setImmediate(resolve));
    await job;
    expect(job.cancel()).toBe(false);
    expect(job.state).toBe('COMPLETED');
  });
});

describe('a token given as an option', () => {
  test('cancels every job that shares it, pending and running, and stays itself', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY });
    const token = new CancellationToken();
    using gate = new Gate();
    const running = pool.submit(tasks.spin, [gate.words], { token });
    await gate.reachedBy(1);
    const pending = pool.submitMany(tasks.echo, [[1], [2]], { token });
    token.cancel('all of you');
    expect(pending.map((job) => job.state)).toEqual(['CANCELLED', 'CANCELLED']);
    await expect(running).rejects.toMatchObject({ reason: 'all of you' });
    const late = pool.submit(tasks.echo, [3], { token });
    expect(late.state).toBe('CANCELLED');
  });

  test('is not cancelled by the job', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const token = new CancellationToken();
    const job = pool.submit(tasks.echo, [1], { token });
    expect(job.token).not.toBe(token);
    job.cancel();
    expect(job.token.isCancelled).toBe(true);
    expect(token.isCancelled).toBe(false);
  });

  test("a job's own token cancels the job", async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = new Gate();
    const job = pool.submit(tasks.spin, [gate.words]);
    const reasons: unknown[] = [];
    job.token.onCancel((reason) => reasons.push(reason));
    await gate.reachedBy(1);
    job.token.cancel('by token');
    await expect(job).rejects.toMatchObject({ reason: 'by token' });
    expect(reasons).toEqual(['by token']);
  });

  test('an AbortSignal cancels too, before and after the job began', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY });
    const controller = new AbortController();
    using gate = new Gate();
    const running = pool.submit(tasks.spin, [gate.words], { signal: controller.signal });
    const pending = pool.submit(tasks.echo, [1], { signal: controller.signal, token: new CancellationToken() });
    await gate.reachedBy(1);
    controller.abort('over');
    await expect(pending).rejects.toMatchObject({ reason: 'over' });
    await expect(running).rejects.toMatchObject({ reason: 'over' });
    expect(pool.submit(tasks.echo, [1], { signal: controller.signal }).state).toBe('CANCELLED');
  });

  test('a job whose own code cancels a token it observes settles by its own outcome', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const own = pool.submit(tasks.cancelOwnToken);
    expect(await own).toBe(true);
    expect(own.state).toBe('COMPLETED');
    const token = new CancellationToken();
    const job = pool.submit(tasks.cancelToken, [token, 'found it'], { token });
    expect(await job).toBe('went on');
    await until(() => token.reason === 'found it');
  });

  test('nor does it when the pool hears of it while that code still runs', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const token = new CancellationToken();
    using gate = new Gate();
    const job = pool.submit(tasks.cancelTokenAndHold, [token, gate.words], { token });
    await new Promise((resolve) => token.onCancel(resolve));
    await gate.reachedBy(1);
    expect(job.state).toBe('RUNNING');
    gate.open();
    expect(await job).toBe(true);
    expect(job.state).toBe('COMPLETED');
  });

  test('and its token is cancelled, although it looks at it only later', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const [token, heard] = [new CancellationToken(), new CancellationToken()];
    token.onCancel(() => heard.cancel()); // reaches the worker after what tells the job that its parent is cancelled
    const job = pool.submit(
      async function (this: CurrentJob, theirs: CancellationToken, last: CancellationToken) {
        theirs.cancel();
        await new Promise((resolve) => last.onCancel(resolve));
        // its flag is faster than messages: those posted before it was raised come with the next turns
        for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve));
        return this.token.isCancelled;
      },
      [token, heard],
      { token },
    );
    expect(await job).toBe(true);
  });

  test('the first finder stops the others', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2, graceMs: Number.POSITIVE_INFINITY });
    const token = new CancellationToken();
    using gate = new Gate();
    const seeking = pool.submit(tasks.spin, [gate.words], { token });
    await gate.reachedBy(1);
    const finder = pool.submit(tasks.cancelToken, [token, 'found']);
    await expect(seeking).rejects.toMatchObject({ reason: 'found' });
    expect(await finder).toBe('went on');
    await until(() => token.reason === 'found');
  });
});
