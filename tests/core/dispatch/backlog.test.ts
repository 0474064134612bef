import { describe, expect, test } from '@jest/globals';
import type { BacklogDeps } from '../../../build/core/dispatch/backlog.js';
import type { ReservedWorkers } from '../../../build/core/options/reserved-workers.js';

const { Backlog } = await import('../../../build/core/dispatch/backlog.js');
const { JobQueue } = await import('../../../build/core/dispatch/job-queue.js');
const { Reserve } = await import('../../../build/core/dispatch/reserve.js');
const { Job } = await import('../../../build/jobs/job.js');
const { JobPriority } = await import('../../../build/jobs/job-priority.js');
const { TICKS_PER_MS } = await import('../../../build/base/ticks.js');

type Job = InstanceType<typeof Job>;

const { NORMAL, HIGH, HIGHEST } = JobPriority;

interface Flags {
  readonly isComing?: boolean;
  readonly isReady?: boolean;
  readonly isFree?: boolean;
  readonly isIdle?: boolean;
  readonly isStalled?: boolean;
  readonly isBlocked?: boolean;
  readonly hasRoom?: boolean;
  readonly size?: number;
  readonly waiting?: number;
  readonly backlogTicks?: number;
  readonly lowestTier?: number;
}

/** A backlog over workers that are ready, busy, and have room, unless they say otherwise. */
function backlogOf(
  workers: readonly Flags[],
  queued: readonly Job[] = [],
  reserved: readonly ReservedWorkers[] = [],
  useful = Number.POSITIVE_INFINITY,
): InstanceType<typeof Backlog> {
  const all = workers.map(
    ({ size = 0, waiting = 0, backlogTicks = 0, lowestTier = Number.POSITIVE_INFINITY, ...flags }) => ({
      ...{ state: 'ready', isComing: false, isReady: true, isFree: false, isIdle: false },
      ...{ isStalled: false, isBlocked: false, hasRoom: true, ...flags },
      inFlight: { size, waitingCount: waiting, hasWaiting: waiting > 0, backlogTicks, lowestTier },
    }),
  );
  const queue = new JobQueue<Job>();
  for (const job of queued) queue.insert(job);
  const reserve = Reserve.of(reserved, { all, maxWorkers: all.length } as never);
  const dispatcher = { isDue: queue.size > 0 };
  const choice = { usefulFor: (_: Job, count: number) => Math.min(count, useful) };
  return new Backlog({ queue, workers: { all }, reserve, choice, dispatcher } as unknown as BacklogDeps);
}

function jobOf(priority: number = NORMAL): Job {
  return new Job(() => undefined, [], { priority });
}

function jobThatTransfers(): Job {
  const bytes = new ArrayBuffer(8);
  return new Job(() => undefined, [], { transfer: [bytes] });
}

const COMING: Flags = { isComing: true, isReady: false };
const BUSY: Flags = { size: 1, lowestTier: 0 };
/** Has a job, and may run more beside it. */
const FREE: Flags = { size: 1, isFree: true, lowestTier: 0 };
const IDLE: Flags = { isFree: true, isIdle: true };

test('jobs that workers were sent and have not begun are not active', () => {
  expect(backlogOf([{ size: 3, waiting: 2 }, { size: 1 }, {}]).activeCount).toBe(2);
});

test('the longest backlog is that of one worker, not of all', () => {
  expect(backlogOf([{ backlogTicks: 2 * TICKS_PER_MS }, { backlogTicks: 3 * TICKS_PER_MS }]).longestMs).toBe(3);
  expect(backlogOf([]).longestMs).toBe(0);
});

test('workers need watching while jobs wait at one that is ready', () => {
  expect(backlogOf([{ size: 1 }, { size: 2, waiting: 1 }]).needsWatching).toBe(true);
  expect(backlogOf([{ size: 2, waiting: 1, isReady: false }]).needsWatching).toBe(false);
  expect(backlogOf([{ size: 1 }]).needsWatching).toBe(false);
});

test.each<[string, Flags]>([
  ['free', { isFree: true }],
  ['stalled', { isStalled: true }],
  ['blocked', { isBlocked: true }],
  ['full of entries that were taken back', { hasRoom: false }],
])('they do while jobs are queued and one is %s', (_, flags) => {
  expect(backlogOf([flags], [jobOf()]).needsWatching).toBe(true);
  expect(backlogOf([flags]).needsWatching).toBe(false);
});

test('they do not for a free worker that is kept from the first job', () => {
  const one = [{ atLeast: HIGH, workers: 1 }];
  expect(backlogOf([BUSY, IDLE], [jobOf()], one).needsWatching).toBe(false);
  expect(backlogOf([BUSY, IDLE], [jobOf(), jobOf(HIGH)], one).needsWatching).toBe(true);
});

describe('the queue wants', () => {
  test('a worker for each job, less those that come or are free', () => {
    const jobs = Array.from({ length: 5 }, () => jobOf());
    expect(backlogOf([], jobs).wantedWorkers).toBe(5);
    expect(backlogOf([BUSY, BUSY], jobs).wantedWorkers).toBe(5);
    expect(backlogOf([COMING, FREE, IDLE, BUSY], jobs).wantedWorkers).toBe(2);
  });

  test('no more than are of use to jobs like its first, less those that come or are free', () => {
    const jobs = Array.from({ length: 5 }, () => jobOf());
    const cut = backlogOf([BUSY, IDLE], jobs, [], 3);
    expect(cut.wantedWorkers).toBe(2);
    expect(cut.isCut).toBe(true);
    const whole = backlogOf([BUSY, IDLE], jobs, [], 5);
    expect(whole.wantedWorkers).toBe(4);
    expect(whole.isCut).toBe(false);
  });

  test('none if as many come or are free as there are jobs, or more', () => {
    expect(backlogOf([COMING, IDLE], [jobOf(), jobOf()]).wantedWorkers).toBe(0);
    expect(backlogOf([COMING, FREE, IDLE], [jobOf()]).wantedWorkers).toBe(0);
  });

  test('none while it is empty, although workers are reserved', () => {
    expect(backlogOf([]).wantedWorkers).toBe(0);
    expect(backlogOf([BUSY, BUSY], [], [{ atLeast: HIGH, workers: 1 }]).wantedWorkers).toBe(0);
  });

  test('besides, those that are kept from its first job', () => {
    const reserved = [
      { atLeast: HIGH, workers: 1 },
      { atLeast: HIGHEST, workers: 2 },
    ];
    expect(backlogOf([BUSY], [jobOf(NORMAL)], reserved).wantedWorkers).toBe(1 + 3);
    expect(backlogOf([BUSY], [jobOf(NORMAL), jobOf(HIGH)], reserved).wantedWorkers).toBe(2 + 2);
    expect(backlogOf([BUSY], [jobOf(HIGHEST), jobOf(NORMAL)], reserved).wantedWorkers).toBe(2);
  });

  test('none besides if those that come or are free are enough for the reserve too', () => {
    const reserved = [{ atLeast: HIGH, workers: 1 }];
    expect(backlogOf([BUSY, IDLE], [jobOf()], reserved).wantedWorkers).toBe(1);
    expect(backlogOf([BUSY, IDLE, COMING], [jobOf()], reserved).wantedWorkers).toBe(0);
  });

  test('a worker that is idle, or comes, for a first job with transfer: one that is only free does not do', () => {
    expect(backlogOf([FREE], [jobThatTransfers()]).wantedWorkers).toBe(1);
    expect(backlogOf([FREE, IDLE], [jobThatTransfers()]).wantedWorkers).toBe(0);
    expect(backlogOf([FREE, COMING], [jobThatTransfers()]).wantedWorkers).toBe(0);
    expect(backlogOf([FREE, FREE], [jobOf(), jobThatTransfers()]).wantedWorkers).toBe(0);
  });
});
