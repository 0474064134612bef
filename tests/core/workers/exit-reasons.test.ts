import { describe, expect, test } from '@jest/globals';
import { type Job, ThreadPool, type ThreadPoolOptions, type WorkerExit } from 'thread-system';
import { FileGate, gated } from '../../support/file-gate.ts';
import { tasks } from '../../support/tasks.ts';

/** Resolves with the first exit of a worker. */
function exitOf(pool: ThreadPool): Promise<WorkerExit> {
  return new Promise((resolve) => pool.on('workerExited', resolve));
}

const KINDS = ['thread', 'process', 'inline'] as const;

describe.each(KINDS)('a worker of kind %s', (kind) => {
  const makePool = (options: ThreadPoolOptions = {}): ThreadPool => new ThreadPool({ kind, maxWorkers: 1, ...options });

  test('that was idle exits with 0, and says so', async () => {
    await using pool = makePool({ idleTimeoutMs: 1 });
    const exited = exitOf(pool);
    const beforeMs = Date.now();
    await pool.submit(tasks.echo, [1]);
    const exit = await exited;
    expect(exit).toMatchObject({ workerId: 0, exitCode: 0, reason: 'idle', error: undefined, jobs: 1 });
    expect(exit.startedAt).toBeGreaterThan(beforeMs - 1_000);
    expect(exit.readyAt).toBeGreaterThanOrEqual(exit.startedAt);
    expect(exit.readyAt).toBeLessThan(Date.now() + 1_000);
    expect(pool.metrics().workerExits).toEqual({
      ...{ idle: 1, resized: 0, deaf: 0, died: 0, shutdown: 0, 'failed to start': 0 },
    });
  });

  test('that is surplus after a resize, or there at a shutdown, says so', async () => {
    const pool = makePool({ maxWorkers: 2, minWorkers: 2 });
    const reasons: string[] = [];
    pool.on('workerExited', ({ reason }) => reasons.push(reason));
    const first = exitOf(pool);
    pool.resize(1);
    await first;
    await pool.shutdown();
    expect(reasons).toEqual(['resized', 'shutdown']);
  });

  test('whose setup fails has failed to start, and never was ready', async () => {
    await using pool = makePool({ setup: tasks.fail, setupArgs: ['no'] });
    const exited = exitOf(pool);
    const job = pool.submit(tasks.echo, [1]);
    expect(await exited).toMatchObject({ reason: 'failed to start', jobs: 0, readyAt: undefined });
    await expect(job).rejects.toMatchObject({ code: 'ERR_WORKER_EXITED' });
  });
});

describe.each(['thread', 'process'] as const)('a worker of kind %s', (kind) => {
  test('whose task calls process.exit() has died', async () => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    const exited = exitOf(pool);
    await pool.submit(tasks.echo, [1]);
    await pool.submit(tasks.exit, [7]).catch(() => {});
    expect(await exited).toMatchObject({ exitCode: 7, reason: 'died', jobs: 1 });
    expect(pool.metrics().workerExits['died']).toBe(1);
  });

  test('whose job does not stop is deaf', async () => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1, graceMs: 1 });
    const exited = exitOf(pool);
    using gate = new FileGate();
    const job: Job = pool.submit(gated.deaf, [gate.path]);
    await gate.reachedBy(1);
    job.cancel();
    await job.catch(() => {});
    expect(await exited).toMatchObject({ exitCode: 1, reason: 'deaf', jobs: 0 });
  });
});
