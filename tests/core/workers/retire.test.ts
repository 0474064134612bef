import { describe, expect, test } from '@jest/globals';
import { ThreadPool } from 'thread-system';
import { Gate, occupy, occupyAsync, until } from '../../support/gate.ts';
import { tasks } from '../../support/tasks.ts';

const never = async (words: Int32Array): Promise<never> => {
  Atomics.add(words, 1, 1);
  return await new Promise(() => {});
};

/** Resolves once the one worker is asked whether its event loop turns: its replacement is started then. */
async function isAsked(pool: ThreadPool): Promise<void> {
  await until(() => pool.metrics().workers.length === 2);
}

/** Resolves once it has answered: a job has gone there and back behind the question. */
async function hasAnswered(pool: ThreadPool): Promise<void> {
  await pool.submit(() => {});
  await new Promise((resolve) => setImmediate(resolve));
}

describe('an async job that does not stop, beside others on its thread', () => {
  test('is given up: the thread is replaced at once, and ends when the others have ended', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, concurrency: 4, graceMs: 500 });
    const exited = new Promise<number>((resolve) => pool.on('workerExited', ({ workerId }) => resolve(workerId)));
    using gate = await occupyAsync(pool);
    const [other] = gate.jobs;
    using begun = new Gate();
    const job = pool.submit(never, [begun.words]);
    await begun.reachedBy(1);
    job.cancel('enough');
    await expect(job).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'enough' });
    const next = pool.submit(tasks.add, [1, 2]);
    expect(await next).toBe(3);
    expect(next.workerId).toBe(1);
    expect(other?.state).toBe('RUNNING');
    expect(pool.metrics().workers).toMatchObject([{ state: 'ending' }, { id: 1 }]);
    gate.open();
    await other;
    expect(other).toMatchObject({ state: 'COMPLETED', workerId: 0 });
    expect(await exited).toBe(0);
    expect(pool.metrics()).toMatchObject({ completed: 2, cancelled: 1, failed: 0, active: 0 });
  });

  test('and what it answers after all, too late, is nobody’s', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, concurrency: 4, graceMs: 500 });
    using gate = await occupyAsync(pool);
    using late = new Gate();
    const job = pool.submit(tasks.holdAsync, [late.words, 7]);
    await late.reachedBy(1);
    job.cancel();
    await expect(job).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED' });
    late.open();
    const settled = pool.metrics().cancelled;
    gate.open();
    await pool.waitAll();
    expect(job.result).toBeUndefined();
    expect(pool.metrics()).toMatchObject({ cancelled: settled, completed: 1 });
  });
});

test('a retired thread that the job given up blocks later is ended after all', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1, concurrency: 4, graceMs: 500 });
  using gate = await occupyAsync(pool);
  const [other] = gate.jobs;
  using turn = new Gate();
  const job = pool.submit(
    async (words: Int32Array): Promise<never> => {
      Atomics.add(words, 1, 1);
      while (Atomics.load(words, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      for (;;);
    },
    [turn.words],
  );
  await turn.reachedBy(1);
  job.cancel();
  await expect(job).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED' });
  expect(other?.state).toBe('RUNNING');
  turn.open();
  await expect(other).rejects.toMatchObject({
    code: 'ERR_WORKER_EXITED',
    cause: { message: "Job 'anonymous' did not stop when asked to, and blocked its thread" },
  });
});

test('a thread whose event loop does not turn is ended with all that is open there', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1, concurrency: 2, graceMs: 120 });
  using gate = await occupyAsync(pool);
  const [other] = gate.jobs;
  using begun = new Gate();
  const job = pool.submit(tasks.deaf, [begun.words]);
  await begun.reachedBy(1);
  job.cancel();
  await expect(job).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED' });
  await expect(other).rejects.toMatchObject({
    code: 'ERR_WORKER_EXITED',
    cause: { message: "Job 'deaf' did not stop within 120 ms of being asked to" },
  });
});

test('the replacement of a thread is started before its grace is over, and takes no job until then', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1, graceMs: 150 });
  using gate = new Gate();
  const job = pool.submit(tasks.deaf, [gate.words]);
  const after = pool.submit(tasks.add, [1, 2]);
  await gate.reachedBy(1);
  job.cancel();
  await until(() => pool.metrics().workers.length === 2);
  expect(pool.metrics().workers).toMatchObject([
    { id: 0, state: 'busy' },
    { id: 1, state: 'starting' },
  ]);
  expect(job.state).toBe('RUNNING');
  expect(after.state).toBe('PENDING');
  expect(await after).toBe(3);
  expect(after.workerId).toBe(1);
});

test('a replacement that is not needed after all is ended, and the thread is kept', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1, graceMs: 5_000 });
  using gate = new Gate();
  const job = pool.submit(tasks.hold, [gate.words], { graceMs: 90 });
  await gate.reachedBy(1);
  job.cancel(); // with such a grace it is started at once
  await new Promise((resolve) => setImmediate(resolve));
  gate.open();
  await expect(job).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED' });
  const next = pool.submit(tasks.add, [1, 2]);
  expect(await next).toBe(3);
  expect(next.workerId).toBe(0);
});

test('a thread that is being ended is not retired: its jobs settle once, when it is gone', async () => {
  const pool = new ThreadPool({ maxWorkers: 1, concurrency: 4 });
  const told: number[] = [];
  for (const event of ['jobCancelled', 'jobFailed'] as const) pool.on(event, (job) => told.push(job.id));
  using begun = new Gate();
  const job = pool.submit(never, [begun.words], { graceMs: 110 });
  const others = [1, 2].map(() => pool.submit(never, [begun.words], { graceMs: 60_000 }));
  await begun.reachedBy(3);
  job.cancel();
  await isAsked(pool);
  await hasAnswered(pool);
  for (const end = performance.now() + 100; performance.now() < end; ); // its grace is over at the next turn
  const counts = await pool.shutdown({ mode: 'abort' });
  expect(counts).toEqual({ completed: 0, failed: 0, cancelled: 3 });
  expect(told.sort()).toEqual([job.id, ...others.map((other) => other.id)]);
  expect(pool.metrics()).toMatchObject({ submitted: 4, completed: 1, cancelled: 3, pending: 0, active: 0 });
});

test('without a grace a thread is ended at once, although it had answered before', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1, concurrency: 4, graceMs: 150 });
  using gate = await occupyAsync(pool);
  const [other] = gate.jobs;
  using polite = new Gate();
  const first = pool.submit(tasks.holdAsync, [polite.words, 1]);
  await polite.reachedBy(1);
  first.cancel();
  await isAsked(pool);
  polite.open();
  await expect(first).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED' });
  await hasAnswered(pool);
  using begun = new Gate();
  const job = pool.submit(tasks.deaf, [begun.words], { graceMs: 0 });
  await begun.reachedBy(1);
  job.cancel();
  await expect(job).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED' });
  await expect(other).rejects.toMatchObject({ code: 'ERR_WORKER_EXITED' });
});

test('a thread that is one too many, since the pool was resized, is not replaced when it is ended', async () => {
  await using pool = new ThreadPool({ maxWorkers: 2, graceMs: 300 });
  using gate = await occupy(pool);
  using begun = new Gate();
  const job = pool.submit(tasks.deaf, [begun.words]);
  await begun.reachedBy(1);
  job.cancel();
  await until(() => pool.metrics().workers.length === 3); // its replacement is started before its grace is over
  pool.resize(1);
  await expect(job).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED' });
  await until(() => pool.metrics().workers.length === 1);
  gate.open();
  await pool.waitAll();
  expect(pool.metrics()).toMatchObject({ completed: 1, cancelled: 1, failed: 0 });
});
