import { describe, expect, test } from '@jest/globals';
import { type CurrentJob, type Job, JobPriority, ThreadPool, type ThreadPoolOptions } from 'thread-system';
import { FileGate, gated } from '../../support/file-gate.ts';
import { Gate, occupy, occupyAsync, until } from '../../support/gate.ts';
import { OrderLog } from '../../support/order-log.ts';
import { tasks } from '../../support/tasks.ts';

const { LOW, NORMAL, HIGH, HIGHEST } = JobPriority;
const ONE_FOR_HIGH = [{ atLeast: HIGH, workers: 1 }];

const turn = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));
const workerStates = (pool: ThreadPool): string[] =>
  pool
    .metrics()
    .workers.map(({ state }) => state)
    .sort();
const states = (jobs: readonly Job[]): string[] => jobs.map(({ state }) => state);

/** Lets the pool know that jobs of `note` are short: from now on many are sent ahead. */
async function learnNote(pool: ThreadPool): Promise<void> {
  const log = new OrderLog(200);
  await Promise.all(pool.submitMany(tasks.note, Array(200).fill([log.words, 0])));
}

describe.each(['thread', 'process', 'inline'] as const)("in a pool of kind '%s'", (kind) => {
  test('jobs that aging has raised above others run on, though the free worker is kept from them', async () => {
    const aging = { everyMs: 5, step: 1 };
    await using pool = new ThreadPool({ kind, maxWorkers: 2, reserved: ONE_FOR_HIGH, aging });
    const family = async function (this: CurrentJob, value: number): Promise<number> {
      const child = async (n: number): Promise<number> => {
        await new Promise((resolve) => setTimeout(resolve, 3));
        return n;
      };
      return await this.submit(child, [value]);
    };
    const jobs = Array.from({ length: 150 }, (_, index) => pool.submit(family, [index], { priority: index % 5 }));
    expect(await Promise.all(jobs)).toEqual(jobs.map((_, index) => index));
  });

  test('a worker is kept free for urgent jobs, however many others wait', async () => {
    await using pool = new ThreadPool({ kind, maxWorkers: 2, reserved: ONE_FOR_HIGH });
    using gate = new FileGate();
    const others = [1, 2, 3].map((value) => pool.submit(gated.hold, [gate.path, value]));
    await gate.reachedBy(1);
    expect(await pool.submit(tasks.echo, ['urgent'], { priority: HIGH })).toBe('urgent');
    expect(await pool.submit(tasks.echo, ['more so'], { priority: 100 })).toBe('more so');
    expect(states(others)).toEqual(['RUNNING', 'PENDING', 'PENDING']);
    gate.open();
    expect(await Promise.all(others)).toEqual([1, 2, 3]);
  });
});

test('urgent jobs may have every worker', async () => {
  await using pool = new ThreadPool({ maxWorkers: 3, reserved: ONE_FOR_HIGH });
  using gate = await occupy(pool, 3, { priority: HIGH });
  expect(states(gate.jobs)).toEqual(['RUNNING', 'RUNNING', 'RUNNING']);
});

test('several entries add up: the more urgent a job, the more workers it may have', async () => {
  await using pool = new ThreadPool({
    maxWorkers: 4,
    reserved: [
      { atLeast: HIGHEST, workers: 1 },
      { atLeast: HIGH, workers: 1 },
    ],
  });
  using gate = new Gate();
  const hold = (priority: number) =>
    pool.submitMany(
      tasks.hold,
      Array.from({ length: 4 }, (): [Int32Array] => [gate.words]),
      { priority },
    );
  const normal = hold(NORMAL);
  await gate.reachedBy(2);
  const high = hold(HIGH);
  await gate.reachedBy(3);
  const highest = hold(HIGHEST);
  await gate.reachedBy(4);
  await turn();
  const running = (jobs: readonly Job[]) => jobs.filter(({ state }) => state === 'RUNNING').length;
  expect([normal, high, highest].map(running)).toEqual([2, 1, 1]);
  gate.open();
});

test('jobs that are short are not sent ahead to the worker that is kept from them', async () => {
  await using pool = new ThreadPool({ maxWorkers: 2, reserved: ONE_FOR_HIGH });
  await learnNote(pool);
  using gate = await occupy(pool);
  const log = new OrderLog(200);
  const urgent = Array.from({ length: 20 }, (_, i) => pool.submit(tasks.note, [log.words, i], { priority: HIGH }));
  const others = Array.from({ length: 100 }, (_, i) => pool.submit(tasks.note, [log.words, 100 + i]));
  await Promise.all(urgent);
  const [busy] = gate.jobs;
  expect(urgent.every(({ workerId }) => workerId !== busy?.workerId)).toBe(true);
  // the kept worker has been through all its jobs; others that were sent there would have run
  await pool.submit(tasks.note, [log.words, 50], { priority: HIGHEST });
  expect(log.values).toEqual([...urgent.keys(), 50]);
  expect(new Set(states(others))).toEqual(new Set(['PENDING']));
  gate.open();
  await Promise.all(others);
});

test('what is taken back from a worker, and what is tried again, keeps to it', async () => {
  await using pool = new ThreadPool({ maxWorkers: 2, reserved: ONE_FOR_HIGH });
  await learnNote(pool);
  using gate = await occupy(pool);
  const log = new OrderLog(200);
  const others = Array.from({ length: 50 }, (_, i) => pool.submit(tasks.note, [log.words, i]));
  const flaky = pool.submit(tasks.failUntil, [2], { retry: { maxAttempts: 2 } });
  await turn();
  for (const [index, job] of others.entries()) if (index % 2 === 0) job.setPriority(LOW);
  expect(await pool.submit(tasks.echo, ['urgent'], { priority: HIGH })).toBe('urgent');
  pool.pause();
  pool.resume();
  await turn();
  expect(await pool.submit(tasks.echo, ['urgent'], { priority: HIGH })).toBe('urgent');
  expect(log.values).toEqual([]);
  others[7]?.setPriority(HIGH); // now it is urgent, too
  await others[7];
  expect(log.values).toEqual([7]);
  gate.open();
  expect(await flaky).toBe(2);
  await Promise.all(others);
});

test('urgent jobs that were sent behind others go to the kept worker when it is free', async () => {
  await using pool = new ThreadPool({ maxWorkers: 2, reserved: ONE_FOR_HIGH });
  await learnNote(pool);
  using gate = await occupy(pool);
  using kept = await occupy(pool, 1, { priority: HIGH });
  const log = new OrderLog(200);
  const urgent = Array.from({ length: 100 }, (_, i) => pool.submit(tasks.note, [log.words, i], { priority: HIGH }));
  const others = Array.from({ length: 100 }, (_, i) => pool.submit(tasks.note, [log.words, 100 + i]));
  await turn();
  kept.open();
  await Promise.all(urgent);
  expect(log.values.slice(0, 100).sort((a, b) => a - b)).toEqual([...urgent.keys()]);
  expect(new Set(states(others))).toEqual(new Set(['PENDING']));
  gate.open();
  await Promise.all(others);
});

test('with concurrency the others share the workers that they may have', async () => {
  await using pool = new ThreadPool({ maxWorkers: 2, concurrency: 3, reserved: ONE_FOR_HIGH });
  using gate = new Gate();
  const others = pool.submitMany(
    tasks.holdAsync,
    Array.from({ length: 5 }, (): [Int32Array] => [gate.words]),
  );
  await gate.reachedBy(3);
  const urgent = pool.submit(tasks.echo, ['urgent'], { priority: HIGH });
  expect(await urgent).toBe('urgent');
  const running = others.filter(({ state }) => state === 'RUNNING');
  expect(new Set(running.map(({ workerId }) => workerId)).size).toBe(1);
  expect(running.length).toBe(3);
  gate.open();
  await Promise.all(others);
});

test('parents that wait for their children, deeper than the pool, keep to it and come to an end', async () => {
  await using pool = new ThreadPool({ maxWorkers: 2, reserved: ONE_FOR_HIGH });
  const depth = async function count(this: { submit: (...args: unknown[]) => PromiseLike<number> }, left: number) {
    return left === 0 ? 0 : 1 + (await this.submit(count, [left - 1]));
  };
  expect(await pool.submit(depth as never, [10] as never)).toBe(10);
});

describe('the kept worker', () => {
  test('is started ahead, as soon as others run', async () => {
    await using pool = new ThreadPool({ maxWorkers: 3, reserved: ONE_FOR_HIGH });
    using gate = await occupy(pool);
    await until(() => pool.metrics().workers.some(({ state }) => state === 'idle'));
    expect(workerStates(pool)).toEqual(['busy', 'idle']);
    gate.open();
  });

  test('is not ended for being idle while others run', async () => {
    await using pool = new ThreadPool({ maxWorkers: 3, minWorkers: 0, idleTimeoutMs: 20, reserved: ONE_FOR_HIGH });
    using all = await occupyAsync(pool);
    using gate = await occupy(pool, 2, { priority: HIGH });
    const exited = new Promise<unknown>((resolve) => pool.on('workerExited', resolve));
    gate.open();
    await exited;
    expect(workerStates(pool)).toEqual(['busy', 'idle']);
    all.open();
    await until(() => pool.metrics().workers.length === 0);
  });

  test('is replaced when it dies', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2, reserved: ONE_FOR_HIGH });
    using gate = await occupy(pool);
    await expect(pool.submit(tasks.exit, [1], { priority: HIGH })).rejects.toMatchObject({ exitCode: 1 });
    expect(await pool.submit(tasks.echo, ['urgent'], { priority: HIGH })).toBe('urgent');
    gate.open();
  });
});

test('a bounded queue counts the kept workers for urgent jobs only', async () => {
  await using pool = new ThreadPool({ maxWorkers: 2, maxQueue: 1, reserved: ONE_FOR_HIGH });
  using gate = await occupy(pool);
  const waiting = pool.submit(tasks.echo, [1]);
  const refused = pool.submit(tasks.echo, [2]);
  await expect(refused).rejects.toMatchObject({ code: 'ERR_QUEUE_FULL' });
  expect(await pool.submit(tasks.echo, [3], { priority: HIGH })).toBe(3);
  expect(waiting.state).toBe('PENDING');
  gate.open();
  expect(await waiting).toBe(1);
});

test('resize changes how many the others may have', async () => {
  await using pool = new ThreadPool({ maxWorkers: 2, reserved: ONE_FOR_HIGH });
  using gate = new Gate();
  const others = pool.submitMany(
    tasks.hold,
    Array.from({ length: 4 }, (): [Int32Array] => [gate.words]),
  );
  await gate.reachedBy(1);
  pool.resize(4);
  await gate.reachedBy(3);
  expect(await pool.submit(tasks.echo, ['urgent'], { priority: HIGH })).toBe('urgent');
  expect(others.filter(({ state }) => state === 'PENDING').length).toBe(1);
  gate.open();
  await Promise.all(others);
  expect(() => pool.resize(1)).toThrow(
    new RangeError(
      'Cannot resize pool: reserved must leave at least one of maxWorkers for other jobs, received 1 reserved of 1',
    ),
  );
});

test('whatever comes, those below the threshold never have more workers than they may', async () => {
  await using pool = new ThreadPool({ maxWorkers: 4, reserved: [{ atLeast: HIGH, workers: 2 }] });
  // [those that run, the most that did]
  const words = new Int32Array(new SharedArrayBuffer(8));
  const work = (counts: Int32Array, turns: number, fails: boolean) => {
    const running = 1 + Atomics.add(counts, 0, 1);
    for (let most = Atomics.load(counts, 1); most < running; most = Atomics.load(counts, 1))
      Atomics.compareExchange(counts, 1, most, running);
    for (let i = 0; i < turns; i++) Math.hypot(i, i);
    Atomics.sub(counts, 0, 1);
    if (fails) throw new Error('again');
  };
  pool.on('jobFailed', () => {});
  const jobs: Job[] = [];
  for (let i = 0; i < 3000; i++) {
    const turns = [10, 100, 1000, 50_000][i % 4] ?? 0;
    if (i % 5 === 0) jobs.push(pool.submit(tasks.echo, [i], { priority: HIGH + (i % 2) }));
    const options = i % 7 === 0 ? { retry: { maxAttempts: 2 } } : {};
    const job = pool.submit(work, [words, turns, i % 21 === 0], { priority: i % 3, ...options });
    jobs.push(job);
    if (i % 11 === 0) jobs.at(-5)?.setPriority(i % 3);
    if (i % 13 === 0) jobs.at(-9)?.cancel();
    if (i % 100 === 0) await turn();
  }
  await pool.waitAll();
  expect(words[0]).toBe(0);
  expect(words[1]).toBeLessThanOrEqual(2);
  expect(words[1]).toBeGreaterThan(0);
  expect(pool.metrics()).toMatchObject({ submitted: jobs.length, pending: 0, active: 0 });
});

test.each<[unknown, typeof TypeError | typeof RangeError, string]>([
  [{ reserved: {} }, TypeError, 'Cannot create pool: reserved must be an array, received an object'],
  [{ reserved: [1] }, TypeError, 'Cannot create pool: reserved[0] must be an object, received 1'],
  [
    { reserved: [{ workers: 1 }] },
    TypeError,
    'Cannot create pool: reserved[0].atLeast must be a finite number, received undefined',
  ],
  [
    { reserved: [{ atLeast: 3, workers: 0 }] },
    RangeError,
    'Cannot create pool: reserved[0].workers must be a whole number, 1 or more, received 0',
  ],
  [
    { reserved: [{ atLeast: 3, workers: 1.5 }] },
    RangeError,
    'Cannot create pool: reserved[0].workers must be a whole number, 1 or more, received 1.5',
  ],
  [
    { reserved: [{ atLeast: 3, workers: '1' }] },
    TypeError,
    "Cannot create pool: reserved[0].workers must be a whole number, received '1'",
  ],
  [
    { reserved: [{ atleast: 3, workers: 1 }] },
    TypeError,
    "Cannot create pool with reserved[0]: there is no option 'atleast' (did you mean 'atLeast'?); the options are atLeast, workers",
  ],
  [
    {
      maxWorkers: 3,
      reserved: [
        { atLeast: 3, workers: 2 },
        { atLeast: 4, workers: 1 },
      ],
    },
    RangeError,
    'Cannot create pool: reserved must leave at least one of maxWorkers for other jobs, received 3 reserved of 3',
  ],
])('%j is refused', (options, errorClass, message) => {
  const create = () => new ThreadPool({ maxWorkers: 8, ...(options as ThreadPoolOptions) });
  expect(create).toThrow(errorClass);
  expect(create).toThrow(message);
});
