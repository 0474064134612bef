import { describe, expect, test } from '@jest/globals';
import { type Job, JobPriority, ThreadPool } from 'thread-system';
import { occupy, until } from '../../support/gate.ts';
import { runProgram } from '../../support/program.ts';
import { tasks } from '../../support/tasks.ts';

/** So soon a job starves, in these tests. */
const starvationMs = 30;
const aging = { everyMs: 1_000, step: 1, starvationMs };

interface BatchItem {
  readonly job: Job;
  readonly waitedMs: number;
}

function listen(pool: ThreadPool): { readonly told: BatchItem[]; stop(): void } {
  const told: BatchItem[] = [];
  const stop = pool.on('starvation', (job, { waitedMs }) => told.push({ job, waitedMs }));
  return { told, stop };
}

/** Resolves when jobs that were waiting at the call starve, in another pool. */
async function starved(): Promise<void> {
  await using pool = new ThreadPool({ maxWorkers: 1, aging });
  using gate = await occupy(pool);
  const { told } = listen(pool);
  pool.submit(tasks.echo, [1]);
  await until(() => told.length === 1);
  gate.open();
}

describe('starvation', () => {
  test('is emitted once for each job that waits too long, although a long job blocks the worker', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, aging });
    using gate = await occupy(pool);
    const { told } = listen(pool);
    const first = pool.submit(tasks.echo, [1], { priority: JobPriority.LOW });
    const second = pool.submit(tasks.echo, [2], { priority: JobPriority.HIGH });
    await until(() => told.length === 2);
    const third = pool.submit(tasks.echo, [3]);
    await until(() => told.length === 3);
    await starved();
    expect(told.map(({ job }) => job.id)).toEqual([first.id, second.id, third.id]);
    for (const { waitedMs } of told) expect(waitedMs).toBeGreaterThanOrEqual(starvationMs);
    gate.open();
    await pool.waitAll();
    expect(told).toHaveLength(3);
  });

  test('is emitted to who listens late, and to nobody who has left', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, aging });
    using gate = await occupy(pool);
    pool.submit(tasks.echo, [1]);
    await starved();
    const { told, stop } = listen(pool);
    await until(() => told.length === 1);
    stop();
    pool.submit(tasks.echo, [2]);
    await starved();
    await starved();
    expect(told).toHaveLength(1);
    gate.open();
  });

  test('is emitted again and again in a pool that was idle in between', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, aging });
    await pool.submit(tasks.echo, [0]); // a worker has started, so that no job waits for that
    const { told } = listen(pool);
    for (let round = 1; round <= 3; round++) {
      using gate = await occupy(pool);
      pool.submit(tasks.echo, [1]);
      await until(() => told.length === round);
      gate.open();
      await pool.waitAll();
      await starved();
    }
    expect(new Set(told.map(({ job }) => job)).size).toBe(3);
  });

  test('is not emitted while the pool is paused, and is when it goes on', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, aging });
    using gate = await occupy(pool);
    const { told } = listen(pool);
    pool.pause();
    const job = pool.submit(tasks.echo, [1]);
    await starved();
    await starved();
    expect(told).toEqual([]);
    pool.resume();
    await until(() => told.length === 1);
    expect(told[0]?.job).toBe(job);
    expect(told[0]?.waitedMs).toBeGreaterThanOrEqual(2 * starvationMs);
    gate.open();
  });

  test('is emitted for a job that a shutdown still runs', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, aging });
    using gate = await occupy(pool);
    const { told } = listen(pool);
    pool.pause();
    pool.submit(tasks.echo, [1]);
    await starved();
    const end = pool.shutdown();
    await until(() => told.length === 1);
    gate.open();
    expect(await end).toEqual({ completed: 2, failed: 0, cancelled: 0 });
  });

  test('is not emitted for a job that may not run yet, nor for one that runs', async () => {
    await using other = new ThreadPool({ maxWorkers: 1 });
    await using pool = new ThreadPool({ maxWorkers: 1, aging });
    using prerequisite = await occupy(other);
    using gate = await occupy(pool);
    const { told } = listen(pool);
    const held = pool.submit(tasks.echo, [1], { dependsOn: prerequisite.jobs });
    await starved();
    await starved();
    expect(told).toEqual([]);
    const heldMs = performance.now();
    prerequisite.open();
    await until(() => told.length === 1);
    expect(told[0]?.job).toBe(held);
    expect(told[0]?.waitedMs).toBeLessThanOrEqual(performance.now() - heldMs);
    gate.open();
  });

  test('comes with aging, unless said otherwise, when a job would have risen from LOWEST to HIGHEST', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, aging: { everyMs: 10, step: 1.5 } });
    using gate = await occupy(pool);
    const { told } = listen(pool);
    pool.submit(tasks.echo, [1]);
    await until(() => told.length === 1);
    expect(told[0]?.waitedMs).toBeGreaterThanOrEqual(30);
    gate.open();
  });

  test('never comes where starvationMs is Infinity', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, aging: { ...aging, starvationMs: Number.POSITIVE_INFINITY } });
    using gate = await occupy(pool);
    const { told } = listen(pool);
    pool.submit(tasks.echo, [1]);
    await starved();
    expect(told).toEqual([]);
    gate.open();
  });

  test('comes after 30 s without aging', async () => {
    // the library keeps the clocks it finds, if they are real: here they run a thousand times faster
    const { stdout, stderr } = await runProgram(`
      const timers = process.getBuiltinModule('node:timers');
      const { setTimeout } = timers;
      const { hrtime } = process;
      process.hrtime = () => hrtime().map((part) => 1_000 * part);
      timers.setTimeout = (fn, ms) => setTimeout(fn, ms / 1_000);
      const { ThreadPool } = await import('thread-system');
      const pool = new ThreadPool({ maxWorkers: 1 });
      const words = new Int32Array(new SharedArrayBuffer(4));
      await pool.submit(() => {}); // a worker has started
      pool.submit((words) => void Atomics.wait(words, 0, 0), [words]);
      pool.submit(() => {}, [], { name: 'patient' });
      pool.on('starvation', (job, { waitedMs }) => {
        console.log(job.name, waitedMs >= 30_000);
        Atomics.store(words, 0, 1);
        Atomics.notify(words, 0);
      });
    `);
    expect({ stdout, stderr }).toEqual({ stdout: 'patient true\n', stderr: '' });
  });

  test('keeps no process', async () => {
    const { code, stdout, stderr } = await runProgram(`
      import { ThreadPool } from 'thread-system';
      const pool = new ThreadPool({ maxWorkers: 1, aging: { everyMs: 1e9, step: 1 } });
      pool.on('starvation', () => {});
      console.log(await pool.submit(() => 'done'));
      pool.pause();
      pool.resume();
    `);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'done\n', stderr: '' });
  });
});
