import { describe, expect, test } from '@jest/globals';
import { type CurrentJob, type Job, type MapOptions, Mutex, NotCloneableError, ThreadPool } from 'thread-system';
import { tasks } from '../../support/tasks.ts';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

const failsAt7 = (x: number): number => {
  if (x % 10 === 7) throw new RangeError(`no ${x}`);
  return x;
};

describe('args', () => {
  test('follow the item, with locks and shared memory among them', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const sums = new Float64Array(new SharedArrayBuffer(8));
    const add = async (x: number, mutex: Mutex, total: Float64Array, factor: number): Promise<void> => {
      const lock = await mutex.lock();
      total[0] = (total[0] ?? 0) + factor * x;
      lock.release();
    };
    await pool.map(add, upTo(200), { args: [new Mutex(), sums, 2], chunk: 5 });
    expect(sums[0]).toBe(199 * 200);
  });

  test('are one object in a worker, whatever number of items it runs: it was sent once', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const mark = (_x: number, table: Map<string, number>): number => {
      const uses = (table.get('uses') ?? 0) + 1;
      table.set('uses', uses);
      return uses;
    };
    const table = new Map<string, number>();
    const uses = await pool.map(mark, upTo(100), { args: [table], chunk: 10 });
    // each worker counts in a copy of its own
    const most = uses.filter((count) => count === 1).length;
    expect(most).toBeGreaterThanOrEqual(1);
    expect(most).toBeLessThanOrEqual(2);
    expect(new Set(uses).size).toBeGreaterThanOrEqual(50);
    expect(table.size).toBe(0);
    // a later map has arguments of its own
    const again = await pool.map(mark, [1], { args: [table] });
    expect(again).toEqual([1]);
  });

  test('that cannot be cloned fail the map, with settled too, and the pool goes on', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const task = (x: number, _given: unknown): number => x;
    for (const settled of [false, true]) {
      const map = pool.map(task, upTo(50), { args: [{ fn: () => 1 }], settled });
      await expect(map).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE', path: 'options.args[0].fn' });
      expect(map.failure?.index).toBeUndefined();
    }
    const throwing = {
      get value(): never {
        throw new RangeError('unreadable');
      },
    };
    await expect(pool.map(task, [1], { args: [throwing] })).rejects.toBeInstanceOf(NotCloneableError);
    expect(await pool.map(task, [1, 2], { args: [undefined] })).toEqual([1, 2]);
    const { pending, active } = pool.metrics();
    expect([pending, active]).toEqual([0, 0]);
  });
});

describe('settled', () => {
  test.each([1, 3, 100])('goes on after failures, with each result at its place, by chunks of %d', async (chunk) => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const map = pool.map(failsAt7, upTo(40), { settled: true, chunk });
    const results = await map;
    expect(results.length).toBe(40);
    for (const [i, result] of results.entries()) {
      if (i % 10 !== 7) expect(result).toEqual({ status: 'fulfilled', value: i });
      else expect(result).toEqual({ status: 'rejected', reason: new RangeError(`no ${i}`), index: i });
    }
    expect([map.settledCount, map.failure]).toEqual([40, undefined]);
  });

  test('rejects an item or a result that cannot be cloned, alone', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const items = [0, () => 1, 2, 3];
    const echo = (x: unknown): unknown => (x === 3 ? { fn: () => 1 } : x);
    const results = await pool.map(echo, items, { settled: true, chunk: 4 });
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected']);
    for (const i of [1, 3]) expect(results[i]).toMatchObject({ index: i, reason: { code: 'ERR_NOT_CLONEABLE' } });
  });

  test('rejects the items of a thread that died, and of a time limit, and goes on', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const dies = (x: number): number => (x === 1 ? process.exit(3) : x);
    const results = await pool.map(dies, upTo(3), { settled: true, chunk: 1 });
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    const hangs = async (x: number): Promise<number> => (x === 1 ? await new Promise<number>(() => {}) : x);
    const limited = await pool.map(hangs, upTo(3), { settled: true, timeoutMs: 50, graceMs: 0 });
    expect(limited.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  test('ends with what is no fault of an item: a cancel, a missing task, a source that throws', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await expect(pool.map(tasks.notExported as never, upTo(5), { settled: true })).rejects.toMatchObject({
      code: 'ERR_TASK_NOT_FOUND',
    });
    function* broken(): Generator<number> {
      yield 1;
      throw new RangeError('source');
    }
    const map = pool.map(failsAt7, broken(), { settled: true });
    await expect(map).rejects.toThrow('source');
    expect(map.failure).toMatchObject({ index: undefined });
  });
});

describe('flat', () => {
  test('makes each yielded value, and each element, a result', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const items = upTo(60);
    const expected = items.flatMap((x) => [x, -x]);
    function* pair(x: number): Generator<number, string> {
      yield x;
      yield -x;
      return 'not a result';
    }
    async function* pairAsync(x: number): AsyncGenerator<number> {
      yield x;
      yield -x;
    }
    expect(await pool.map(pair, items, { flat: true })).toEqual(expected);
    expect(await pool.map(pairAsync, items, { flat: true, chunk: 7 })).toEqual(expected);
    expect(await pool.map((x: number) => [x, -x], items, { flat: true })).toEqual(expected);
    expect(await pool.map(async (x: number) => [x, -x], items, { flat: true })).toEqual(expected);
    // of a typed array a list is made, as there may be any number of results
    expect(await pool.map((x: number) => [x, -x], new Int8Array([1, 2]), { flat: true })).toEqual([1, -1, 2, -2]);
    expect(await pool.map((x: number) => (x > 1 ? x : []), [1, 2, 3], { flat: true })).toEqual([2, 3]);
  });

  test('with settled has no results of an item that fails, after whatever it yielded', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    function* failing(x: number): Generator<number> {
      yield x;
      if (x === 1) throw new RangeError('one');
      yield x + 100;
    }
    const results = await pool.map(failing, [0, 1, 2], { flat: true, settled: true, chunk: 3 });
    expect(results).toEqual([
      { status: 'fulfilled', value: 0 },
      { status: 'fulfilled', value: 100 },
      { status: 'rejected', reason: new RangeError('one'), index: 1 },
      { status: 'fulfilled', value: 2 },
      { status: 'fulfilled', value: 102 },
    ]);
  });
});

test('transferItems moves buffers and views, and leaves shared memory where it is', async () => {
  await using pool = new ThreadPool({ maxWorkers: 2 });
  const shared = new Uint8Array(new SharedArrayBuffer(5));
  const items = [new Uint8Array(3), new ArrayBuffer(4), shared, new DataView(new ArrayBuffer(6))];
  const sizes = await pool.map((item: { byteLength: number }) => item.byteLength, items, { transferItems: true });
  expect(sizes).toEqual([3, 4, 5, 6]);
  expect([items[0]?.byteLength, items[1]?.byteLength, items[2]?.byteLength]).toEqual([0, 0, 5]);
  expect(() => pool.map((x: number) => x, [1], { transferItems: true, retry: { maxAttempts: 2 } })).toThrow(
    'retry and transferItems exclude each other',
  );
});

describe('a failure', () => {
  test.each([1, 8, undefined])('names its item, with chunks of %s', async (chunk) => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const options: MapOptions = { ...(chunk !== undefined && { chunk }), concurrency: 1 };
    const map = pool.map(
      failsAt7,
      Array.from(upTo(100), (i) => i * 10 + (i === 77 ? 7 : 0)),
      options,
    );
    await expect(map).rejects.toThrow('no 777');
    expect(map.failure).toEqual({ index: 77, error: new RangeError('no 777') });
    const thrown = pool.map(async (x: number) => (x === 5 ? Promise.reject(x) : x), upTo(20), options);
    await thrown.catch(() => {});
    expect(thrown.failure).toMatchObject({ index: 5, error: { thrown: 5 } });
    const items = Object.assign(upTo(20) as unknown[], { 9: () => 1 });
    const unsent = pool.map((x: unknown) => x, items, options);
    await unsent.catch(() => {});
    expect(unsent.failure).toMatchObject({ index: 9, error: { code: 'ERR_NOT_CLONEABLE' } });
    const unreturned = pool.map((x: number) => (x === 9 ? () => 1 : x) as number, upTo(20), options);
    await unreturned.catch(() => {});
    expect(unreturned.failure).toMatchObject({ index: 9, error: { code: 'ERR_NOT_CLONEABLE' } });
  });
});

describe('cancel', () => {
  test('ends a map with a CancelledError, once', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    let isClosed = false;
    function* numbers(): Generator<number> {
      try {
        for (let i = 0; ; i++) yield i;
      } finally {
        isClosed = true;
      }
    }
    const map = pool.map(failsAt7, numbers(), { settled: true });
    expect(map.cancel('enough')).toBe(true);
    expect(map.cancel('again')).toBe(false);
    await expect(map).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'enough' });
    expect([isClosed, map.failure?.index]).toEqual([true, undefined]);
    const done = pool.map((x: number) => x, [1]);
    expect(await done).toEqual([1]);
    expect(done.cancel()).toBe(false);
  });
});

test('onProgress gives how many items have settled, of how many; until it is taken off', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const seen: (readonly [number, number | undefined])[] = [];
  const map = pool.map(failsAt7, upTo(30), { settled: true, chunk: 10 });
  map.onProgress((count, total) => seen.push([count, total]));
  const off = map.onProgress(() => seen.push([-1, undefined]));
  off();
  await map;
  expect(seen.at(-1)).toEqual([30, 30]);
  expect(seen.map(([count]) => count)).toEqual(seen.map(([count]) => count).toSorted((a, b) => a - b));
  expect(seen.every(([count]) => count > 0)).toBe(true);
  expect(() => map.onProgress(5 as never)).toThrow('the listener must be a function, received 5');
});

describe('retry', () => {
  test('is of the item: those of its chunk that returned are not run again', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const runs = new Int32Array(new SharedArrayBuffer(4 * 100));
    const flaky = function (this: CurrentJob, x: number, counts: Int32Array): readonly [number, number] {
      Atomics.add(counts, x, 1);
      if (x % 10 === 3 && this.attempt < 3) throw new RangeError(`attempt ${this.attempt} of ${x}`);
      return [x, this.attempt];
    };
    const retried: { readonly attempt: number; readonly error: unknown }[] = [];
    pool.on('jobRetried', (_job: Job, failed) => retried.push(failed));
    const results = await pool.map(flaky, upTo(100), { args: [runs], chunk: 20, retry: { maxAttempts: 3 } });
    expect(results).toEqual(upTo(100).map((x) => [x, x % 10 === 3 ? 3 : 1]));
    expect(Array.from(runs)).toEqual(upTo(100).map((x) => (x % 10 === 3 ? 3 : 1)));
    expect(pool.metrics().retried).toBe(20);
    expect(retried.map(({ attempt }) => attempt).toSorted()).toEqual([...Array(10).fill(1), ...Array(10).fill(2)]);
  });

  test('that is used up fails the map by that item, or with settled rejects it', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const retry = { maxAttempts: 2, retryIf: (error: unknown) => error instanceof RangeError };
    const map = pool.map(failsAt7, upTo(9), { retry, chunk: 9 });
    await expect(map).rejects.toThrow('no 7');
    expect(map.failure?.index).toBe(7);
    const results = await pool.map(failsAt7, upTo(9), { retry, chunk: 9, settled: true });
    expect(results.filter(({ status }) => status === 'rejected')).toEqual([
      { status: 'rejected', reason: new RangeError('no 7'), index: 7 },
    ]);
    expect(pool.metrics().retried).toBe(2);
  });

  test('of items in shared memory writes each result at its place', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const items = new Float64Array(new SharedArrayBuffer(800)).map((_, i) => i);
    const shared = new Float64Array(new SharedArrayBuffer(800));
    shared.set(items);
    const twice = function (this: CurrentJob, x: number): number {
      if (x % 7 === 1 && this.attempt === 1) throw new Error('once');
      return 2 * x;
    };
    const retry = { maxAttempts: 2 };
    expect(Array.from(await pool.map(twice, shared, { retry, chunk: 10 }))).toEqual(Array.from(items, (x) => 2 * x));
    expect(Array.from(await pool.map(twice, items, { retry, chunk: 10 }))).toEqual(Array.from(items, (x) => 2 * x));
    expect(await pool.map((x: number) => [x], items.subarray(0, 3), { retry, flat: true })).toEqual([0, 1, 2]);
  });

  test('after a thread died is of the item that killed it', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const deadly = function (this: CurrentJob, x: number): number {
      if (x === 5 && this.attempt === 1) process.exit(1);
      return x;
    };
    const retry = { maxAttempts: 2, onWorkerExit: true };
    expect(await pool.map(deadly, upTo(10), { retry })).toEqual(upTo(10));
  });
});

test('bad options are refused by name', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const bad = (options: object): (() => unknown) => {
    return () => pool.map((x: number) => x, [1], options as MapOptions as never);
  };
  expect(bad({ args: 5 })).toThrow('args must be an array, received 5');
  expect(bad({ settled: 1 })).toThrow('settled must be a boolean, received 1');
  expect(bad({ flat: 'yes' })).toThrow("flat must be a boolean, received 'yes'");
  expect(bad({ transferItems: null })).toThrow('transferItems must be a boolean, received null');
});
