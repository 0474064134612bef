import { realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, test } from '@jest/globals';
import { type CurrentJob, type Job, ThreadPool, type ThreadPoolOptions, taskModule } from 'thread-system';
import type { Kind } from './conformance.ts';
import { eventually, FileGate, FileLog, gated } from './file-gate.ts';
import { fixture, tasks } from './tasks.ts';

/** The types of `tests/tasks/workers.mjs`. */
interface WorkerTasks {
  workerId(): number;
  environment(): { argv: string[]; workerData: unknown; cwd: string; execPath: string };
  print(text: string, error: string): void;
  leak(megabytes: number): number;
  traced(job: CurrentJob, next: () => unknown): Promise<unknown>;
  note(text: string): unknown;
  noteLater(text: string): Promise<unknown>;
  yields(values: unknown[]): Generator<unknown, unknown, undefined>;
  ofThis(): string;
  passOn(job: CurrentJob, next: () => unknown): unknown;
  recover(job: CurrentJob, next: () => unknown): unknown;
  refuse(job: CurrentJob): never;
  twice(job: CurrentJob, next: () => unknown): unknown;
  openBeside(turns: number): Promise<number>;
  inOrder(number: number): number[];
  withChild(): Promise<number>;
}

const work = taskModule<WorkerTasks>(fixture('workers.mjs'));

/** Which workers there are, how they are made, and when they are replaced, in every kind of pool. */
export function describeWorkersOf(kind: Kind): void {
  const makePool = (options: ThreadPoolOptions = {}): ThreadPool => new ThreadPool({ kind, maxWorkers: 1, ...options });
  const ids = (jobs: readonly Job<number>[]): Promise<number[]> => Promise.all(jobs);

  describe('warmUp', () => {
    test('starts workers before there are jobs, as many as it is told', async () => {
      await using pool = makePool({ maxWorkers: 3 });
      await pool.warmUp(2);
      expect(pool.metrics().workers.map(({ state }) => state)).toEqual(['idle', 'idle']);
      await pool.warmUp();
      expect(pool.metrics().workers).toHaveLength(3);
      await pool.warmUp(1);
      expect(pool.metrics().workers).toHaveLength(3);
    });

    test('waits for setups, and says what keeps a worker from starting', async () => {
      using log = new FileLog();
      await using pool = makePool({ setup: gated.note, setupArgs: [log.path, 'set up'] });
      await pool.warmUp();
      expect(log.lines).toEqual(['set up']);
      await using failing = makePool({
        setup: () => {
          throw new Error('no licence');
        },
      });
      await expect(failing.warmUp()).rejects.toThrow(/Cannot start a worker: its setup .* failed: no licence/);
    });

    test('refuses a wrong number, and a pool that is shut down', async () => {
      const pool = makePool({ maxWorkers: 2 });
      await expect(pool.warmUp(3)).rejects.toThrow('Cannot warm up: workers must be from 0 to 2, received 3');
      await expect(pool.warmUp('all' as never)).rejects.toThrow(TypeError);
      await pool.shutdown();
      await expect(pool.warmUp()).rejects.toMatchObject({ code: 'ERR_POOL_CLOSED' });
      await expect(pool.recycle()).rejects.toMatchObject({ code: 'ERR_POOL_CLOSED' });
    });
  });

  describe('around', () => {
    test('runs with each job, whose code is called by next', async () => {
      await using pool = makePool({ around: work.traced });
      expect(await pool.submit(work.note, ['a'], { name: 'first' })).toEqual({
        result: 2,
        log: ['first begins', 'a', 'ends'],
      });
      expect(await pool.submit(work.noteLater, ['b'])).toEqual({
        result: 2,
        log: ['noteLater begins', 'b', 'ends'],
      });
      const yielding = pool.submit(work.yields, [[1, 2]]);
      const reports: unknown[] = [];
      yielding.onProgress((value) => reports.push(value));
      expect(await yielding).toEqual({ result: 2, log: ['yields begins', 'a generator', 'ends'] });
      expect(reports).toEqual([1, 2]);
    });

    test('may be an inline function, around inline functions, and leaves them their `this` and arguments', async () => {
      await using pool = makePool({ around: (job, next) => [job.name, next()] });
      const sum = pool.submit((a: number, b: number) => a + b, [1, 2], { name: 'sum' });
      expect(await sum).toEqual(['sum', 3]);
      const ofThis = pool.submit(
        function (this: CurrentJob) {
          return this.name;
        },
        [],
        { name: 'mine' },
      );
      expect(await ofThis).toEqual(['mine', 'mine']);
      expect(await pool.submit(work.ofThis)).toEqual(['ofThis', 'ofThis']);
    });

    test('sees what the code throws, and decides on the outcome', async () => {
      await using recovering = makePool({ around: work.recover });
      expect(await recovering.submit(tasks.fail, ['broken'])).toBe('instead of broken');
      await using refusing = makePool({ around: work.refuse });
      await expect(refusing.submit(tasks.add, [1, 2])).rejects.toThrow(new RangeError('no add'));
      await using twice = makePool({ around: work.twice });
      expect(await twice.submit(tasks.add, [1, 2])).toEqual([3, 3]);
    });

    test('is around chunks of a map, and not around setup and broadcast', async () => {
      await using pool = makePool({ around: work.passOn, setup: work.note, setupArgs: ['none'] });
      expect(await pool.map((x: number) => 2 * x, [1, 2, 3])).toEqual([2, 4, 6]);
      expect(await pool.broadcast(work.workerId)).toEqual([0]);
    });

    test('that cannot be loaded fails the jobs', async () => {
      const missing = taskModule<{ gone(): void }>(fixture('workers.mjs'));
      await using pool = makePool({ around: missing.gone });
      await expect(pool.submit(tasks.add, [1, 2])).rejects.toMatchObject({ code: 'ERR_TASK_NOT_FOUND' });
      expect(() => makePool({ around: 5 as never })).toThrow(/Cannot create pool: around must be a function or a task/);
    });
  });

  describe('recycle', () => {
    test('ends a worker after as many jobs as it may run, with its teardown, and the pool goes on', async () => {
      using log = new FileLog();
      await using pool = makePool({ recycle: { afterJobs: 3 }, setup: gated.note, setupArgs: [log.path, 'set up'] });
      const seen = await ids(Array.from({ length: 10 }, () => pool.submit(work.workerId)));
      const counts = new Map<number, number>();
      for (const id of seen) counts.set(id, (counts.get(id) ?? 0) + 1);
      expect([...counts.values()].every((count) => count <= 3)).toBe(true);
      expect(counts.size).toBeGreaterThanOrEqual(4);
      expect(pool.metrics()).toMatchObject({ completed: 10, failed: 0 });
    });

    test('may end a worker after each job, on several at once', async () => {
      await using pool = makePool({ maxWorkers: 2, recycle: { afterJobs: 1 } });
      const seen = await ids(Array.from({ length: 6 }, () => pool.submit(work.workerId)));
      expect(new Set(seen).size).toBe(6);
    });

    test('does so after a time, though the worker is idle', async () => {
      await using pool = makePool({ minWorkers: 1, recycle: { afterMs: 20 } });
      const first = await pool.submit(work.workerId);
      await eventually(() => pool.metrics().workers.some(({ id, state }) => id > first && state === 'idle'));
      expect(await pool.submit(work.workerId)).toBeGreaterThan(first);
    });

    test('never cuts a job short: the worker ends once it is free', async () => {
      await using pool = makePool({ recycle: { afterMs: 1 } });
      using gate = new FileGate();
      const job = pool.submit(gated.hold, [gate.path, 'whole']);
      await gate.reachedBy(1);
      const next = pool.submit(work.workerId); // on the replacement
      expect(await next).toBeGreaterThan(0);
      gate.open();
      expect(await job).toBe('whole');
    });

    test('refuses wrong limits', () => {
      const refusal = (recycle: unknown): string => {
        try {
          makePool({ recycle: recycle as never });
          return 'accepted';
        } catch (error) {
          return String(error);
        }
      };
      expect(refusal({ afterJobs: 0 })).toMatch(/^RangeError: Cannot create pool: recycle.afterJobs must be from 1 to/);
      expect(refusal({ afterMs: 0 })).toMatch(/^RangeError: Cannot create pool: recycle.afterMs must be more than 0/);
      expect(refusal({ heap: 5 })).toMatch(/^TypeError: .* there is no option 'recycle.heap' \(did you mean/);
      expect(refusal(5)).toMatch(/^TypeError: Cannot create pool: recycle must be an object, received 5/);
    });

    if (kind === 'inline') {
      test('knows no heap of an inline worker', () => {
        expect(() => makePool({ recycle: { heapMb: 100 } })).toThrow(
          "Cannot create pool: recycle.heapMb is an option of kind 'thread' and 'process', received kind 'inline'",
        );
      });
    } else {
      test('ends a worker whose heap has grown', async () => {
        await using pool = makePool({ recycle: { heapMb: 60 } });
        expect(await pool.submit(work.leak, [100])).toBe(0);
        await eventually(() => pool.metrics().workers.some(({ id, state }) => id === 1 && state === 'idle'));
        expect(await pool.submit(work.workerId)).toBe(1);
      });
    }

    test('of the whole pool replaces each worker in turn, and waits for their jobs', async () => {
      await using pool = makePool({ maxWorkers: 2 });
      await pool.warmUp();
      using gate = new FileGate();
      const job = pool.submit(gated.hold, [gate.path, 'whole']);
      await gate.reachedBy(1);
      let isDone = false;
      const done = pool.recycle().then(() => {
        isDone = true;
      });
      const meanwhile = await ids(Array.from({ length: 5 }, () => pool.submit(work.workerId)));
      expect(meanwhile).toHaveLength(5);
      expect(isDone).toBe(false);
      gate.open();
      expect(await job).toBe('whole');
      await done;
      expect(pool.metrics().workers.every(({ id }) => id >= 2)).toBe(true);
      expect(pool.metrics()).toMatchObject({ failed: 0, cancelled: 0 });
      await Promise.all([pool.recycle(), pool.recycle()]);
    });
  });

  describe('affinity', () => {
    test('runs the jobs of a key on one worker, in order, though others are idle', async () => {
      await using pool = makePool({ maxWorkers: 3 });
      await pool.warmUp();
      const jobs = Array.from({ length: 12 }, (_, index) =>
        pool.submit(work.workerId, [], { affinity: `k${index % 2}` }),
      );
      const seen = await ids(jobs);
      for (const key of [0, 1]) expect(new Set(seen.filter((_, index) => index % 2 === key)).size).toBe(1);
      const again = await pool.submit(work.workerId, [], { affinity: 'k0' });
      expect(again).toBe(seen[0]);
    });

    test('waits for its worker, and delays no other jobs', async () => {
      await using pool = makePool({ maxWorkers: 2 });
      using gate = new FileGate();
      const first = pool.submit(gated.hold, [gate.path, 'held'], { affinity: 'key' });
      await gate.reachedBy(1);
      const second = pool.submit(work.workerId, [], { affinity: 'key' });
      const others = await ids(Array.from({ length: 4 }, () => pool.submit(work.workerId)));
      expect(others.every((id) => id !== first.workerId)).toBe(true);
      expect(second.state).toBe('PENDING');
      gate.open();
      expect(await second).toBe(first.workerId);
    });

    test('keeps the order of submission, priorities aside, also with retries', async () => {
      await using pool = makePool({ maxWorkers: 2, concurrency: kind === 'inline' ? 1 : 2 });
      const jobs = Array.from({ length: 6 }, (_, index) => pool.submit(work.inOrder, [index], { affinity: 'key' }));
      const urgent = pool.submit(work.workerId, [], { affinity: 'other', priority: 9 });
      const results = await Promise.all(jobs);
      const orders = results.map(([, ...numbers]) => numbers);
      expect(orders[5]?.slice(-6)).toEqual([0, 1, 2, 3, 4, 5]);
      expect(new Set(results.map(([id]) => id)).size).toBe(1);
      await urgent;
    });

    test('can be cancelled and given another priority while it waits', async () => {
      await using pool = makePool();
      using gate = new FileGate();
      const first = pool.submit(gated.hold, [gate.path, 1], { affinity: 'key' });
      await gate.reachedBy(1);
      const [second, third, fourth] = [2, 3, 4].map((n) => pool.submit(tasks.echo, [n], { affinity: 'key' }));
      await new Promise((resolve) => setImmediate(resolve));
      expect(second?.cancel('no longer')).toBe(true);
      expect(second?.state).toBe('CANCELLED');
      expect(fourth?.setPriority(5)).toBe(true);
      const order: unknown[] = [];
      pool.on('jobCompleted', (job) => order.push(job.result));
      gate.open();
      await Promise.all([first, third, fourth]);
      await new Promise((resolve) => setImmediate(resolve));
      expect(order).toEqual([1, 4, 3]);
      expect(pool.metrics()).toMatchObject({ submitted: 4, completed: 3, cancelled: 1, pending: 0, active: 0 });
    });

    test('goes on elsewhere when its worker has ended', async () => {
      await using pool = makePool({ maxWorkers: 2 });
      const first = await pool.submit(work.workerId, [], { affinity: 'key' });
      await pool.recycle();
      const next = await ids([1, 2, 3].map(() => pool.submit(work.workerId, [], { affinity: 'key' })));
      expect(next[0]).not.toBe(first);
      expect(new Set(next).size).toBe(1);
    });

    test('is a string', () => {
      const pool = makePool();
      expect(() => pool.submit(tasks.add, [1, 2], { affinity: 5 as never })).toThrow(
        "Cannot make job 'add': affinity must be a string that is not empty, received 5",
      );
      void pool.shutdown();
    });
  });

  describe('exclusive', () => {
    test('leaves nothing else open on the worker while it runs, whatever the concurrency', async () => {
      await using pool = makePool({ concurrency: 4 });
      const jobs = Array.from({ length: 12 }, (_, index) =>
        pool.submit(work.openBeside, [3], { exclusive: index % 4 === 3 }),
      );
      const seen = await Promise.all(jobs);
      for (const [index, open] of seen.entries()) if (index % 4 === 3) expect([index, open]).toEqual([index, 1]);
      expect(Math.max(...seen)).toBeGreaterThan(1);
    });

    test('does not halt parents that wait for their children, nor its own', async () => {
      await using pool = makePool({ concurrency: 2 });
      const jobs = Array.from({ length: 8 }, (_, index) =>
        pool.submit(work.withChild, [], { exclusive: index % 2 === 1 }),
      );
      expect(await Promise.all(jobs)).toHaveLength(8);
    });

    test('is drained by a shutdown, and with a key runs where its key does', async () => {
      const pool = makePool({ maxWorkers: 2, concurrency: 2 });
      const jobs = Array.from({ length: 6 }, () =>
        pool.submit(work.openBeside, [2], { exclusive: true, affinity: 'key' }),
      );
      expect(await pool.shutdown()).toMatchObject({ completed: 6, failed: 0, cancelled: 0 });
      expect(jobs.map(({ result }) => result)).toEqual([1, 1, 1, 1, 1, 1]);
      expect(new Set(jobs.map(({ workerId }) => workerId)).size).toBe(1);
    });
  });

  describe('options of Node.js', () => {
    const refusal = (options: ThreadPoolOptions): string => {
      try {
        void makePool(options).shutdown();
        return 'accepted';
      } catch (error) {
        return String(error);
      }
    };
    const kinds: Readonly<Record<string, readonly [value: unknown, kinds: readonly Kind[]]>> = {
      argv: [['--fast'], ['thread', 'process']],
      workerData: [{ a: 1 }, ['thread']],
      stdout: [true, ['thread', 'process']],
      stderr: [true, ['thread', 'process']],
      cwd: [tmpdir(), ['process']],
      execPath: [process.execPath, ['process']],
    };

    test.each(Object.keys(kinds))('%s is refused by kinds that do not have it', (name) => {
      const [value, having] = kinds[name] ?? [undefined, []];
      const expected = having.includes(kind)
        ? 'accepted'
        : `TypeError: Cannot create pool: ${name} is an option of kind ${having.map((each) => `'${each}'`).join(' and ')}, received kind '${kind}'`;
      expect(refusal({ [name]: value })).toBe(expected);
    });

    if (kind === 'inline') return;

    test('reach the code of tasks', async () => {
      const cwd = realpathSync(tmpdir());
      const own = kind === 'thread' ? { workerData: new Map([['a', 1]]) } : { cwd, execPath: process.execPath };
      await using pool = makePool({ argv: ['--fast', 5], ...own });
      expect(await pool.submit(work.environment)).toEqual({
        argv: ['--fast', '5'],
        workerData: kind === 'thread' ? new Map([['a', 1]]) : null,
        cwd: kind === 'thread' ? process.cwd() : cwd,
        execPath: process.execPath,
      });
    });

    test('send what tasks print elsewhere, or nowhere', async () => {
      const written: string[] = [];
      const stream = { write: (chunk: string | Uint8Array) => written.push(String(chunk)) };
      await using pool = makePool({ stdout: stream, stderr: true });
      await pool.submit(work.print, ['to the stream', 'to nobody']);
      await eventually(() => written.length > 0);
      expect(written.join('')).toBe('to the stream\n');
    });

    test('refuse wrong values', () => {
      expect(refusal({ argv: 'x' as never })).toMatch(/argv must be an array of strings, received 'x'/);
      expect(refusal({ stdout: 5 as never })).toMatch(/stdout must be a boolean or a writable stream, received 5/);
      if (kind === 'thread') expect(refusal({ workerData: () => 1 })).toMatch(/workerData must be cloneable/);
      else expect(refusal({ cwd: 5 as never })).toMatch(/cwd must be a string that is not empty, received 5/);
    });
  });
}
