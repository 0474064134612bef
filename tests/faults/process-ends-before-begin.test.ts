import { describe, expect, test } from '@jest/globals';
import { type Job, ThreadPool } from 'thread-system';
import { eventually, FileGate, FileLog, gated } from '../support/file-gate.ts';
import { Random } from '../support/random.ts';
import { tasks } from '../support/tasks.ts';

/** Sends a job to a child process that is stopped, and ends that before it can begin. */
async function sendToStopped(pool: ThreadPool, submit: () => Job): Promise<[Job]> {
  const pid = await pool.submit(gated.pid);
  process.kill(pid, 'SIGSTOP');
  const job = submit();
  await eventually(() => job.state === 'RUNNING'); // its worker has sent it to the process
  process.kill(pid, 'SIGKILL');
  return [job]; // not alone: it would be awaited
}

describe('a job whose child process ends before it began the job', () => {
  test('goes back to its place: it is begun once, in another one', async () => {
    using log = new FileLog();
    await using pool = new ThreadPool({ kind: 'process', maxWorkers: 1 });
    const starts: string[] = [];
    pool.on('jobStarted', (job) => starts.push(job.name));
    let attempts: number | undefined;
    const [job] = await sendToStopped(pool, () => pool.submit(gated.note, [log.path, 'ran'], { name: 'late' }));
    const later = pool.submit(gated.note, [log.path, 'after it']);
    pool.on('workerExited', () => {
      attempts ??= job.attempts;
    });
    await Promise.all([job, later]);
    expect({ attempts, state: job.state, after: job.attempts }).toEqual({ attempts: 0, state: 'COMPLETED', after: 1 });
    expect(log.lines).toEqual(['ran', 'after it']);
    expect(starts.filter((name) => name === 'late')).toHaveLength(1);
  });

  test('uses up no attempt, and is no retry', async () => {
    await using pool = new ThreadPool({ kind: 'process', maxWorkers: 1 });
    const retry = { maxAttempts: 1, onWorkerExit: true };
    const [job] = await sendToStopped(pool, () =>
      pool.submit(
        function (this: { attempt: number }) {
          return this.attempt;
        },
        [],
        { retry },
      ),
    );
    expect(await job).toBe(1);
    expect(pool.metrics()).toMatchObject({ retried: 0, completed: 2, failed: 0 });
  });

  test('was sent behind code that blocks its thread: that one fails, it does not', async () => {
    using gate = new FileGate();
    await using pool = new ThreadPool({ kind: 'process', maxWorkers: 1, concurrency: 2 });
    const blocked = pool.submit(gated.deaf, [gate.path]);
    await gate.reachedBy(1);
    const behind = pool.submit(tasks.echo, ['behind']);
    await eventually(() => behind.state === 'RUNNING');
    for (const pid of gate.pids) process.kill(pid, 'SIGKILL');
    await expect(blocked).rejects.toMatchObject({ code: 'ERR_WORKER_EXITED' });
    expect(await behind).toBe('behind');
    expect(behind.attempts).toBe(1);
  });

  test('was sent behind deaf code that is ended: it does not fail with that', async () => {
    using gate = new FileGate();
    await using pool = new ThreadPool({ kind: 'process', maxWorkers: 1, concurrency: 2, graceMs: 20 });
    const deaf = pool.submit(gated.deaf, [gate.path]);
    await gate.reachedBy(1);
    const behind = pool.submit(tasks.echo, ['behind']);
    await eventually(() => behind.state === 'RUNNING');
    deaf.cancel();
    await expect(deaf).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED' });
    expect(await behind).toBe('behind');
  });

  test('and was cancelled meanwhile settles CANCELLED, and never runs', async () => {
    using log = new FileLog();
    await using pool = new ThreadPool({ kind: 'process', maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY });
    const pid = await pool.submit(gated.pid);
    process.kill(pid, 'SIGSTOP');
    const job = pool.submit(gated.note, [log.path, 'ran']);
    await eventually(() => job.state === 'RUNNING');
    job.cancel('not needed');
    process.kill(pid, 'SIGKILL');
    await expect(job).rejects.toMatchObject({ reason: 'not needed' });
    expect(await pool.submit(tasks.echo, [1])).toBe(1);
    expect(log.lines).toEqual([]);
  });
});

test.each([1, 3])(
  'processes that are killed at any moment begin each job at most once (concurrency %i)',
  async (concurrency) => {
    using log = new FileLog();
    const random = new Random(concurrency);
    await using pool = new ThreadPool({ kind: 'process', maxWorkers: 2, concurrency });
    pool.on('jobFailed', () => {});
    const pids = new Set<number>();
    const jobs = Array.from({ length: 120 }, (_, i) =>
      pool.submit(
        (path: string, id: number) => {
          process.getBuiltinModule('node:fs').appendFileSync(path, `${id}\n`);
          return process.pid;
        },
        [log.path, i],
      ),
    );
    for (const job of jobs)
      job.then(
        (pid) => pids.add(pid),
        () => {},
      );
    for (let kills = 0; kills < 6 && jobs.some((job) => job.state === 'PENDING' || job.state === 'RUNNING'); ) {
      for (let turns = random.integer(1, 40); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
      const pid = [...pids].at(-1);
      if (pid === undefined || !pids.delete(pid)) continue;
      try {
        process.kill(pid, 'SIGKILL');
        kills++;
      } catch {
        // it has ended
      }
    }
    await pool.waitAll();
    const begun = new Map<string, number>();
    for (const line of log.lines) begun.set(line, (begun.get(line) ?? 0) + 1);
    expect([...begun.values()].filter((count) => count !== 1)).toEqual([]);
    for (const [i, job] of jobs.entries()) {
      if (job.state === 'COMPLETED') expect(begun.get(String(i))).toBe(1);
      else expect(job.error).toMatchObject({ code: 'ERR_WORKER_EXITED' });
      expect(job.attempts).toBe(1);
    }
  },
);
