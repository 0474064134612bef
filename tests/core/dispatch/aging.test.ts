import { describe, expect, test } from '@jest/globals';
import { type Job, JobPriority, ThreadPool, type ThreadPoolOptions } from 'thread-system';
import { Gate, occupy, until } from '../../support/gate.ts';
import { runProgram } from '../../support/program.ts';
import { tasks } from '../../support/tasks.ts';

const { LOWEST, LOW, NORMAL, HIGH, HIGHEST } = JobPriority;

/** Resolves when so much time has passed, and the batch of jobs in hand is over. However late, it holds for what follows. */
async function passed(ms: number): Promise<void> {
  const end = performance.now() + ms;
  await until(() => performance.now() > end);
}

/** A job at a gate of its own, with the span of time in which it was submitted. */
interface Turn {
  readonly gate: Gate;
  readonly job: Job<number>;
  readonly afterMs: number;
  readonly beforeMs: number;
}

/** Submits a job in a batch of its own. */
async function submitTurn(pool: ThreadPool, priority: number): Promise<Turn> {
  await new Promise((resolve) => setImmediate(resolve));
  const gate = new Gate();
  const afterMs = performance.now();
  const job = pool.submit(tasks.hold, [gate.words], { priority });
  return { gate, job, afterMs, beforeMs: performance.now() };
}

/**
 * While HIGH jobs run one after the other, and two of them always wait, lets a LOW one wait too, until it runs or `isOver`.
 * Answers the HIGH jobs that ran before it, and those that were waiting then.
 */
async function runInStream(
  pool: ThreadPool,
  isOver: (count: number) => boolean,
): Promise<{ low: Turn; hasStarted: boolean; before: Turn[]; waiting: Turn[] }> {
  const before: Turn[] = [];
  const waiting = [await submitTurn(pool, HIGH)];
  await waiting[0]?.gate.reachedBy(1);
  const low = await submitTurn(pool, LOW);
  waiting.push(await submitTurn(pool, HIGH));
  while (low.job.state === 'PENDING' && !isOver(before.length)) {
    waiting.push(await submitTurn(pool, HIGH));
    const [running, next] = waiting;
    if (running === undefined || next === undefined) throw new Error('the stream has ended');
    waiting.shift();
    before.push(running);
    running.gate.open();
    await until(() => next.job.state !== 'PENDING' || low.job.state !== 'PENDING');
  }
  const hasStarted = low.job.state !== 'PENDING';
  for (const { gate } of [low, ...waiting]) gate.open();
  return { low, hasStarted, before, waiting };
}

describe('in an endless stream of HIGH jobs', () => {
  test('a LOW job never starts without aging', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const { hasStarted, before } = await runInStream(pool, (count) => count === 1_000);
    expect(before).toHaveLength(1_000);
    expect(hasStarted).toBe(false);
  });

  test('with aging a LOW job starts before those that came 2 steps of time later, and after all others', async () => {
    const everyMs = 20;
    await using pool = new ThreadPool({ maxWorkers: 1, aging: { everyMs, step: 1 } });
    const givenUpMs = performance.now() + 20_000;
    const { low, hasStarted, before, waiting } = await runInStream(pool, () => performance.now() > givenUpMs);
    expect(hasStarted).toBe(true);
    expect(before.length).toBeGreaterThan(0);
    expect(waiting.length).toBeGreaterThan(0);
    const dueMs = 2 * everyMs;
    const tickMs = everyMs / 8;
    for (const high of before) expect(high.afterMs - low.beforeMs).toBeLessThan(dueMs + tickMs);
    for (const high of waiting) expect(high.beforeMs - low.afterMs).toBeGreaterThan(dueMs - tickMs);
  });
});

/** Runs jobs that `submit` submits while the pool is paused, and answers their names in the order in which they ran. */
async function orderOf(options: ThreadPoolOptions, submit: (pool: ThreadPool) => Promise<void>): Promise<string[]> {
  await using pool = new ThreadPool({ maxWorkers: 1, ...options });
  const order: string[] = [];
  pool.on('jobCompleted', (job) => order.push(job.name));
  pool.pause();
  await submit(pool);
  pool.resume();
  await pool.waitAll();
  return order;
}

const echo = (pool: ThreadPool, name: string, options: object = {}): Job =>
  pool.submit(tasks.echo, [name], { name, ...options });

describe.each(['thread', 'process', 'inline'] as const)('in a pool of kind %s', (kind) => {
  test('who has waited long enough goes first', async () => {
    const everyMs = 10;
    const order = await orderOf({ kind, aging: { everyMs, step: 1 } }, async (pool) => {
      for (const priority of [LOWEST, LOW, NORMAL]) echo(pool, `old ${priority}`, { priority });
      await passed(2 * everyMs);
      for (const priority of [LOW, NORMAL, HIGH, HIGHEST]) echo(pool, `new ${priority}`, { priority });
    });
    const isBefore = (a: string, b: string): boolean => order.indexOf(a) < order.indexOf(b);
    expect(order).toHaveLength(7);
    expect(order.filter((name) => name.startsWith('old'))).toEqual(['old 2', 'old 1', 'old 0']);
    expect(order.filter((name) => name.startsWith('new'))).toEqual(['new 4', 'new 3', 'new 2', 'new 1']);
    expect(isBefore('old 2', 'new 4') && isBefore('old 1', 'new 3') && isBefore('old 0', 'new 2')).toBe(true);
  });

  test('who has not stays where its priority puts it', async () => {
    const order = await orderOf({ kind, aging: { everyMs: 1e9, step: 4 } }, async (pool) => {
      for (const priority of [LOWEST, NORMAL, HIGHEST]) echo(pool, `old ${priority}`, { priority });
      await passed(5);
      for (const priority of [LOWEST, NORMAL, HIGHEST]) echo(pool, `new ${priority}`, { priority });
    });
    expect(order).toEqual(['old 4', 'new 4', 'old 2', 'new 2', 'old 0', 'new 0']);
  });
});

describe('an aged job', () => {
  const everyMs = 10;
  const aging = { everyMs, step: 1 };

  test('keeps its priority, for its task, its owner and the metrics', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, aging });
    pool.pause();
    const job = pool.submit(tasks.aboutMe, [], { priority: LOW });
    await passed(5 * everyMs);
    pool.resume();
    expect((await job).priority).toBe(LOW);
    expect(job.priority).toBe(LOW);
    expect(pool.metrics().byPriority).toEqual({ [LOW]: { submitted: 1, completed: 1, failed: 0, cancelled: 0 } });
  });

  test('keeps its age when its priority changes', async () => {
    const order = await orderOf({ aging }, async (pool) => {
      const old = echo(pool, 'old', { priority: LOWEST });
      await passed(2 * everyMs);
      expect(old.setPriority(LOW)).toBe(true);
      echo(pool, 'new', { priority: HIGH });
    });
    expect(order).toEqual(['old', 'new']);
  });

  test('keeps its age when it is tried again', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, aging });
    const order: string[] = [];
    pool.on('jobCompleted', (job) => order.push(job.name));
    using gate = new Gate();
    const old = pool.submit(
      (words: Int32Array) => {
        Atomics.wait(words, 0, 0);
        if (Atomics.add(words, 1, 1) === 0) throw new Error('the first attempt');
      },
      [gate.words],
      { name: 'old', priority: LOW, retry: { maxAttempts: 2 } },
    );
    await passed(2 * everyMs);
    echo(pool, 'new', { priority: HIGH });
    const retried = new Promise<void>((resolve) => pool.on('jobRetried', () => resolve()));
    await until(() => old.state === 'RUNNING');
    pool.pause(); // so that no other begins before the pool has heard of the failure
    gate.open();
    await retried;
    pool.resume();
    await pool.waitAll();
    expect(old.attempts).toBe(2);
    expect(order).toEqual(['old', 'new']);
  });

  test('keeps its age when it is taken back from a worker that dies', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, aging, graceMs: 0 });
    const order: string[] = [];
    pool.on('jobCompleted', (job) => order.push(job.name));
    await Promise.all(Array.from({ length: 300 }, () => echo(pool, 'warm'))); // known to be short: others are sent ahead
    order.length = 0;
    using gate = new Gate();
    const held = pool.submit(tasks.hold, [gate.words]);
    echo(pool, 'old', { priority: LOW });
    await gate.reachedBy(1);
    await passed(2 * everyMs);
    echo(pool, 'new', { priority: HIGH });
    held.cancel();
    await pool.waitAll();
    expect(order).toEqual(['old', 'new']);
  });

  test('is what a full queue drops last', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, aging, maxQueue: 1, overflow: 'dropLowest' });
    pool.on('jobFailed', () => {});
    using gate = await occupy(pool);
    const old = echo(pool, 'old', { priority: LOW });
    const young = echo(pool, 'young', { priority: HIGH });
    expect([old.state, young.state]).toEqual(['FAILED', 'PENDING']);
    await passed(2 * everyMs);
    const later = echo(pool, 'later', { priority: HIGHEST });
    expect([young.state, later.state]).toEqual(['PENDING', 'FAILED']);
    gate.open();
    for (const job of [old, later]) await expect(job).rejects.toMatchObject({ code: 'ERR_QUEUE_FULL' });
  });
});

test('a job does not age while it may not run', async () => {
  const everyMs = 100;
  await using other = new ThreadPool({ maxWorkers: 1 });
  using gate = await occupy(other);
  const order = await orderOf({ aging: { everyMs, step: 1 } }, async (pool) => {
    const [prerequisite] = gate.jobs as [Job];
    echo(pool, 'held', { priority: LOW, dependsOn: [prerequisite] });
    await passed(3 * everyMs);
    other.on('jobCompleted', () => echo(pool, 'new', { priority: HIGH }));
    gate.open();
    await prerequisite;
  });
  expect(order).toEqual(['new', 'held']);
});

test('front goes ahead of those that have waited no longer', async () => {
  const order = await orderOf({ aging: { everyMs: 1e9, step: 1 } }, async (pool) => {
    for (const name of ['a', 'b']) echo(pool, name);
    echo(pool, 'in front', { front: true });
  });
  expect(order).toEqual(['in front', 'a', 'b']);
});

test('times at which nobody waits any more take no memory', async () => {
  const { stdout, stderr } = await runProgram(
    `
    import { ThreadPool } from 'thread-system';
    const pool = new ThreadPool({ maxWorkers: 1, aging: { everyMs: 0.001, step: 1 } }); // each batch is another time
    pool.pause();
    pool.submit(() => {}, []); // waits all the while, and is next
    const rounds = async (count) => {
      for (let i = 0; i < count; i++) {
        pool.submit(() => {}, []).cancel();
        await null;
      }
      globalThis.gc();
      return process.memoryUsage().heapUsed;
    };
    const before = await rounds(2_000);
    const grown = (await rounds(100_000)) - before;
    console.log(grown < 4e6 ? 'kept nothing' : 'kept ' + grown + ' bytes');
    await pool.shutdown();
    `,
    { flags: ['--expose-gc'] },
  );
  expect({ stdout, stderr }).toEqual({ stdout: 'kept nothing\n', stderr: '' });
});

test.each<[unknown, typeof TypeError | typeof RangeError, string]>([
  [true, TypeError, 'aging must be an object, received true'],
  [null, TypeError, 'aging must be an object, received null'],
  [{}, TypeError, 'aging.everyMs must be a finite number above 0, received undefined'],
  [{ everyMs: 10 }, TypeError, 'aging.step must be a finite number above 0, received undefined'],
  [{ everyMs: 0, step: 1 }, RangeError, 'aging.everyMs must be a finite number above 0, received 0'],
  [
    { everyMs: Number.POSITIVE_INFINITY, step: 1 },
    RangeError,
    'aging.everyMs must be a finite number above 0, received',
  ],
  [{ everyMs: '10', step: 1 }, TypeError, "aging.everyMs must be a finite number above 0, received '10'"],
  [{ everyMs: 10, step: -1 }, RangeError, 'aging.step must be a finite number above 0, received -1'],
  [{ everyMs: 10, step: Number.NaN }, RangeError, 'aging.step must be a finite number above 0, received NaN'],
  [{ everyMs: 10, step: 1, starvationMs: 0 }, RangeError, 'aging.starvationMs must be more than 0 milliseconds'],
  [{ everyMs: 10, step: 1, starvationMs: '1s' }, TypeError, 'aging.starvationMs must be a number of milliseconds'],
  [
    { everyMs: 10, setp: 1 },
    TypeError,
    "there is no option 'aging.setp' (did you mean 'aging.step'?); the options are everyMs, step, starvationMs",
  ],
])('aging of %j is refused', (aging, errorClass, message) => {
  const create = (): ThreadPool => new ThreadPool({ aging } as ThreadPoolOptions);
  expect(create).toThrow(errorClass);
  expect(create).toThrow(`Cannot create pool: ${message}`);
});
