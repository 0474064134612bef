import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  CancellationToken,
  CancelledError,
  type CurrentJob,
  Latch,
  ThreadPool,
  taskModule,
  WorkerExitError,
} from 'thread-system';
import { Gate, occupy, until } from '../../support/gate.ts';
import { fixture, tasks } from '../../support/tasks.ts';

type Words = Int32Array;

/** The types of `tests/tasks/family.mjs`. */
interface FamilyTasks {
  fibonacci(n: number): Promise<number>;
  sort(numbers: number[]): Promise<number[]>;
  dig(depth: number): Promise<number>;
  outcomeOf(
    name: string,
    args?: readonly unknown[],
    options?: object,
  ): Promise<{ name: string; value?: unknown; error?: string; code?: string }>;
  refusalOf(task: unknown, args?: unknown): string;
  refusalOfFunction(): string;
  leave(count: number, words: Words): string;
  stay(count: number, words: Words): Promise<string>;
  leaveAndFail(words: Words): never;
  leaveAndExit(words: Words): never;
  leaveFailing(): string;
  listen(words: Words): Promise<string>;
  attend(words: Words): Promise<string>;
  cancelOwn(words: Words): Promise<unknown>;
  passToken(token: CancellationToken, words: Words): Promise<boolean>;
  keepSubmitting(): Promise<unknown[]>;
  endings(): Promise<unknown>;
  priorities(): Promise<unknown>;
  keep(): void;
  submitByKept(): string;
}

const family = taskModule<FamilyTasks>(fixture('family.mjs'));

describe.each([
  { maxWorkers: 1, concurrency: 1 },
  { maxWorkers: 1, concurrency: 4 },
  { maxWorkers: 2, concurrency: 1 },
  { maxWorkers: 2, concurrency: 4 },
])('recursion in a pool of %p', (options) => {
  test('computes Fibonacci numbers', async () => {
    await using pool = new ThreadPool(options);
    expect(await pool.submit(family.fibonacci, [9])).toBe(34);
    expect(pool.metrics()).toMatchObject({ completed: 109, failed: 0, active: 0, pending: 0 });
  });

  test('sorts', async () => {
    await using pool = new ThreadPool(options);
    const numbers = Array.from({ length: 200 }, (_, i) => (i * 7919) % 211);
    expect(await pool.submit(family.sort, [numbers])).toEqual([...numbers].sort((a, b) => a - b));
  });

  test('goes far deeper than the pool has places, several at once', async () => {
    await using pool = new ThreadPool(options);
    const jobs = pool.submitMany(family.dig, [[60], [60], [60], [60]]);
    expect(await Promise.all(jobs)).toEqual([60, 60, 60, 60]);
  });
});

describe('a child', () => {
  test('is found by the function that its module exports, or sent by its text, at any time of the job', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    expect(await pool.submit(family.keepSubmitting)).toEqual([3, 6, 'named']);
  });

  test('of an inline job may be that function itself', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    interface This {
      submit(task: unknown, args: unknown[]): PromiseLike<number>;
    }
    const job = pool.submit(
      async function factorial(this: This, n: number): Promise<number> {
        return n < 2 ? 1 : n * (await this.submit(factorial, [n - 1]));
      },
      [5],
    );
    expect(await job).toBe(120);
  });

  test('has the priority of its parent, unless it is given one', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    expect(await pool.submit(family.priorities, [], { priority: 3 })).toEqual([
      { name: 'aboutMe', priority: 3 },
      { name: 'other', priority: 1 },
    ]);
  });

  test('tells its result, what it threw, and that it could not run', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    expect(await pool.submit(family.outcomeOf, ['add', [1, 2], { name: 'sum' }])).toEqual({ name: 'sum', value: 3 });
    expect(await pool.submit(family.outcomeOf, ['echo', [undefined]])).toEqual({ name: 'echo', value: undefined });
    const { error } = await pool.submit(family.outcomeOf, ['fail', ['no']]);
    expect(error).toBe('RangeError: no');
    const missing = await pool.submit(family.outcomeOf, ['notExported']);
    expect(missing.code).toBe('ERR_TASK_NOT_FOUND');
    expect(await pool.submit(family.endings)).toEqual({ caught: 'no', seen: ['finally'] });
  });

  test('has time limits of its own', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    using gate = new Gate();
    const { code } = await pool.submit(family.outcomeOf, ['untilAborted', [gate.words], { timeoutMs: 5 }]);
    expect(code).toBe('ERR_JOB_TIMEOUT');
    expect(pool.metrics().timedOut).toBe(1);
  });

  test('shares tokens among its arguments', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = new Gate();
    const token = new CancellationToken();
    const job = pool.submit(family.passToken, [token, gate.words]);
    await gate.reachedBy(1);
    token.cancel();
    expect(await job).toBe(true);
  });

  test('runs also while its parent blocks, where there is another thread', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    (await occupy(pool, 2)).open(); // both threads are there
    await pool.waitAll();
    interface This {
      submit(task: unknown, args: unknown[]): unknown;
    }
    const job = pool.submit(
      function wait(this: This, latch: Latch): boolean {
        this.submit((other: Latch) => other.countDown(), [latch]);
        return latch.waitSync();
      },
      [new Latch(1)],
    );
    expect(await job).toBe(true);
  });

  test('is no unhandled rejection where it fails and nobody awaits it', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const failed: string[] = [];
    pool.on('jobFailed', ({ name }) => failed.push(name));
    expect(await pool.submit(family.leaveFailing)).toBe('fine');
    expect(await pool.submit(tasks.echo, [1])).toBe(1);
    expect(failed).toEqual(['fail']);
  });

  test('that its parent cancels rejects, and the parent goes on', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = new Gate();
    expect(await pool.submit(family.cancelOwn, [gate.words])).toEqual({ code: 'ERR_JOB_CANCELLED', reason: 'enough' });
  });
});

describe('a parent', () => {
  test('settles after its children, also those it did not wait for, and is RUNNING until then', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    using gate = new Gate();
    const job = pool.submit(family.leave, [1, gate.words]);
    await gate.reachedBy(1);
    expect(await pool.submit(tasks.echo, [1])).toBe(1); // on the other thread, or beside
    expect(job.state).toBe('RUNNING');
    const { submitted, pending, active, completed } = pool.metrics();
    expect(submitted).toBe(pending + active + completed);
    gate.open();
    expect(await job).toBe('left');
    expect(pool.metrics().completed).toBe(3);
  });

  test('that is cancelled cancels its children, and settles after them', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY });
    using gate = new Gate();
    const order: string[] = [];
    pool.on('jobCancelled', ({ name }) => order.push(name));
    const job = pool.submit(family.attend, [gate.words]);
    await gate.reachedBy(1);
    expect(job.cancel('enough')).toBe(true);
    await expect(job).rejects.toBeInstanceOf(CancelledError);
    await until(() => order.length === 2);
    expect(order).toEqual(['listen', 'attend']);
    expect(pool.metrics()).toMatchObject({ cancelled: 2, active: 0, pending: 0 });
  });

  test('that is cancelled takes its pending children with it', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY });
    using gate = new Gate();
    const job = pool.submit(family.stay, [3, gate.words]);
    await gate.reachedBy(1);
    job.cancel();
    gate.open();
    await expect(job).rejects.toBeInstanceOf(CancelledError);
    expect(pool.metrics()).toMatchObject({ completed: 0, cancelled: 4, pending: 0 });
  });

  test('whose code has ended stops its children when it is cancelled, and settles as it ended', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY });
    using gate = new Gate();
    const job = pool.submit(family.leave, [2, gate.words]);
    await gate.reachedBy(1);
    await until(() => pool.metrics().workers[0]?.jobs === 1); // its code has ended
    expect(job.cancel()).toBe(false);
    gate.open();
    expect(await job).toBe('left');
    expect(pool.metrics()).toMatchObject({ completed: 1, cancelled: 2 });
  });

  test('that fails cancels its children, and settles after them with its own error', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY });
    using gate = new Gate();
    const reasons: unknown[] = [];
    pool.on('jobCancelled', ({ error }) => reasons.push((error as CancelledError).reason));
    const job = pool.submit(family.leaveAndFail, [gate.words]);
    await until(() => pool.metrics().workers[0]?.jobs === 1);
    gate.open();
    await expect(job).rejects.toThrow(new RangeError('parent failed'));
    await until(() => reasons.length > 0);
    expect(reasons).toEqual(["its parent job 'leaveAndFail' failed"]);
  });

  test('whose thread dies fails, and its children elsewhere are cancelled', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    (await occupy(pool, 2)).open(); // both threads are there
    await pool.waitAll();
    using gate = new Gate();
    const job = pool.submit(family.leaveAndExit, [gate.words]);
    await expect(job).rejects.toBeInstanceOf(WorkerExitError);
    expect(pool.metrics()).toMatchObject({ submitted: 4, failed: 1, cancelled: 1, active: 0, pending: 0 });
    expect(await pool.submit(family.fibonacci, [5])).toBe(5);
  });

  test('whose code has ended submits no more', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await pool.submit(family.keep);
    expect(await pool.submit(family.submitByKept)).toBe(
      "Error: Cannot submit a child of job 'keep': its code has ended",
    );
  });

  test('may be retried, with children in each attempt', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    interface This {
      attempt: number;
      submit(task: unknown, args: unknown[]): PromiseLike<number>;
    }
    const job = pool.submit(
      async function flaky(this: This) {
        const value = await this.submit((x: number) => x, [this.attempt]);
        if (value < 3) throw new Error('not yet');
        return value;
      },
      [],
      { retry: { maxAttempts: 3 } },
    );
    expect(await job).toBe(3);
    expect(pool.metrics()).toMatchObject({ submitted: 4, completed: 4, retried: 2 });
  });
});

describe('a pool with children', () => {
  test('runs them in a shutdown that drains', async () => {
    const pool = new ThreadPool({ maxWorkers: 1 });
    const job = pool.submit(family.fibonacci, [6]);
    expect(await pool.shutdown()).toEqual({ completed: 25, failed: 0, cancelled: 0 });
    expect(job.result).toBe(8);
  });

  test('cancels them in one that aborts', async () => {
    const pool = new ThreadPool({ maxWorkers: 1 });
    using gate = new Gate();
    const job = pool.submit(family.stay, [3, gate.words]);
    await gate.reachedBy(1);
    expect(await pool.shutdown({ mode: 'abort' })).toEqual({ completed: 0, failed: 0, cancelled: 4 });
    expect(job.state).toBe('CANCELLED');
  });

  test('counts none of them against maxQueue', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, maxQueue: 1 });
    expect(await pool.submit(family.fibonacci, [7])).toBe(13);
  });

  test('has them where its workers are processes, and where they are none', async () => {
    for (const kind of ['process', 'inline'] as const) {
      await using pool = new ThreadPool({ maxWorkers: 1, kind });
      expect(await pool.submit(family.fibonacci, [8])).toBe(21);
      expect(pool.metrics()).toMatchObject({ failed: 0, active: 0, pending: 0 });
    }
  });

  test('that blocks its thread keeps its place, so that its children run elsewhere', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const words = new Int32Array(new SharedArrayBuffer(4));
    const job = pool.submit(
      function (this: CurrentJob, shared: Int32Array): string {
        this.submit(
          (given: Int32Array) => {
            Atomics.store(given, 0, 1);
            Atomics.notify(given, 0);
          },
          [shared],
        );
        Atomics.wait(shared, 0, 0);
        return 'went on';
      },
      [words],
    );
    expect(await job).toBe('went on');
  });
});

test.each<[unknown, unknown, string]>([
  [5, [], 'TypeError: Cannot submit a child: task must be a function or a task of a taskModule(), received 5'],
  [undefined, [], 'received undefined'],
  [
    { url: fixture('basic.mjs').href, name: 'add' },
    5,
    "TypeError: Cannot submit child 'add': args must be an array, received 5; write the list of the arguments, such as [x, y]",
  ],
])('%p with the arguments %p is refused at the call', async (task, args, message) => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  expect(await pool.submit(family.refusalOf, [task, args])).toContain(message);
});

test('an argument that cannot be cloned is refused at the call, and named', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  expect(await pool.submit(family.refusalOfFunction)).toMatch(
    /^NotCloneableError: Cannot send .*args\[0\].*: a function cannot be cloned$/,
  );
});

test.each<[object, string]>([
  [
    { key: 1 },
    "there is no option 'key'; the options are priority, front, token, timeoutMs, deadline, delayMs, startAt,",
  ],
  [{ retry: { maxAttempts: 2 } }, "there is no option 'retry'"],
  [{ priority: 'x' }, "priority must be a finite number, received 'x'; write a number, such as JobPriority.HIGH"],
  [{ timeoutMs: -1 }, 'timeoutMs must be 0 or more milliseconds, received -1'],
])('a child with the options %p is refused at the call', async (options, message) => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const refused = pool.submit(family.outcomeOf, ['add', [1, 2], options]);
  await expect(refused).rejects.toThrow(`Cannot submit child 'add': ${message}`);
  expect(pool.metrics().submitted).toBe(1);
});

describe.each(['thread', 'process'] as const)('more children than the lane has room for (%s)', (kind) => {
  test('are submitted when there is room, though their job only waits for them', async () => {
    await using pool = new ThreadPool({ kind, maxWorkers: 2 });
    const folder = mkdtempSync(join(tmpdir(), 'thread-system-children-'));
    const file = join(folder, 'submitted');
    const submitMany = async function (this: CurrentJob, count: number, done: string): Promise<number> {
      const children = Array.from({ length: count }, () =>
        this.submit((text: string) => text.length, ['x'.repeat(3500)]),
      );
      process.getBuiltinModule('node:fs').writeFileSync(done, '');
      let sum = 0;
      for (const child of children) sum += await child;
      return sum;
    };
    const parent = pool.submit(submitMany, [400, file]);
    while (!existsSync(file)); // this thread reads nothing meanwhile
    expect(await parent).toBe(400 * 3500);
    rmSync(folder, { recursive: true });
  });
});
