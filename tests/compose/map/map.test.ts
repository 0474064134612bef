import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CancellationToken, CancelledError, NotCloneableError, PoolClosedError, ThreadPool } from 'thread-system';
import { Gate, occupy, until } from '../../support/gate.ts';
import { runProgram } from '../../support/program.ts';
import { tasks } from '../../support/tasks.ts';

const double = (x: number): number => x * 2;

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

/** All of them from 0 on, one reader's. */
class Numbers implements Iterable<number> {
  /** How many were read. */
  read = 0;
  isClosed = false;

  *[Symbol.iterator](): Generator<number> {
    try {
      for (;;) yield this.read++;
    } finally {
      this.isClosed = true;
    }
  }
}

describe('map', () => {
  test('gives the results of all items in their order, whatever their number and the size of chunks', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const chunk = fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.double(), fc.string(), fc.integer()), { maxLength: 300 }),
        chunk,
        (items, size) =>
          pool.map((x: unknown) => x, items, { chunk: size }).then((results) => expect(results).toEqual(items)),
      ),
      { numRuns: 40 },
    );
    expect(await pool.map((x: unknown) => String(x), Object.assign(new Array<unknown>(3), { 0: 1, 2: 3 }))).toEqual([
      '1',
      'undefined',
      '3',
    ]);
  });

  test('of a million numbers, and again with what it learnt', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const items = Array.from({ length: 1_000_000 }, (_, i) => i);
    for (let round = 0; round < 2; round++) {
      const results = await pool.map(double, items);
      expect(results.length).toBe(items.length);
      expect(results.every((value, i) => value === 2 * i)).toBe(true);
    }
    // chunks grew with what they took: a job an item would be a million
    expect(pool.metrics().completed).toBeLessThan(20_000);
    expect(pool.metrics().completed).toBeGreaterThan(4);
  });

  test('takes any iterable, read no further ahead than two chunks for each place on a worker', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const numbers = new Numbers();
    const seen: number[] = [];
    for await (const value of pool.map(double, numbers, { chunk: 10 })) {
      seen.push(value);
      expect(numbers.read - seen.length).toBeLessThanOrEqual(2 * 2 * 10);
      if (seen.length === 95) break;
    }
    expect(seen).toEqual(Array.from({ length: 95 }, (_, i) => 2 * i));
    expect(numbers.isClosed).toBe(true);
    await pool.waitAll();
    expect(await collect(pool.map((s: string) => s.toUpperCase(), new Set(['a', 'b'])))).toEqual(['A', 'B']);
  });

  test('takes an async iterable, and passes on what has come while it waits for more', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    async function* slow(): AsyncGenerator<number> {
      yield 1;
      yield 2;
      await released;
      yield 3;
    }
    const results = pool.map(double, slow(), { chunk: 100 })[Symbol.asyncIterator]();
    expect((await results.next()).value).toBe(2);
    expect((await results.next()).value).toBe(4);
    release();
    expect((await results.next()).value).toBe(6);
    expect((await results.next()).done).toBe(true);
    expect(await pool.map(async (x: number) => x + 1, slow())).toEqual([2, 3, 4]);
  });

  test('unordered gives results as they are done', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    using gate = new Gate();
    const items = [gate.words, undefined, undefined, undefined];
    const wait = (words: Int32Array | undefined): string => {
      if (words === undefined) return 'free';
      Atomics.wait(words, 0, 0);
      return 'held';
    };
    const results = pool.map(wait, items, { chunk: 1, ordered: false })[Symbol.asyncIterator]();
    for (let i = 0; i < 3; i++) expect((await results.next()).value).toBe('free');
    gate.open();
    expect((await results.next()).value).toBe('held');
    expect((await results.next()).done).toBe(true);
  });

  test('the first failure cancels the rest, closes the source and is what it rejects with', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const numbers = new Numbers();
    const failing = (x: number): number => {
      if (x === 7) throw new RangeError('seven');
      return x;
    };
    await expect(pool.map(failing, numbers, { chunk: 1 })).rejects.toThrow(new RangeError('seven'));
    expect(numbers.isClosed).toBe(true);
    const readThen = numbers.read;
    await pool.waitAll();
    expect(numbers.read).toBe(readThen);
    await expect(collect(pool.map(failing, [5, 6, 7, 8], { chunk: 1 }))).rejects.toThrow('seven');
    const brokenSource = (function* (): Generator<number> {
      yield 1;
      throw new TypeError('no more');
    })();
    await expect(pool.map(double, brokenSource)).rejects.toThrow('no more');
    await expect(pool.map((x: unknown) => x, [1, () => 1])).rejects.toBeInstanceOf(NotCloneableError);
    await pool.waitAll();
    const { submitted, completed, failed, cancelled } = pool.metrics();
    expect(submitted).toBe(completed + failed + cancelled);
  });

  test('honours the options of its jobs: a token, a signal, a priority, a name', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const controller = new AbortController();
    const names = new Set<string>();
    pool.on('jobStarted', (job) => names.add(`${job.name} ${job.priority}`));
    const endless = pool.map(tasks.spin, [undefined, undefined] as (Int32Array | undefined)[], {
      signal: controller.signal,
      priority: 7,
      name: 'endless',
    });
    await until(() => names.size > 0);
    controller.abort(new Error('enough'));
    await expect(endless).rejects.toBeInstanceOf(CancelledError);
    await pool.waitAll();
    expect([...names]).toEqual(['endless 7']);
    expect(pool.metrics().byPriority['7']).toMatchObject({ cancelled: pool.metrics().submitted });
  });

  test('a cancelled chunk stops between two items', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY });
    using gate = new Gate();
    const count = (words: Int32Array): void => {
      if (Atomics.add(words, 1, 1) === 0) Atomics.wait(words, 0, 0);
    };
    const controller = new AbortController();
    const all = pool.map(count, new Array<Int32Array>(1000).fill(gate.words), {
      chunk: 1000,
      signal: controller.signal,
    });
    await gate.reachedBy(1);
    controller.abort();
    gate.open();
    await expect(all).rejects.toBeInstanceOf(CancelledError);
    await pool.waitAll();
    expect(Atomics.load(gate.words, 1)).toBeLessThanOrEqual(32);
  });

  test('a typed array gives one of the same kind, a Buffer a Buffer, shared memory shared memory', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const bytes = await pool.map(double, new Uint8Array([1, 2, 200]).subarray(1));
    expect(bytes).toEqual(new Uint8Array([4, 144]));
    const clamped = await pool.map(double, new Uint8ClampedArray([200]));
    expect(clamped).toEqual(new Uint8ClampedArray([255]));
    const big = await pool.map((x: bigint) => x * 2n, new BigInt64Array([1n, -5n]));
    expect(big).toEqual(new BigInt64Array([2n, -10n]));
    const buffer = await pool.map((x: number) => x + 1, Buffer.from('HAL'));
    expect(buffer.toString()).toBe('IBM');
    const shared = new Float64Array(new SharedArrayBuffer(8 * 10_000)).map((_, i) => i);
    const input = new Float64Array(new SharedArrayBuffer(8 * 10_000));
    input.set(shared);
    const output = await pool.map(double, input);
    expect(output.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(output.every((value, i) => value === 2 * i)).toBe(true);
    expect(input[5]).toBe(5);
    expect(await collect(pool.map(double, new Int16Array([1, 2])))).toEqual([2, 4]);
    expect(await collect(pool.map(double, input.subarray(3, 5)))).toEqual([6, 8]);
    expect(await pool.map(double, new Float32Array())).toEqual(new Float32Array());
  });

  test('runs async tasks, generator tasks and methods that look at their job', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const items = Array.from({ length: 100 }, (_, i) => i);
    expect(await pool.map(async (x: number) => await Promise.resolve(x + 1), items)).toEqual(items.map((x) => x + 1));
    const sometimes = (x: number): number | Promise<number> => (x % 3 === 0 ? Promise.resolve(x + 0.5) : x);
    expect(await pool.map(sometimes, items, { chunk: 17 })).toEqual(items.map((x) => (x % 3 === 0 ? x + 0.5 : x)));
    expect(await pool.map(tasks.yields, [['a', 'b'], ['c']])).toEqual(['done', 'done']);
    expect(await pool.map(tasks.idOfThis, [1, 2, 3] as never[], { chunk: 3 })).toHaveLength(3);
  });

  test('ends however its source behaves', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const items = Array.from({ length: 100 }, (_, i) => i);
    const shortened = pool.map(double, items, { chunk: 1 });
    items.length = 50;
    expect(await shortened).toEqual(Array.from({ length: 50 }, (_, i) => 2 * i));
    const rude = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ value: 1, done: false as const }),
        return(): never {
          throw new Error('not now');
        },
      }),
    };
    const failing = (x: number): number => {
      throw new RangeError(`no ${x}`);
    };
    await expect(pool.map(failing, rude)).rejects.toThrow('no 1');
    for await (const value of pool.map(double, rude)) {
      expect(value).toBe(2);
      break;
    }
    const endless = new Numbers();
    expect((await pool.map(double, endless)[Symbol.asyncIterator]().return()).done).toBe(true);
    expect(endless.isClosed).toBe(true);
  });

  test('over a source that has stalled ends by a token, a signal, a shutdown, or by leaving the loop', async () => {
    const pool = new ThreadPool({ maxWorkers: 1 });
    let closed = 0;
    const stalled = (): AsyncIterable<number> => ({
      [Symbol.asyncIterator]: () => {
        let isFirst = true;
        return {
          next: () => {
            if (!isFirst) return new Promise<never>(() => {});
            isFirst = false;
            return Promise.resolve({ value: 1, done: false as const });
          },
          return: () => {
            closed++;
            return Promise.resolve({ value: undefined, done: true as const });
          },
        };
      },
    });
    const token = new CancellationToken();
    const byToken = pool.map(double, stalled(), { token });
    const controller = new AbortController();
    const bySignal = pool.map(double, stalled(), { signal: controller.signal });
    const byShutdown = expect(pool.map(double, stalled())).rejects.toBeInstanceOf(PoolClosedError);
    const left = pool.map(double, stalled())[Symbol.asyncIterator]();
    expect((await left.next()).value).toBe(2);
    const pending = left.next();
    expect((await left.return()).done).toBe(true);
    expect(await pending).toEqual({ value: undefined, done: true });
    await pool.waitAll();
    token.cancel('enough');
    await expect(byToken).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'enough' });
    controller.abort();
    await expect(bySignal).rejects.toBeInstanceOf(CancelledError);
    await expect(pool.map(double, [], { signal: controller.signal })).rejects.toBeInstanceOf(CancelledError);
    await pool.shutdown();
    await byShutdown;
    expect(closed).toBe(4);
  });

  test('left while a result is awaited, rejects nothing', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = await occupy(pool);
    const results = pool.map(double, [1, 2, 3])[Symbol.asyncIterator]();
    const pending = results.next();
    expect((await results.return()).done).toBe(true);
    expect((await pending).done).toBe(true);
    gate.open();
  });

  test('holds an iterator to its protocol', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const from = (next: () => unknown): Iterable<number> => ({
      [Symbol.iterator]: () => ({ next }) as Iterator<number>,
    });
    await expect(
      pool.map(
        double,
        from(() => 5),
      ),
    ).rejects.toThrow('next() must give an object, received 5');
    const asyncFrom = { [Symbol.asyncIterator]: () => ({ next: async () => undefined as never }) };
    await expect(pool.map(double, asyncFrom)).rejects.toThrow('next() must give an object, received undefined');
    let asked = 0;
    const counted = from(() => ({ value: asked, done: asked++ === 3 ? 1 : 0 }));
    expect(await pool.map(double, counted, { chunk: 2 })).toEqual([0, 2, 4]);
    expect(asked).toBe(4); // not asked again after its end
    const buffer = Reflect.construct(ArrayBuffer, [1000, { maxByteLength: 1000 }]) as ArrayBuffer & {
      resize(length: number): void;
    };
    const resizable = new Uint8Array(buffer).fill(1);
    const shrunk = pool.map(double, resizable, { chunk: 10 });
    buffer.resize(100);
    expect((await shrunk).length).toBeLessThanOrEqual(100);
  });

  test('moves what its task moves', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const made = await pool.map(tasks.makeBytes, [10, 20, 30], { chunk: 3 });
    expect(made.map((bytes) => bytes.length)).toEqual([10, 20, 30]);
    expect(made[2]?.[29]).toBe(7);
  });

  test('is used once, in one way', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const awaited = pool.map(double, [1]);
    expect(await Promise.all([awaited, awaited])).toEqual([[2], [2]]);
    expect(() => awaited[Symbol.asyncIterator]()).toThrow('Cannot iterate over a map that was awaited');
    const iterated = pool.map(double, [1]);
    expect(await collect(iterated)).toEqual([2]);
    await expect(iterated).rejects.toThrow('Cannot await a map that is iterated over');
  });

  test('refuses bad items and options at the call, naming them', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const bad =
      (items: unknown, options: object): (() => unknown) =>
      () =>
        pool.map(double, items as number[], options);
    expect(bad(5, {})).toThrow("Cannot map 'double': the items must be iterable, received 5");
    expect(bad([1], { chunk: 0 })).toThrow(
      new RangeError(`Cannot map 'double': chunk must be from 1 to ${Number.MAX_SAFE_INTEGER}, received 0`),
    );
    expect(bad([1], { chunk: '5' })).toThrow("Cannot map 'double': chunk must be an integer, received");
    expect(bad([1], { concurrency: 0.5 })).toThrow("Cannot map 'double': concurrency must be an integer, received 0.5");
    expect(bad([1], { ordered: 1 })).toThrow("Cannot map 'double': ordered must be a boolean, received 1");
    expect(bad([1], { transfer: [] })).toThrow("Cannot map 'double': transfer is for one job");
    expect(bad([1], { chunks: 1 })).toThrow(/Cannot map 'double': .*chunks/);
    expect(() => pool.map(5 as never, [1])).toThrow('task must be a function');
    expect(pool.metrics().submitted).toBe(0);
  });

  test('ends with PoolClosedError when the pool is shut down under it', async () => {
    const pool = new ThreadPool({ maxWorkers: 1 });
    using gate = await occupy(pool);
    const all = pool.map(double, [1, 2, 3, 4, 5], { chunk: 1 });
    const closing = pool.shutdown();
    gate.open();
    await expect(all).rejects.toBeInstanceOf(PoolClosedError);
    await closing;
    expect(() => pool.map(double, [1])).toThrow(PoolClosedError);
  });

  test('a failure that nobody looks at causes a warning', async () => {
    const { stderr, code } = await runProgram(`
      import { ThreadPool } from 'thread-system';
      const pool = new ThreadPool({ maxWorkers: 1 });
      pool.map(() => { throw new Error('unseen'); }, [1]);
    `);
    expect(code).toBe(0);
    expect(stderr).toContain(
      "UnobservedJobFailure: A map of 'anonymous' failed and its error was never observed: unseen",
    );
  });
});
