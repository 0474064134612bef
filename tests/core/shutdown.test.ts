import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { CancelledError, type Job, ThreadPool } from 'thread-system';
import { Gate, occupy } from '../support/gate.ts';
import { runProgram } from '../support/program.ts';
import { tasks } from '../support/tasks.ts';

const deadEnd = Number.POSITIVE_INFINITY;

describe('shutdown', () => {
  test('drains by default: all that is queued and running, although one of two workers is idle first', async () => {
    const pool = new ThreadPool({ maxWorkers: 2 });
    using first = await occupy(pool);
    using second = await occupy(pool);
    const queued = pool.submitMany(tasks.echo, [[1], [2], [3]]);
    const end = pool.shutdown();
    first.open();
    await first.jobs[0];
    second.open();
    expect(await end).toEqual({ completed: 5, failed: 0, cancelled: 0 });
    expect(queued.map((job) => job.result)).toEqual([1, 2, 3]);
    expect(pool.metrics().workers).toEqual([]);
  });

  test('drains at the end of a block with await using', async () => {
    const jobs: Job<unknown>[] = [];
    const pools: ThreadPool[] = [];
    {
      await using pool = new ThreadPool({ maxWorkers: 1 });
      pools.push(pool);
      jobs.push(...pool.submitMany(tasks.echo, [[1], [2]]));
    }
    expect(jobs.map((job) => job.result)).toEqual([1, 2]);
    expect(pools[0]?.metrics().workers).toEqual([]);
  });

  test('draining resumes a paused pool', async () => {
    const pool = new ThreadPool({ maxWorkers: 1 });
    pool.pause();
    const job = pool.submit(tasks.echo, [1]);
    expect(await pool.shutdown()).toEqual({ completed: 1, failed: 0, cancelled: 0 });
    expect(job.state).toBe('COMPLETED');
  });

  test('is shown when a pool is inspected: open, draining, closed', async () => {
    const pool = new ThreadPool({ maxWorkers: 1 });
    using gate = await occupy(pool);
    expect(inspect(pool)).toContain("state: 'open'");
    const end = pool.shutdown();
    expect(inspect(pool)).toContain("state: 'draining'");
    gate.open();
    await end;
    expect(inspect(pool)).toContain("state: 'closed'");
  });

  test('is not held up by a pause', async () => {
    const pool = new ThreadPool({ maxWorkers: 1 });
    const job = pool.submit(tasks.echo, [1]);
    const end = pool.shutdown();
    pool.pause();
    expect(await end).toEqual({ completed: 1, failed: 0, cancelled: 0 });
    expect(job.result).toBe(1);
  });

  test("'finishRunning' cancels what is pending and lets running jobs end", async () => {
    const pool = new ThreadPool({ maxWorkers: 1 });
    using gate = await occupy(pool);
    const { jobs } = gate;
    const pending = pool.submit(tasks.echo, [1]);
    const end = pool.shutdown({ mode: 'finishRunning' });
    expect(pending.state).toBe('CANCELLED');
    gate.open();
    expect(await end).toEqual({ completed: 1, failed: 0, cancelled: 1 });
    expect(jobs[0]?.state).toBe('COMPLETED');
    expect(pending.error).toMatchObject({ reason: 'the pool was shut down' });
  });

  test("'abort' ends deaf code without grace", async () => {
    const pool = new ThreadPool({ maxWorkers: 1, graceMs: deadEnd });
    using gate = new Gate();
    const job = pool.submit(tasks.deaf, [gate.words]);
    const pending = pool.submit(tasks.echo, [1]);
    await gate.reachedBy(1);
    expect(await pool.shutdown({ mode: 'abort' })).toEqual({ completed: 0, failed: 0, cancelled: 2 });
    expect(job.error).toBeInstanceOf(CancelledError);
    expect(pending.state).toBe('CANCELLED');
  });

  test('past its time the rest is aborted', async () => {
    const pool = new ThreadPool({ maxWorkers: 1, graceMs: deadEnd });
    using gate = new Gate();
    pool.submit(tasks.deaf, [gate.words]);
    pool.submit(tasks.echo, [1]);
    await gate.reachedBy(1);
    expect(await pool.shutdown({ timeoutMs: 10 })).toEqual({ completed: 0, failed: 0, cancelled: 2 });
  });

  test('repeated calls return the same promise, and a stricter mode escalates', async () => {
    const pool = new ThreadPool({ maxWorkers: 1, graceMs: deadEnd });
    using gate = new Gate();
    const job = pool.submit(tasks.deaf, [gate.words]);
    const pending = pool.submit(tasks.echo, [1]);
    await gate.reachedBy(1);
    const end = pool.shutdown();
    expect(pool.shutdown({ mode: 'finishRunning' })).toBe(end);
    expect(pending.state).toBe('CANCELLED');
    expect(pool.shutdown({ mode: 'drain' })).toBe(end);
    expect(job.state).toBe('RUNNING');
    expect(pool.shutdown({ mode: 'abort' })).toBe(end);
    expect(await end).toEqual({ completed: 0, failed: 0, cancelled: 2 });
  });

  test('of a pool that never ran anything resolves', async () => {
    expect(await new ThreadPool().shutdown()).toEqual({ completed: 0, failed: 0, cancelled: 0 });
  });

  test('counts only what it waited for', async () => {
    const pool = new ThreadPool({ maxWorkers: 1 });
    await pool.submit(tasks.echo, [1]);
    pool.submit(tasks.fail, ['no']).catch(() => {});
    expect(await pool.shutdown()).toEqual({ completed: 0, failed: 1, cancelled: 0 });
  });

  test('a bad mode throws and changes nothing', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    // @ts-expect-error no such mode
    expect(() => pool.shutdown({ mode: 'now' })).toThrow(
      new TypeError("Cannot shut down pool: mode must be one of drain, finishRunning, abort, received 'now'"),
    );
    expect(() => pool.shutdown({ timeoutMs: -1 })).toThrow(RangeError);
    expect(await pool.submit(tasks.echo, [1])).toBe(1);
  });
});

test('a pool that was shut down leaves no trace, although its tasks live on', async () => {
  const { stdout } = await runProgram(
    `import { ThreadPool } from 'thread-system';
    const task = (x) => x;
    let alive = 0;
    const gone = new FinalizationRegistry(() => alive--);
    for (let i = 0; i < 6; i++) {
      const pool = new ThreadPool({ maxWorkers: 1 });
      alive++;
      gone.register(pool, i);
      await pool.submit(task, [1], { priority: i % 3 });
      await pool.shutdown();
    }
    for (let turn = 0; turn < 100 && alive > 1; turn++) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    console.log(alive <= 1, task(1));`,
    { flags: ['--expose-gc'] },
  );
  expect(stdout.trim()).toBe('true 1');
});
