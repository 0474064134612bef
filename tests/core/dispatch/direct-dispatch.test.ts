import { describe, expect, test } from '@jest/globals';
import { type Job, JobPriority, ThreadPool } from 'thread-system';
import { until } from '../../support/gate.ts';

/** The how-many-th it is that begins on its worker. */
const count = (): number => {
  const thread = globalThis as { begun?: number };
  thread.begun = (thread.begun ?? 0) + 1;
  return thread.begun;
};
/** So many jobs of a run of submissions are sent at once; those that follow go to workers as they come. */
const SENT_FIRST = 65;
/** Not so long that the next are sent before it ends. */
const RUN = 120;

/** Lets the pool's one worker learn how short the task is. */
async function warmUp(pool: ThreadPool): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await Promise.all(Array.from({ length: 100 }, () => pool.submit(count)));
}

/** What the first job after that returns. */
const NEXT = 301;

function submitRun(pool: ThreadPool): Job<number>[] {
  return Array.from({ length: RUN }, () => pool.submit(count));
}

describe('many short jobs that are alike, submitted in one run,', () => {
  test('begin in the order of submission', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await warmUp(pool);
    const jobs = Array.from({ length: 10_000 }, () => pool.submit(count));
    await pool.waitAll();
    expect(jobs.map((job) => job.result)).toEqual(jobs.map((_, index) => NEXT + index));
    expect(jobs.every((job) => job.executionMs >= 0 && job.queuedMs >= 0 && job.workerId === 0)).toBe(true);
  });

  test('are PENDING until it ends, and then let a more urgent one go first', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await warmUp(pool);
    const jobs = submitRun(pool);
    const urgent = pool.submit(count, [], { priority: JobPriority.HIGHEST });
    expect(jobs.at(-1)?.state).toBe('PENDING');
    await pool.waitAll();
    expect(urgent.result).toBeLessThanOrEqual(NEXT + SENT_FIRST);
    const others = jobs.map((job) => job.result ?? 0);
    expect(others).toEqual(others.toSorted((a, b) => a - b));
  });

  test('can each be cancelled, and given another priority', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await warmUp(pool);
    const jobs = submitRun(pool);
    const [cancelled, raised, lowered] = [jobs[RUN - 1], jobs[RUN - 2], jobs[RUN - 3]];
    expect(cancelled?.cancel()).toBe(true);
    expect(cancelled?.state).toBe('CANCELLED');
    expect(raised?.setPriority(JobPriority.HIGHEST)).toBe(true);
    expect(lowered?.setPriority(JobPriority.LOWEST)).toBe(true);
    const behind = pool.submit(count);
    await pool.waitAll();
    expect(raised?.result).toBeLessThanOrEqual(NEXT + SENT_FIRST);
    expect(lowered?.result).toBe(NEXT + RUN - 1);
    expect(behind.result).toBe(NEXT + RUN - 2);
    expect(cancelled?.attempts).toBe(0);
  });

  test('are held back by a pause', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await warmUp(pool);
    const jobs = submitRun(pool);
    pool.pause();
    jobs.push(...submitRun(pool));
    await until(() => pool.metrics().active === 0);
    expect(jobs.slice(SENT_FIRST).every((job) => job.state === 'PENDING')).toBe(true);
    pool.resume();
    await pool.waitAll();
    expect(jobs.map((job) => job.result)).toEqual(Array.from({ length: 2 * RUN }, (_, index) => NEXT + index));
  });

  test('fail one by one where their arguments cannot cross', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const kind = (value: unknown): string => typeof value;
    await Promise.all(Array.from({ length: 100 }, (_, index) => pool.submit(kind, [index])));
    const jobs = Array.from({ length: 300 }, (_, index) =>
      pool.submit(kind, [index === 200 ? () => {} : index % 3 === 0 ? new Uint8Array(8) : index]),
    );
    await pool.waitAll();
    expect(jobs[200]?.error).toMatchObject({ code: 'ERR_NOT_CLONEABLE', path: 'args[0]' });
    expect(jobs.map((job) => job.result)).toEqual(
      Array.from({ length: 300 }, (_, index) => (index === 200 ? undefined : index % 3 === 0 ? 'object' : 'number')),
    );
  });
});
