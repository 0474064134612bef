import { describe, expect, test } from '@jest/globals';
import { type CurrentJob, type FailedAttempt, type Job, ThreadPool, type ThreadPoolOptions } from 'thread-system';
import { FileGate, gated } from '../../support/file-gate.ts';
import { tasks } from '../../support/tasks.ts';

/** How far the clocks of a test and of a pool may be apart, in ms: that of a test has whole milliseconds. */
const CLOCK_MS = 2;

describe.each(['thread', 'process', 'inline'] as const)('in a pool of kind %s', (kind) => {
  const makePool = (options: ThreadPoolOptions = {}): ThreadPool => new ThreadPool({ kind, maxWorkers: 1, ...options });

  test('a job says when its code began and ended, and nothing before', async () => {
    await using pool = makePool();
    using gate = new FileGate();
    const beforeMs = Date.now();
    const job = pool.submit(gated.hold, [gate.path, 1]);
    const waiting = pool.submit(tasks.echo, [1]);
    expect([job.startedAt, job.endedAt]).toEqual([undefined, undefined]);
    await gate.reachedBy(1);
    const reachedMs = Date.now();
    const { startedAt } = job;
    expect(startedAt).toBeGreaterThan(beforeMs - CLOCK_MS);
    expect(startedAt).toBeLessThan(reachedMs + CLOCK_MS);
    expect([job.endedAt, waiting.startedAt]).toEqual([undefined, undefined]);
    gate.open();
    await waiting;
    expect((job.endedAt ?? 0) - (job.startedAt ?? 0)).toBeCloseTo(job.executionMs, 3);
    expect(job.endedAt).toBeLessThan(Date.now() + CLOCK_MS);
    expect(waiting.startedAt).toBeGreaterThanOrEqual((job.endedAt ?? 0) - 0.01);
  });

  test('a retried job says so of its last attempt, and each failed one is in jobRetried', async () => {
    await using pool = makePool();
    const failed: FailedAttempt[] = [];
    const between: unknown[] = [];
    pool.on('jobRetried', (job, attempt) => {
      failed.push(attempt);
      if (job.state === 'PENDING') between.push(job.startedAt === attempt.startedAt, job.endedAt);
    });
    const job = pool.submit(tasks.failUntil, [3], { retry: { maxAttempts: 3, delayMs: 1 } });
    await job;
    expect(failed).toHaveLength(2);
    const [first, second] = failed as [FailedAttempt, FailedAttempt];
    expect(first).toMatchObject({ attempt: 1, delayMs: 1, workerId: 0 });
    expect(second.startedAt).toBeGreaterThan(first.startedAt + first.executionMs);
    expect(job.startedAt).toBeGreaterThan(second.startedAt + second.executionMs);
    expect(pool.metrics().executionMs.count).toBe(3);
  });

  test('a job that is cancelled before it begins, or between two attempts, does not begin again', async () => {
    await using pool = makePool();
    const never = pool.submit(tasks.echo, [1], { delayMs: 100_000 });
    never.cancel();
    expect([never.startedAt, never.endedAt]).toEqual([undefined, undefined]);
    const retried = new Promise<FailedAttempt>((resolve) => pool.on('jobRetried', (_, attempt) => resolve(attempt)));
    const job = pool.submit(tasks.fail, ['no'], { retry: { maxAttempts: 2, delayMs: 100_000 } });
    const { startedAt, executionMs } = await retried;
    expect(job.startedAt).toBe(startedAt);
    job.cancel();
    expect([job.state, job.startedAt]).toEqual(['CANCELLED', startedAt]);
    expect((job.endedAt ?? 0) - startedAt).toBeCloseTo(executionMs, 3);
  });
});

test('runs on one worker never overlap', async () => {
  await using pool = new ThreadPool({ maxWorkers: 2 });
  const spin = (ms: number): void => {
    for (const end = performance.now() + ms; performance.now() < end; );
  };
  const jobs = Array.from({ length: 300 }, (_, i) => pool.submit(spin, [(i % 3) / 10]));
  await pool.waitAll();
  for (const workerId of [0, 1]) {
    const runs = jobs
      .filter((job) => job.workerId === workerId)
      .sort((a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0));
    for (const [i, run] of runs.entries()) {
      const next = runs[i + 1];
      if (next !== undefined) expect(next.startedAt).toBeGreaterThanOrEqual((run.endedAt ?? 0) - 0.001);
    }
  }
});

describe.each(['thread', 'process'] as const)('an attempt in a pool of kind %s that does not return', (kind) => {
  const LIFE_MS = 300;

  /** Runs a job to its bad end. Returns how long it lived at most, as the test saw it. */
  async function lifeOf(job: Job, gate: FileGate): Promise<number> {
    await gate.reachedBy(1);
    const begunAtMs = performance.now();
    await job.catch(() => {});
    return performance.now() - begunAtMs;
  }

  function expectLife(job: Job, pool: ThreadPool, lifeMs: number): void {
    expect(job.executionMs).toBeGreaterThan(0.8 * lifeMs);
    expect((job.endedAt ?? 0) - (job.startedAt ?? 0)).toBeCloseTo(job.executionMs, 3);
    const { executionMs, byTask } = pool.metrics();
    expect(executionMs.max).toBe(job.executionMs);
    expect(byTask[job.name]?.executionMs.count).toBe(1);
  }

  test('lasted until its thread was ended, if it was deaf', async () => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1, graceMs: LIFE_MS });
    using gate = new FileGate();
    const job: Job = pool.submit(gated.deaf, [gate.path]);
    const life = lifeOf(job, gate);
    await gate.reachedBy(1);
    job.cancel();
    expectLife(job, pool, await life);
    expect(job.executionMs).toBeGreaterThanOrEqual(LIFE_MS);
  });

  test('lasted until its thread died, whatever it reported before', async () => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    using gate = new FileGate();
    const dies = function dies(this: CurrentJob, path: string, ms: number): void {
      const { existsSync, writeFileSync } = process.getBuiltinModule('node:fs');
      writeFileSync(`${path}/reached-${this.id}-${this.attempt}`, '1');
      for (const end = performance.now() + ms; performance.now() < end && existsSync(path); ) this.report(ms);
      process.exit(1);
    };
    const job: Job = pool.submit(dies, [gate.path, LIFE_MS]);
    expectLife(job, pool, await lifeOf(job, gate));
  });
});
