import { describe, expect, test } from '@jest/globals';
import { ThreadPool, type ThreadPoolOptions } from 'thread-system';
import type { PlacedJobsDeps } from '../../../build/core/dispatch/placed-jobs.js';
import { occupy, until } from '../../support/gate.ts';
import { tasks } from '../../support/tasks.ts';

const { PlacedJobs } = await import('../../../build/core/dispatch/placed-jobs.js');
const { Job } = await import('../../../build/jobs/job.js');
const { setOwner } = await import('../../../build/jobs/job-access.js');

type Job = InstanceType<typeof Job>;

/** A free worker that takes every job it is sent, and begins those in `begun` only. */
function placedJobs() {
  const begun = new Set<Job>();
  const sent: Job[] = [];
  const worker = {
    ...{ isOpen: true, isReady: true, isFree: true, isIdle: true, suspended: new Map(), lifecycle: {} },
    hasBegun: () => sent.some((job) => begun.has(job)),
  };
  const placed = new PlacedJobs({
    workers: { all: [worker] },
    reserve: undefined,
    idleTimeoutMs: Number.POSITIVE_INFINITY,
    send: (to: typeof worker, job: Job) => {
      sent.push(job);
      setOwner(job, to as never);
      return true;
    },
  } as unknown as PlacedJobsDeps);
  return { placed, begun, sent };
}

const jobOf = (name: string): Job => new Job(() => undefined, [], { name, affinity: 'key' });

describe('jobs of one affinity', () => {
  test('are sent once the one before has begun', () => {
    const { placed, begun, sent } = placedJobs();
    const [first, second] = [jobOf('first'), jobOf('second')];
    placed.add(first);
    placed.add(second);
    expect(placed.sendOne(undefined)).toBe(true);
    expect(placed.sendOne(undefined)).toBe(false);
    begun.add(first);
    expect(placed.sendOne(undefined)).toBe(true);
    expect(sent).toEqual([first, second]);
  });

  test('are sent again after they were taken back: none waits for itself', () => {
    const { placed, begun, sent } = placedJobs();
    const [first, second] = [jobOf('first'), jobOf('second')];
    placed.add(first);
    expect(placed.sendOne(undefined)).toBe(true);
    placed.add(second);
    placed.add(first); // the worker was not to begin it
    expect(placed.sendOne(undefined)).toBe(true);
    begun.add(first);
    expect(placed.sendOne(undefined)).toBe(true);
    expect(sent).toEqual([first, first, second]);
  });
});

/** What `look` gives while a job with a key waits for the worker that another job of the key occupies. */
async function whileOneWaits<T>(
  options: ThreadPoolOptions,
  look: (pool: ThreadPool, waiting: PromiseLike<unknown>) => T | PromiseLike<T>,
): Promise<T> {
  await using pool = new ThreadPool({ maxWorkers: 1, ...options });
  using _gate = await occupy(pool, 1, { affinity: 'key' }); // opens before the pool is shut down
  const waiting = pool.submit(tasks.echo, [1], { affinity: 'key' });
  await new Promise((resolve) => setImmediate(resolve)); // sent with its batch, it is set aside
  return await look(pool, waiting);
}

describe('a job that waits for a certain worker', () => {
  test('starves like any other', async () => {
    const starving = await whileOneWaits(
      { aging: { everyMs: 1000, step: 1, starvationMs: 20 } },
      (pool, waiting) => new Promise((resolve) => pool.on('starvation', (job) => resolve(job === waiting))),
    );
    expect(starving).toBe(true);
  });

  test('is the oldest of those that wait', async () => {
    await whileOneWaits({}, (pool) => until(() => pool.metrics().oldestMs > 0));
  });

  test.each(['dropOldest', 'dropLowest'] as const)('makes room for another: %s', async (overflow) => {
    const dropped = await whileOneWaits({ maxQueue: 1, overflow }, async (pool, waiting) => {
      const next = pool.submit(tasks.echo, [2], { priority: 9 });
      next.catch(() => {});
      return await Promise.resolve(waiting).catch(({ code }) => code);
    });
    expect(dropped).toBe('ERR_QUEUE_FULL');
  });
});
