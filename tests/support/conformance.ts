import { isDeepStrictEqual } from 'node:util';
import { expect } from '@jest/globals';
import {
  CancellationToken,
  CancelledError,
  type CurrentJob,
  Job,
  JobTimeoutError,
  NotCloneableError,
  PoolClosedError,
  type PoolMetrics,
  QueueFullError,
  TaskNotFoundError,
  ThreadPool,
  type ThreadPoolOptions,
  taskModule,
} from 'thread-system';
import { eventually, FileGate, FileLog, gated } from './file-gate.ts';
import { sameDates } from './same-dates.ts';
import { sharedPool } from './shared-pool.ts';
import { fixture, tasks } from './tasks.ts';
import { type Exceptions, testsBut } from './tests-but.ts';

export type Kind = 'thread' | 'process' | 'inline';

/** Values of every kind that structured clone carries within a process and to another one. */
function everyValue(): unknown[] {
  const twice = { n: 1 };
  const cycle: { self?: unknown; list: unknown[] } = { list: [] };
  cycle.self = cycle;
  cycle.list.push(cycle, cycle.list);
  return [
    ...[undefined, null, true, false, 0, -0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -(2 ** 31)],
    ...['', 'text', '\u00ff'.repeat(70), '\u0100'.repeat(5_000), '\ud800', 10n ** 40n, -1n],
    ...[new Date(0), new Date(Number.NaN), /a.c/giu, new Error('an error'), new RangeError('out')],
    ...[Object(1), Object('boxed'), Object(true), Object(1n)],
    { a: twice, b: twice, list: [twice, { deep: [[[1]]] }] },
    cycle,
    Object.assign(new Array(3), { 1: 'holes around' }),
    Object.assign(Object.create(null), { bare: true }),
    JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}'),
    new Map<unknown, unknown>([
      ['key', new Map([[twice, twice]])],
      [{ object: 1 }, new Set([1, 'two', { three: 3 }])],
    ]),
    new Uint8Array([1, 2, 3]).buffer,
    new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2),
    ...[new Uint8Array([1, 2]), new Int8Array([-1]), new Uint8ClampedArray([300]), new Int16Array([-300])],
    ...[new Uint16Array([65_535]), new Int32Array([-1]), new Uint32Array([2 ** 32 - 1]), new Float32Array([0.5])],
    ...[new Float64Array([Number.NaN, -0]), new BigInt64Array([-1n]), new BigUint64Array([2n ** 64n - 1n])],
    new Uint8Array(200_000).map((_, i) => i),
    new (class Point {
      x = 1;
    })(),
    {
      get computed() {
        return 42;
      },
    },
  ];
}

const sum = ({ pending, active, completed, failed, cancelled }: PoolMetrics): number =>
  pending + active + completed + failed + cancelled;

/** Pools that the suites run on, which are not made by `ThreadPool`. */
export interface OtherPools {
  /** Returns what has those members of a `ThreadPool` that the suites call; what it answers later, it answers by a promise. */
  readonly make: (options: ThreadPoolOptions) => ThreadPool;
  readonly exceptions: Exceptions;
}

/**
 * What every kind of pool does alike. Tasks here leave the event loop of their thread free: see `describeWorkers`. Answers that
 * another kind gives by a promise are awaited.
 */
export function describeConformance(kind: Kind, others?: OtherPools): void {
  const { describe, test, checkExceptions } = testsBut(others?.exceptions ?? {});
  const makePool = (options: ThreadPoolOptions = {}): ThreadPool => {
    const all = { maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY, ...options };
    return others === undefined ? new ThreadPool({ kind, ...all }) : others.make(all);
  };
  const plainPool = sharedPool(
    () => makePool(others === undefined ? { idleTimeoutMs: Number.POSITIVE_INFINITY } : {}),
    others !== undefined,
  );

  /** Expects jobs to be in these states: at once, or once it is heard. */
  const expectStates = async (jobs: readonly Job[], states: readonly string[]): Promise<void> => {
    const now = (): string[] => jobs.map(({ state }) => state);
    if (others !== undefined) await eventually(() => isDeepStrictEqual(now(), states));
    expect(now()).toEqual(states);
  };

  expect.addEqualityTesters([sameDates]);

  describe('a Buffer', () => {
    const whatArrives = (given: unknown): string[] => {
      const found: string[] = [];
      const look = (value: unknown): void => {
        if (ArrayBuffer.isView(value)) {
          const kind = Buffer.isBuffer(value) ? 'Buffer' : Object.prototype.toString.call(value).slice(8, -1);
          found.push(`${kind} ${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1')}`);
        } else if (/Map|Set/.test(Object.prototype.toString.call(value))) {
          for (const item of (value as Set<unknown>).values()) look(item);
        } else if (typeof value === 'object' && value !== null) {
          for (const item of Object.values(value)) look(item);
        }
      };
      look(given);
      return found;
    };

    test.each<[string, () => unknown, string[]]>([
      ['by itself', () => Buffer.from('abc'), ['Buffer abc']],
      ['of no bytes', () => Buffer.alloc(0), ['Buffer ']],
      ['with memory of its own', () => Buffer.alloc(3, 'x'), ['Buffer xxx']],
      ['in an object', () => ({ name: 'n', data: Buffer.from('abc') }), ['Buffer abc']],
      [
        'deep in a long list',
        () => Array.from({ length: 300 }, (_, i) => ({ deep: [{ at: Buffer.from(`${i}`) }] })),
        Array.from({ length: 300 }, (_, i) => `Buffer ${i}`),
      ],
      [
        'in a Map and a Set',
        () =>
          new Map<string, unknown>([
            ['a', Buffer.from('abc')],
            ['b', new Set([Buffer.from('d')])],
          ]),
        ['Buffer abc', 'Buffer d'],
      ],
      [
        'beside typed arrays',
        () => [new Uint8Array([97]), Buffer.from('b'), new Uint16Array([0x6161])],
        ['Uint8Array a', 'Buffer b', 'Uint16Array aa'],
      ],
      ['beside a token', () => ({ token: new CancellationToken(), data: Buffer.from('abc') }), ['Buffer abc']],
    ])('%s arrives as a Buffer, as an argument, a result and a report', async (_, make, expected) => {
      const pool = plainPool();
      const job = pool.submit(
        new Function(
          'given',
          `const look = ${whatArrives}; this.report(given); return { seen: look(given), back: given };`,
        ) as (given: unknown) => { seen: string[]; back: unknown },
        [make()],
      );
      let reported: unknown;
      for await (const value of job.progress) reported = value;
      const { seen, back } = await job;
      expect(seen).toEqual(expected);
      expect(whatArrives(back)).toEqual(expected);
      expect(whatArrives(reported)).toEqual(expected);
    });

    test('may be an item of a map, and an argument of a child', async () => {
      await using pool = makePool({ maxWorkers: 2 });
      const items = ['a', 'b', 'c'].map((text) => Buffer.from(text));
      expect(await pool.map((item: Buffer) => item.toString('hex'), items)).toEqual(['61', '62', '63']);
      const parent = pool.submit(async function (this: CurrentJob) {
        return this.submit((data: Buffer) => data.toString('hex'), [Buffer.from('child')]);
      });
      expect(await parent).toBe(Buffer.from('child').toString('hex'));
    });

    test('that is moved arrives as a Buffer, and is gone here', async () => {
      const pool = plainPool();
      const data = Buffer.from(new ArrayBuffer(100_000)).fill('x');
      expect(await pool.submit((given: Buffer) => given.toString('latin1', 0, 3), [data], { transfer: [data] })).toBe(
        'xxx',
      );
      expect(data.byteLength).toBe(0);
    });
  });

  test('a part of a large buffer is sent without the rest, and parts that overlap stay so', async () => {
    const pool = plainPool();
    const large = new ArrayBuffer(8_000_000);
    new Uint8Array(large).fill(7);
    const parts = {
      bytes: new Uint8Array(large, 4_000_000, 3),
      data: Buffer.from(large, 5_000_000, 3),
      numbers: [new Float64Array(large, 800, 2), new DataView(large, 900, 4)],
    };
    const sizes = (given: typeof parts): number[] =>
      [given.bytes, given.data, ...given.numbers].map((view) => view.buffer.byteLength);
    const echo = pool.submit(
      new Function('given', `return { sizes: (${sizes})(given), back: given };`) as (given: typeof parts) => {
        sizes: number[];
        back: typeof parts;
      },
      [parts],
    );
    expect((await echo).sizes).toEqual([3, 3, 16, 4]);
    expect(sizes((await echo).back)).toEqual([3, 3, 16, 4]);
    expect((await echo).back).toEqual(parts);

    const memory = new ArrayBuffer(16);
    const overlapping = [new Uint8Array(memory, 0, 8), new Uint8Array(memory, 4, 8)];
    const seen = await pool.submit(
      (views: Uint8Array[]) => {
        views[0]?.fill(9);
        return views[1]?.[0];
      },
      [overlapping],
    );
    expect(seen).toBe(9);
  });

  test('a view and its memory, both in one value, stay so', async () => {
    const pool = plainPool();
    const memory = new ArrayBuffer(16);
    const isSame = (given: { all: ArrayBuffer; part: Uint8Array }): boolean => given.all === given.part.buffer;
    expect(await pool.submit(isSame, [{ all: memory, part: new Uint8Array(memory, 0, 8) }])).toBe(true);
  });

  describe('values', () => {
    test('of every kind arrive as structuredClone makes them, as arguments, results and reports', async () => {
      const pool = plainPool();
      for (const value of everyValue()) {
        const expected = structuredClone(value);
        const job = pool.submit(
          function (this: CurrentJob, given: unknown) {
            this.report([given]);
            return given;
          },
          [value],
        );
        const reports: unknown[] = [];
        job.onProgress((report) => reports.push(report));
        expect(await job).toStrictEqual(expected);
        expect(reports).toStrictEqual([[expected]]);
      }
    });

    test('in a list keep what they share, and two jobs share nothing', async () => {
      const pool = plainPool();
      const shared = { count: 0 };
      const isSame = (a: object, b: { inner: object }): boolean => a === b.inner;
      expect(await pool.submit(isSame, [shared, { inner: shared }])).toBe(true);
      const increment = (value: { count: number }): number => ++value.count;
      const jobs = Array.from({ length: 5 }, () => pool.submit(increment, [shared]));
      expect(await Promise.all(jobs)).toEqual([1, 1, 1, 1, 1]);
      expect(shared.count).toBe(0);
    });

    test('that are views keep their buffers: no longer than they were, and shared where they were', async () => {
      const pool = plainPool();
      const { whole, part, other } = await pool.submit(gated.views);
      expect(part.buffer).toBe(whole.buffer);
      expect([whole.buffer.byteLength, part.byteOffset, part.length, other.buffer.byteLength]).toEqual([8, 2, 2, 8]);
    });

    test('that are moved arrive, and are gone where they were', async () => {
      const pool = plainPool();
      const bytes = new Uint8Array(1_000).fill(1);
      expect(await pool.submit(tasks.byteLength, [bytes], { transfer: [bytes.buffer] })).toBe(1_000);
      expect(bytes.byteLength).toBe(0);
      const back = await pool.submit(gated.moved, [100_000]);
      expect([back.length, back.bytes.length, back.bytes[99_999]]).toEqual([100_000, 100_000, 7]);
    });
  });

  describe('tasks', () => {
    test('are functions of modules in .mjs, .cjs and .ts', async () => {
      const pool = plainPool();
      const common = taskModule<{ twice(value: number): number; nameOfJob(): string }>(fixture('common.cjs'));
      const typed = taskModule<typeof import('../tasks/typed.ts')>(fixture('typed.ts'));
      expect(await pool.submit(tasks.add, [20, 22])).toBe(42);
      expect(await pool.submit(common.twice, [21])).toBe(42);
      expect(await pool.submit(common.nameOfJob, [], { name: 'mine' })).toBe('mine');
      expect(await pool.submit(typed.square, [4])).toBe(16);
      expect(await pool.submit(typed.greet, ['Ada'], { name: 'Bob' })).toBe('Bob greets Ada');
    });

    test('are inline functions of every form', async () => {
      const pool = plainPool();
      const methods = {
        method(x: number) {
          return x + 1;
        },
      };
      const jobs: Job<number>[] = [
        pool.submit((x: number) => x, [1]),
        pool.submit(methods.method, [1]),
        pool.submit(async (x: number) => x + 2, [1]),
        pool.submit(
          function named(x: number) {
            return x + 3;
          },
          [1],
        ),
        pool.submit(async () => (await import('node:path')).basename('/a/5').length + 4),
      ];
      expect(await Promise.all(jobs)).toEqual([1, 2, 3, 4, 5]);
    });

    test('see of their job what it says of itself, as `this` and as currentJob()', async () => {
      const pool = plainPool();
      const job = pool.submit(tasks.aboutMe, [], { name: 'me', priority: 7 });
      await job;
      const { id, name, priority, attempts, workerId } = job;
      expect(job.result).toEqual({ id, name, priority, attempt: attempts, workerId, isThis: true });
      const plain = pool.submit(tasks.aboutMe);
      expect(await plain).toEqual({ id: plain.id, name: 'aboutMe', priority: 2, attempt: 1, workerId, isThis: true });
      const inline = pool.submit(function asThis(this: CurrentJob) {
        return [this.id, this.name, this.priority, this.attempt, this.workerId];
      });
      expect(await inline).toEqual([inline.id, 'asThis', 2, 1, workerId]);
    });

    test('that cannot be found fail their job before it begins, with the exports there are', async () => {
      const pool = plainPool();
      const job = pool.submit(tasks.notExported);
      await expect(job).rejects.toBeInstanceOf(TaskNotFoundError);
      await expect(job).rejects.toThrow(/has no such export; its functions are: aboutMe, add, /);
      const missing = pool.submit(taskModule<{ any(): void }>(fixture('no-such-file.mjs')).any);
      await expect(missing).rejects.toMatchObject({ code: 'ERR_TASK_NOT_FOUND' });
      expect([job.attempts, missing.attempts]).toEqual([0, 0]);
      expect(await pool.submit(tasks.add, [1, 2])).toBe(3);
    });
  });

  describe('a pool', () => {
    test('shows each state, and counts every job once', async () => {
      await using pool = makePool();
      const looks: PoolMetrics[] = [];
      for (const event of ['jobStarted', 'jobCompleted', 'jobFailed', 'jobCancelled'] as const)
        pool.on(event, () => looks.push(pool.metrics()));
      using gate = new FileGate();
      const running = pool.submit(gated.hold, [gate.path, 'held']);
      const [waiting, dropped] = [pool.submit(tasks.echo, [1]), pool.submit(tasks.echo, [2])];
      const failing = pool.submit(tasks.fail, ['no']);
      await gate.reachedBy(1);
      expect(await dropped.cancel()).toBe(true);
      const jobs: Job[] = [running, waiting, dropped, failing];
      await expectStates(jobs, ['RUNNING', 'PENDING', 'CANCELLED', 'PENDING']);
      expect(await pool.metrics()).toMatchObject({ submitted: 4, active: 1, pending: 2, cancelled: 1 });
      gate.open();
      await expect(failing).rejects.toThrow('no');
      await expectStates(jobs, ['COMPLETED', 'COMPLETED', 'CANCELLED', 'FAILED']);
      expect(running).toMatchObject({ result: 'held', error: undefined, attempts: 1, workerId: 0 });
      expect(running.executionMs).toBeGreaterThan(0);
      expect(await pool.metrics()).toMatchObject({ submitted: 4, active: 0, pending: 0, completed: 2, failed: 1 });
      const seen = await Promise.all(looks);
      expect(seen.map(sum)).toEqual(seen.map((metrics) => metrics.submitted));
      expect(seen.length).toBeGreaterThanOrEqual(others === undefined ? 6 : 5); // the start of short jobs may not be told
      const submittedByTask = ({ byTask }: PoolMetrics): number =>
        Object.values(byTask).reduce((total, task) => total + task.submitted, 0);
      expect(seen.map(submittedByTask)).toEqual(seen.map((metrics) => metrics.submitted));
      expect((await pool.metrics()).byTask).toMatchObject({
        hold: { submitted: 1, completed: 1, executionMs: { count: 1, sum: running.executionMs } },
        echo: { submitted: 2, completed: 1, cancelled: 1 },
        fail: { submitted: 1, failed: 1 },
      });
      const [worker] = (await pool.metrics()).workers;
      if (kind === 'process') expect(worker?.pid).toBe(await pool.submit(gated.pid));
      else expect(worker?.threadId).toBe(await pool.submit(gated.threadId));
      expect(worker).not.toHaveProperty(kind === 'process' ? 'threadId' : 'pid');
    });

    test('with one worker runs by priority, and equals as they were submitted', async () => {
      await using pool = makePool();
      using gate = new FileGate();
      using log = new FileLog();
      pool.submit(gated.hold, [gate.path]);
      await gate.reachedBy(1);
      const submit = (value: string, options = {}): Job => pool.submit(gated.note, [log.path, value], options) as Job;
      for (const n of [1, 2, 3]) submit(`normal ${n}`);
      submit('low', { priority: 1 });
      for (const n of [1, 2]) submit(`high ${n}`, { priority: 3 });
      submit('front', { front: true });
      expect(await submit('raised', { priority: 0 }).setPriority(9)).toBe(true);
      gate.open();
      await pool.waitAll();
      expect(log.lines).toEqual([
        ...['raised', 'high 1', 'high 2', 'front', 'normal 1', 'normal 2', 'normal 3', 'low'],
      ]);
    });

    test('runs many short jobs in the order of submission', async () => {
      await using pool = makePool();
      using log = new FileLog();
      for (let i = 0; i < 300; i++) pool.submit(gated.note, [log.path, i]);
      await pool.waitAll();
      expect(log.lines).toEqual(Array.from({ length: 300 }, (_, i) => String(i)));
    });

    test('has as many async tasks open at once as its concurrency', async () => {
      await using pool = makePool({ concurrency: 3 });
      using gate = new FileGate();
      const jobs = Array.from({ length: 4 }, (_, i) => pool.submit(gated.hold, [gate.path, i]));
      await gate.reachedBy(3);
      await expectStates(jobs, ['RUNNING', 'RUNNING', 'RUNNING', 'PENDING']);
      gate.open();
      expect(await Promise.all(jobs)).toEqual([0, 1, 2, 3]);
    });

    test('that is paused starts nothing until it is resumed', async () => {
      const pool = plainPool();
      using gate = new FileGate();
      pool.submit(gated.hold, [gate.path]);
      const jobs = pool.submitMany(tasks.echo, [[1], [2], [3]]);
      await gate.reachedBy(1);
      await pool.pause();
      gate.open();
      expect(await pool.waitAll({ timeoutMs: 20 })).toBe(false);
      await expectStates(jobs, ['PENDING', 'PENDING', 'PENDING']);
      await pool.resume();
      expect(await pool.waitAll()).toBe(true);
      expect(jobs.map((job) => job.result)).toEqual([1, 2, 3]);
    });

    test('with a full queue refuses a job, which fails', async () => {
      await using pool = makePool({ maxQueue: 1 });
      using gate = new FileGate();
      const held = pool.submit(gated.hold, [gate.path]);
      await gate.reachedBy(1);
      await expectStates([held as Job], ['RUNNING']);
      const [waiting, refused] = [pool.submit(tasks.echo, [1]), pool.submit(tasks.echo, [2])];
      await expect(refused).rejects.toBeInstanceOf(QueueFullError);
      gate.open();
      expect(await waiting).toBe(1);
      await pool.ready();
    });

    test('maps a task over items, in order, to an array or a typed array, until one fails', async () => {
      const pool = plainPool();
      const square = (x: number): number => x * x;
      const items = Array.from({ length: 500 }, (_, i) => i);
      expect(await pool.map(square, items)).toEqual(items.map((x) => x * x));
      const typed = await pool.map(square, Float64Array.from(items));
      expect(typed).toBeInstanceOf(Float64Array);
      expect(Array.from(typed)).toEqual(items.map((x) => x * x));
      const failing = (x: number): number => {
        if (x === 30) throw new RangeError('thirty');
        return x;
      };
      const map = pool.map(failing, items);
      await expect(map).rejects.toThrow('thirty');
      expect(map.failure).toEqual({ index: 30, error: new RangeError('thirty') });
    });

    test('maps with arguments in common, over failures, to several results an item, and again what failed', async () => {
      const pool = plainPool();
      const items = Array.from({ length: 300 }, (_, i) => i);
      const plus = (x: number, table: Map<string, number>, more: number): number => x + (table.get('add') ?? 0) + more;
      const sums = await pool.map(plus, items, { args: [new Map([['add', 10]]), 1] });
      expect(sums).toEqual(items.map((x) => x + 11));
      const failing = (x: number): number => {
        if (x % 100 === 30) throw Object.assign(new RangeError('thirty'), { x });
        return x;
      };
      const settled = await pool.map(failing, items, { settled: true });
      const rejected = settled.filter((result) => result.status === 'rejected');
      expect(rejected.map(({ index }) => index)).toEqual([30, 130, 230]);
      expect(rejected[1]?.reason).toEqual(Object.assign(new RangeError('thirty'), { x: 130 }));
      expect(settled.length).toBe(300);
      function* around(x: number): Generator<number> {
        yield x - 1;
        yield x + 1;
      }
      expect(await pool.map(around, items, { flat: true })).toEqual(items.flatMap((x) => [x - 1, x + 1]));
      const flaky = function (this: CurrentJob, x: number): number {
        if (x % 100 === 5 && this.attempt === 1) throw new Error('once');
        return x;
      };
      expect(await pool.map(flaky, items, { retry: { maxAttempts: 2 }, chunk: 50 })).toEqual(items);
      const endless = pool.map(
        failing,
        (function* () {
          for (;;) yield 1;
        })(),
      );
      expect(endless.cancel('enough')).toBe(true);
      await expect(endless).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'enough' });
      await pool.waitAll();
    });

    test('maps over items that are moved', async () => {
      const pool = plainPool();
      const moved = [new Uint8Array(10), new Uint8Array(20)];
      expect(await pool.map((bytes: Uint8Array) => bytes.length, moved, { transferItems: true })).toEqual([10, 20]);
      expect(moved[0]?.length).toBe(0);
    });

    test('drains when it is shut down, and then has no worker', async () => {
      const pool = makePool();
      using gate = new FileGate();
      const running = pool.submit(gated.hold, [gate.path, 'held']);
      const queued = pool.submitMany(tasks.echo, [[1], [2]]);
      await gate.reachedBy(1);
      const end = pool.shutdown();
      expect(() => pool.submit(tasks.echo, [3])).toThrow(PoolClosedError);
      gate.open();
      expect(await end).toEqual({ completed: 3, failed: 0, cancelled: 0 });
      expect([running.result, ...queued.map((job) => job.result)]).toEqual(['held', 1, 2]);
      expect((await pool.metrics()).workers).toEqual([]);
    });

    test("shut down with 'finishRunning' cancels what is pending", async () => {
      const pool = makePool();
      using gate = new FileGate();
      const running = pool.submit(gated.hold, [gate.path, 'held']);
      const pending = pool.submit(tasks.echo, [1]);
      await gate.reachedBy(1);
      const end = pool.shutdown({ mode: 'finishRunning' });
      await expectStates([pending], ['CANCELLED']);
      gate.open();
      expect(await end).toEqual({ completed: 1, failed: 0, cancelled: 1 });
      expect(running.result).toBe('held');
    });
  });

  describe('an error', () => {
    test.each(['Error', 'TypeError', 'RangeError', 'SyntaxError', 'ReferenceError', 'EvalError', 'URIError'] as const)(
      'arrives as what it was: %s',
      async (name) => {
        const pool = plainPool();
        const job = pool.submit(
          (className: string) => {
            const ErrorClass = Reflect.get(globalThis, className) as ErrorConstructor;
            throw Object.assign(new ErrorClass('no good'), { code: 'E_CODE', detail: { n: [1] }, big: 7n });
          },
          [name],
        );
        await expect(job).rejects.toBeInstanceOf(Reflect.get(globalThis, name) as ErrorConstructor);
        await expect(job).rejects.toMatchObject({
          name,
          message: 'no good',
          code: 'E_CODE',
          detail: { n: [1] },
          big: 7n,
        });
      },
    );

    test('keeps its cause, its errors and its stack', async () => {
      const pool = plainPool();
      const job = pool.submit(() => {
        const cause = new RangeError('deep', { cause: 'a text' });
        throw new AggregateError([new TypeError('one'), 2], 'several', { cause });
      });
      await expect(job).rejects.toBeInstanceOf(AggregateError);
      await expect(job).rejects.toMatchObject({
        message: 'several',
        cause: { name: 'RangeError', message: 'deep', cause: 'a text' },
        errors: [{ name: 'TypeError', message: 'one' }, 2],
      });
      const located = pool.submit(tasks.fail, ['where']);
      await expect(located).rejects.toThrow('where');
      expect((located.error as Error).stack).toMatch(/^RangeError: where\n\s+at .*fail \(.*basic\.mjs:\d+:\d+\)/);
      expect((located.error as Error).stack).not.toMatch(/pool-worker/);
    });

    test.each([null, undefined, 0, '', 'text', { a: 1 }, 5n])(
      'that is no error (%p) arrives in one, as `thrown`',
      async (value) => {
        const pool = plainPool();
        const job = pool.submit(tasks.throwValue, [value]);
        await expect(job).rejects.toBeInstanceOf(Error);
        expect((job.error as { thrown?: unknown }).thrown).toEqual(value);
      },
    );

    test('holds typed arrays as they were, and names what cannot be cloned', async () => {
      const pool = plainPool();
      const job = pool.submit(() => {
        throw Object.assign(new Error('odd'), { bytes: new Uint8Array([1, 2]), fn: () => 1 });
      });
      await expect(job).rejects.toMatchObject({ fn: '[function fn, which cannot be cloned]' });
      const { bytes } = job.error as unknown as { bytes: Uint8Array };
      expect([[...bytes], bytes.buffer.byteLength]).toEqual([[1, 2], 2]);
    });

    test('of an inline function that reaches outside itself says what would help', async () => {
      const pool = plainPool();
      const outside = pool.maxWorkers; // no constant, which Bun would write into the function
      const job = pool.submit((x: number) => x + outside, [1]);
      await expect(job).rejects.toThrow(/outside is not defined: .* not 'outside' .* taskModule\(\)/);
      expect((job.error as Error).message.match(/taskModule/g)).toHaveLength(1);
    });

    test('names the path of an argument, a result and a report that cannot be cloned', async () => {
      const pool = plainPool();
      const argument = pool.submit(tasks.echo, [{ list: [1, { onDone() {} }] }] as never);
      await expect(argument).rejects.toBeInstanceOf(NotCloneableError);
      await expect(argument).rejects.toMatchObject({ path: 'args[0].list[1].onDone' });
      expect(argument.attempts).toBe(0);
      const result = pool.submit(() => ({ nested: { fn: () => 1 } }));
      await expect(result).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE', path: 'result.nested.fn' });
      const report = pool.submit(function (this: CurrentJob) {
        this.report({ fn: () => 1 });
      });
      await expect(report).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE' });
      expect(await pool.submit(tasks.echo, ['unharmed'])).toBe('unharmed');
    });
  });

  describe('progress', () => {
    test('comes in order and whole, reported or yielded', async () => {
      const pool = plainPool();
      const jobs = [
        pool.submit(tasks.report, [['a', { n: 1 }, [2]]]),
        pool.submit(tasks.yields, [['a', 'b', 'c']]),
        pool.submit(tasks.yieldsAsync, [[1, 2, 3]]),
      ] as Job[];
      const lists = jobs.map(async (job) => {
        const seen: unknown[] = [];
        for await (const value of job.progress) seen.push(value);
        return seen;
      });
      expect(await Promise.all(jobs)).toEqual([3, 'done', 'done']);
      expect(await Promise.all(lists)).toEqual([
        ['a', { n: 1 }, [2]],
        ['a', 'b', 'c'],
        [1, 2, 3],
      ]);
    });

    test('of a cancelled generator ends where it yields', async () => {
      const pool = plainPool();
      const job = pool.submit(async function* (): AsyncGenerator<number, void, undefined> {
        for (let i = 0; ; i++) {
          await new Promise((resolve) => setImmediate(resolve));
          yield i;
        }
      });
      await new Promise<void>((resolve) => void job.onProgress(() => resolve()));
      job.cancel('seen enough');
      await expect(job).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'seen enough' });
    });
  });

  describe('cancel', () => {
    test('of a pending job settles it at once, and it never starts', async () => {
      const pool = plainPool();
      using gate = new FileGate();
      using log = new FileLog();
      pool.submit(gated.hold, [gate.path]);
      await gate.reachedBy(1);
      const job = pool.submit(gated.note, [log.path, 'ran']);
      const answer = job.cancel('changed my mind');
      if (others === undefined) expect([answer, job.state]).toEqual([true, 'CANCELLED']);
      expect(await answer).toBe(true);
      expect(job).toMatchObject({ state: 'CANCELLED', attempts: 0, workerId: undefined });
      await expect(job).rejects.toThrow("Job 'note' was cancelled: changed my mind");
      gate.open();
      await pool.waitAll();
      expect(log.lines).toEqual([]);
    });

    test('of a running async job comes by its signal; what it threw is the cause', async () => {
      const pool = plainPool();
      using gate = new FileGate();
      const job = pool.submit(gated.untilAborted, [gate.path]);
      await gate.reachedBy(1);
      expect(await job.cancel(new RangeError('going home'))).toBe(true);
      await expect(job).rejects.toBeInstanceOf(CancelledError);
      await expect(job).rejects.toMatchObject({
        cause: { message: 'aborted: going home' },
        reason: { name: 'RangeError' },
      });
      expect(await job.cancel()).toBe(false);
      expect(await pool.submit(tasks.echo, [1])).toBe(1);
      expect((await pool.metrics()).workers.map(({ id }) => id)).toEqual([0]);
    });

    test('by the token of a job, a parent of it or a signal reaches its code; what it returned is kept', async () => {
      await using pool = makePool({ concurrency: 3 });
      using gate = new FileGate();
      const token = new CancellationToken();
      const controller = new AbortController();
      const jobs = [
        pool.submit(gated.untilCancelled, [gate.path, 'a']),
        pool.submit(gated.untilCancelled, [gate.path, 'b'], { token }),
        pool.submit(gated.untilCancelled, [gate.path, 'c'], { signal: controller.signal }),
      ];
      await gate.reachedBy(3);
      jobs[0]?.token.cancel('by its own');
      token.cancel('by its parent');
      controller.abort('by its signal');
      await Promise.allSettled(jobs);
      expect(jobs.map(({ state, result, error }) => [state, result, (error as CancelledError).reason])).toEqual([
        ['CANCELLED', 'a', 'by its own'],
        ['CANCELLED', 'b', 'by its parent'],
        ['CANCELLED', 'c', 'by its signal'],
      ]);
    });

    test('of a token that a task was given reaches the task, and its reason too', async () => {
      const pool = plainPool();
      using gate = new FileGate();
      const token = new CancellationToken();
      const job = pool.submit(gated.reasonOf, [gate.path, token]);
      await gate.reachedBy(1);
      token.cancel({ why: ['enough'] });
      expect(await job).toEqual({ why: ['enough'] });
      expect(await pool.submit((given: CancellationToken) => given.isCancelled, [token])).toBe(true);
    });

    test('of a token by a task reaches all who hold it', async () => {
      await using pool = makePool({ concurrency: 2 });
      using gate = new FileGate();
      const token = new CancellationToken();
      const heard = new Promise((resolve) => token.onCancel(resolve));
      const other = pool.submit(gated.reasonOf, [gate.path, token]);
      const waiting = pool.submit(gated.hold, [gate.path]);
      await gate.reachedBy(2);
      gate.open();
      await waiting;
      expect(await pool.submit(gated.cancelToken, [token, 'found'])).toBe('went on');
      expect(await heard).toBe('found');
      expect(await other).toBe('found');
      expect(token).toMatchObject({ isCancelled: true, reason: 'found' });
    });

    test('by the code of a job itself is no request to stop it', async () => {
      const pool = plainPool();
      const job = pool.submit(tasks.cancelOwnToken);
      expect(await job).toBe(true);
      expect(job.state).toBe('COMPLETED');
    });
  });

  describe('a time limit', () => {
    test('on a running job cancels it, and fails it', async () => {
      await using pool = makePool();
      using gate = new FileGate();
      const job = pool.submit(gated.untilCancelled, [gate.path, 'so far'], { timeoutMs: 30 });
      await expect(job).rejects.toBeInstanceOf(JobTimeoutError);
      expect([job.state, job.attempts]).toEqual(['FAILED', 1]);
      expect(await pool.metrics()).toMatchObject({ timedOut: 1, failed: 1 });
    });

    test('on a pending job fails it, and it never starts', async () => {
      const pool = plainPool();
      using gate = new FileGate();
      pool.submit(gated.hold, [gate.path]);
      await gate.reachedBy(1);
      const job = pool.submit(tasks.echo, [1], { deadline: Date.now() + 20 });
      await expect(job).rejects.toBeInstanceOf(JobTimeoutError);
      expect(job.attempts).toBe(0);
      gate.open();
    });

    test('is set on a job that runs, that was sent ahead, or that was not submitted', async () => {
      await using pool = makePool({ concurrency: 2 });
      using gate = new FileGate();
      const running = pool.submit(gated.untilCancelled, [gate.path, 'so far']);
      await gate.reachedBy(1);
      const held = pool.submit(gated.hold, [gate.path]);
      await gate.reachedBy(2);
      const sent = pool.submit(gated.untilCancelled, [gate.path, 'so far']);
      const made = new Job(gated.untilCancelled, [gate.path, 'so far'], { timeoutMs: Number.POSITIVE_INFINITY });
      expect([running, sent, made].map((job) => job.setTimeLimit(1))).toEqual([true, true, true]);
      pool.submitJob(made);
      for (const job of [running, sent, made])
        await expect(job).rejects.toThrow("untilCancelled' timed out: its code ran for more than 1 ms");
      expect(held.setTimeLimit(1)).toBe(true);
      expect(held.setTimeLimit(Number.POSITIVE_INFINITY)).toBe(true);
      gate.open();
      expect(await held).toBe(undefined);
      expect([running, held].map((job) => job.setTimeLimit(1))).toEqual([false, false]);
      expect(await pool.metrics()).toMatchObject({ timedOut: 3, failed: 3, completed: 1 });
    });
  });

  describe('a group with a concurrency', () => {
    test('has as many jobs run at once; those that wait hold no worker', async () => {
      await using pool = makePool({ concurrency: 4 });
      using gate = new FileGate();
      const group = pool.group('g', { concurrency: 2 });
      const part = group.group('part', { concurrency: 1 });
      const jobs = [group, group, part, part].map((one, i) => one.submit(gated.hold, [gate.path, i]));
      await gate.reachedBy(2);
      expect(await pool.submit(tasks.echo, ['beside'])).toBe('beside');
      expect(jobs.map((job) => job.state)).toEqual(['RUNNING', 'RUNNING', 'PENDING', 'PENDING']);
      expect(group.stats()).toMatchObject({ active: 2, pending: 2 });
      expect(jobs[2]?.cancel()).toBe(true);
      gate.open();
      await group.waitAll();
      expect(jobs.map((job) => job.result)).toEqual([0, 1, undefined, 3]);
    });

    test('has the most urgent next, equals as they were submitted, and a job of several attempts keep its turn', async () => {
      await using pool = makePool({ concurrency: 2 });
      using gate = new FileGate();
      using log = new FileLog();
      const group = pool.group('g', { concurrency: 1 });
      group.submit(gated.hold, [gate.path]);
      await gate.reachedBy(1);
      const note = (value: string, priority: number): Job =>
        group.submit(gated.note, [log.path, value], { priority }) as Job;
      note('low', 1);
      for (const n of [1, 2]) note(`high ${n}`, 3);
      const raised = note('raised', 0);
      note('lowered', 8).setPriority(-1);
      expect(raised.setPriority(9)).toBe(true);
      group.submit(gated.succeedAt, [log.path, 3], { priority: 4, retry: { maxAttempts: 3, delayMs: 1 } });
      gate.open();
      await group.waitAll();
      expect(log.lines).toEqual(['raised', '1', '2', '3', 'high 1', 'high 2', 'low', 'lowered']);
    });
  });

  describe('retry', () => {
    test('tries again until the code returns, and the code knows the attempt', async () => {
      await using pool = makePool();
      using log = new FileLog();
      const job = pool.submit(gated.succeedAt, [log.path, 3], { retry: { maxAttempts: 5 } });
      expect(await job).toBe(3);
      expect(job.attempts).toBe(3);
      expect(log.lines).toEqual(['1', '2', '3']);
      expect(await pool.metrics()).toMatchObject({ retried: 2, completed: 1, failed: 0 });
    });

    test('ends with the last error', async () => {
      const pool = plainPool();
      using log = new FileLog();
      const job = pool.submit(gated.succeedAt, [log.path, 9], { retry: { maxAttempts: 2, delayMs: 1 } });
      await expect(job).rejects.toThrow('attempt 2');
    });

    test('ends where retryIf says no', async () => {
      const pool = plainPool();
      using log = new FileLog();
      const seen: unknown[] = [];
      const retryIf = (error: unknown): boolean => seen.push(error) > 1;
      const refused = pool.submit(gated.succeedAt, [log.path, 9], { retry: { maxAttempts: 9, retryIf } });
      await expect(refused).rejects.toBeInstanceOf(RangeError);
      expect(seen).toEqual([refused.error]);
    });
  });

  checkExceptions();
}
