import { describe, expect, test } from '@jest/globals';

const { WorkerChoice } = await import('../../../build/core/dispatch/worker-choice.js');
const { learnRun } = await import('../../../build/core/dispatch/run-estimate.js');
const { Job } = await import('../../../build/jobs/job.js');
const { taskOf } = await import('../../../build/jobs/job-engine.js');
const { TICKS_PER_MS } = await import('../../../build/base/ticks.js');

type Job = InstanceType<typeof Job>;
type Choice = InstanceType<typeof WorkerChoice>;

const PROCESSORS = 2;
/** When the pass begins at which workers are judged, in ms: in the future, as some parts read the clock themselves. */
const NOW_MS = 1e12;
const MICROSECOND = TICKS_PER_MS / 1_000;

interface Flags {
  readonly state?: string;
  readonly isReady?: boolean;
  readonly isBlocked?: boolean;
  readonly isStalled?: boolean;
  readonly hasRoom?: boolean;
  /** Jobs, and how many of them have not begun. */
  readonly size?: number;
  readonly waiting?: number;
  /** How long each is expected to run, in µs. */
  readonly each?: number;
  readonly progressAtMs?: number;
  readonly hasAnswered?: boolean;
  readonly isOutranked?: boolean;
}

const IDLE: Flags = { size: 0 };
const RUNNING: Flags = {};
const LATE: Flags = { progressAtMs: NOW_MS - 1 };

/** A worker that runs one brief job and has made progress just now, unless the flags say otherwise. */
function workerOf(flags: Flags): object {
  const { size = 1, waiting = 0, each = 1, isOutranked = false, hasAnswered = false, ...rest } = flags;
  return {
    ...{
      state: 'ready',
      isReady: true,
      takesEarly: false,
      isBlocked: false,
      isStalled: false,
      hasRoom: true,
      jobsLeft: 1e3,
    },
    ...{ isIdle: size === 0, isFree: size === 0, concurrency: 1, progressAtMs: NOW_MS, ...rest },
    results: { isEmpty: !hasAnswered },
    inFlight: {
      ...{ size, waitingCount: waiting, hasWaiting: waiting > 0, backlogTicks: size * each * MICROSECOND },
      ...{ lowestTier: 0, onlyKind: undefined, firstWaitingJob: undefined, lastTask: undefined },
      ...{ wouldOutrank: () => isOutranked, wouldOvertake: () => isOutranked },
    },
  };
}

/** Chooses among workers of a pool that may have so many, and returns their indices. */
function choiceOf(flags: readonly Flags[], maxWorkers = 32): { choice: Choice; all: readonly object[] } {
  const all = flags.map(workerOf);
  const choice = new WorkerChoice({ all, maxWorkers, isFull: false } as never, undefined, PROCESSORS);
  choice.beginPass(NOW_MS);
  return { choice, all };
}

/** Index of the worker that the job would be sent to; -1 if it stays in the queue. */
function pickedOf(flags: readonly Flags[], job: Job, maxWorkers = 32): number {
  const { choice, all } = choiceOf(flags, maxWorkers);
  return all.indexOf(choice.pick(job) as object);
}

/** A job of a task whose runs have taken so many µs. */
function jobOf(runs: readonly number[], options = {}): Job {
  const job = new Job(() => undefined, [], options);
  Object.assign(taskOf(job), { estimate: -1, shortest: 2 ** 29, isSuspect: false }); // functions of one text are one task
  for (const run of runs) learnRun(taskOf(job), run * MICROSECOND);
  return job;
}

const brief = (options = {}): Job => jobOf(new Array(20).fill(1), options);

describe('while as many workers as there are processors run brief jobs, another brief job', () => {
  test('goes behind the fewest of these, and leaves idle workers asleep', () => {
    expect(pickedOf([{ size: 3 }, IDLE, { size: 2 }, IDLE], brief())).toBe(2);
  });

  test('waits in the queue where these have a full window', () => {
    expect(pickedOf([{ size: 1000, waiting: 999 }, IDLE, { size: 1000, waiting: 999 }], brief())).toBe(-1);
  });

  test('is not taken for one that an idle worker would begin at once', () => {
    expect(choiceOf([RUNNING, IDLE, RUNNING]).choice.pickFree(brief())).toBeUndefined();
  });

  test('is spread over as many workers, and needs no others to be started', () => {
    const { choice } = choiceOf([RUNNING, IDLE, RUNNING, IDLE]);
    expect(choice.spreadOf(brief())).toBe(2);
    expect(choice.leavesIdle(brief())).toBe(true);
    expect(choice.usefulFor(brief(), 100)).toBe(0);
    expect(choiceOf([RUNNING, IDLE]).choice.usefulFor(brief(), 100)).toBe(1);
    expect(choiceOf([]).choice.usefulFor(brief(), 100)).toBe(2);
    expect(choiceOf([{ state: 'starting', isReady: false }]).choice.usefulFor(brief(), 100)).toBe(1);
  });

  test('is sent at once in place of an idle worker, as long as there are as many workers as jobs', () => {
    const { choice, all } = choiceOf([{ size: 16 }, IDLE, { size: 15, waiting: 15, ...LATE }, IDLE]);
    expect(choice.pickStandIn(brief())).toBe(all[2]);
    expect(choiceOf([{ size: 16 }, IDLE, { size: 16 }]).choice.pickStandIn(brief())).toBeUndefined();
    expect(choiceOf([RUNNING, IDLE]).choice.pickStandIn(brief())).toBeUndefined();
  });
});

describe('a brief job goes to an idle worker', () => {
  test.each<[string, Flags]>([
    ['is blocked', { isBlocked: true }],
    ['is overdue', LATE],
    ['is stalled', { isStalled: true }],
    ['runs a long job', { each: 500 }],
    ['has jobs that it outranks', { isOutranked: true }],
  ])('if one of the others %s', (_, flags) => {
    expect(pickedOf([flags, RUNNING, IDLE], brief())).toBe(2);
    expect(choiceOf([flags, RUNNING, IDLE]).choice.leavesIdle(brief())).toBe(false);
  });

  test('if fewer run than there are processors', () => {
    expect(pickedOf([RUNNING, IDLE, IDLE], brief())).toBe(1);
  });

  test('if the pool may have no more workers than there are processors', () => {
    const { choice } = choiceOf([RUNNING, RUNNING, IDLE], PROCESSORS);
    expect(pickedOf([RUNNING, RUNNING, IDLE], brief(), PROCESSORS)).toBe(2);
    expect(choice.spreadOf(brief())).toBe(3);
    expect(choice.usefulFor(brief(), 100)).toBe(100);
    expect(choice.pickStandIn(brief())).toBeUndefined();
  });

  test('not if a worker is late only as its answers are unread, or it has not begun', () => {
    expect(choiceOf([{ ...LATE, hasAnswered: true }, RUNNING, IDLE]).choice.leavesIdle(brief())).toBe(true);
    expect(choiceOf([{ ...LATE, size: 2, waiting: 2 }, RUNNING, IDLE]).choice.leavesIdle(brief())).toBe(true);
    expect(choiceOf([{ ...LATE, size: 2, waiting: 1 }, RUNNING, IDLE]).choice.leavesIdle(brief())).toBe(false);
  });

  test('if one is stalled, until twice as many run as there are processors', () => {
    const stalled = { isStalled: true };
    expect(pickedOf([stalled, RUNNING, RUNNING, RUNNING, IDLE], brief())).toBe(4);
    expect(choiceOf([stalled, RUNNING, RUNNING, RUNNING, RUNNING]).choice.spreadOf(brief())).toBe(4);
    expect(choiceOf([stalled, RUNNING, RUNNING, RUNNING, RUNNING, IDLE]).choice.leavesIdle(brief())).toBe(true);
    expect(choiceOf([stalled, stalled, stalled, IDLE]).choice.usefulFor(brief(), 100)).toBe(16);
  });
});

describe('other jobs go to idle workers, as their task', () => {
  test.each<[string, () => Job]>([
    ['has never run', () => jobOf([])],
    ['takes longer than to wake a thread', () => jobOf(new Array(200).fill(50))],
    ['takes long', () => jobOf(new Array(200).fill(1_000))],
    ['has arguments that are moved', () => brief({ transfer: [new ArrayBuffer(8)] })],
  ])('%s', (_, make) => {
    expect(pickedOf([RUNNING, RUNNING, IDLE], make())).toBe(2);
    expect(choiceOf([RUNNING, RUNNING, IDLE]).choice.usefulFor(make(), 100)).toBe(100);
  });
});

test('a task whose runs are long only on threads that were woken is brief', () => {
  const runs = Array.from({ length: 200 }, (_, index) => (index % 8 === 0 ? 5 : 60));
  expect(pickedOf([RUNNING, RUNNING, IDLE], jobOf(runs))).toBe(0);
  expect(pickedOf([RUNNING, RUNNING, IDLE], jobOf([...runs, ...new Array(100).fill(60)]))).toBe(2);
});
