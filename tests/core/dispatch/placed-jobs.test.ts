import { describe, expect, test } from '@jest/globals';
import type { PlacedJobsDeps } from '../../../build/core/dispatch/placed-jobs.js';

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
