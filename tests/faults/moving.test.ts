import { describe, expect, test } from '@jest/globals';
import { NotCloneableError, ThreadPool, taskModule } from 'thread-system';
import { move } from 'thread-system/worker';
import { sharedPool } from '../support/shared-pool.ts';

interface MovingTasks {
  report(size: number): number;
  yields(size: number): Generator<unknown, number, undefined>;
  child(size: number): Promise<number[]>;
  many(size: number): boolean;
  nested(size: number): unknown;
  nestedReport(size: number): void;
  pooled(): Uint8Array;
  movedTwice(): ArrayBuffer;
  otherData(): string;
}

const tasks = taskModule<MovingTasks>(new URL('../tasks/moving.mjs', import.meta.url));

describe.each(['thread', 'process', 'inline'] as const)('in a pool of kind %s', (kind) => {
  const plainPool = sharedPool(() => new ThreadPool({ kind, maxWorkers: 2 }));

  test('move() moves a report, what is yielded, and an argument of a child', async () => {
    const pool = plainPool();
    const seen: unknown[] = [];
    const reporting = pool.submit(tasks.report, [1000]);
    reporting.onProgress((value) => seen.push((value as { bytes: Uint8Array }).bytes.byteLength));
    const yielding = pool.submit(tasks.yields, [1000]);
    yielding.onProgress((value) => seen.push((value as Uint8Array).byteLength));
    expect([await reporting, await yielding, seen]).toEqual([0, 0, [1000, 1000]]);
    expect(await pool.submit(tasks.child, [1000])).toEqual([2000, 0]);
  });

  test('move() moves reports for which the lane has no room', async () => {
    const pool = plainPool();
    expect(await pool.submit(tasks.many, [100])).toBe(true);
  });

  test('move() within a value, or among the arguments of a job, is a TypeError that says so', async () => {
    const pool = plainPool();
    const bytes = new Uint8Array(8);
    const jobs = [
      pool.submit(tasks.nested, [8]),
      pool.submit(tasks.nestedReport, [8]),
      pool.submit((x: unknown) => x, [move(bytes, [bytes.buffer])]),
      pool.submit((x: unknown) => x, [{ deep: [move(bytes, [bytes.buffer])] }]),
    ];
    for (const [index, job] of jobs.entries()) {
      await expect(job).rejects.toBeInstanceOf(TypeError);
      await expect(job).rejects.toThrow('move() moves a whole result');
      await expect(job).rejects.toThrow(['result.list[0]', 'report[0]', 'args[0]', 'args[0].deep[0]'][index]);
    }
  });

  test('transfer takes views, and copies small Buffers, whose memory others use', async () => {
    const pool = plainPool();
    const other = Buffer.from('other data');
    const small = Buffer.from('hello');
    const length = (x: Uint8Array): number => x.byteLength;
    expect(await pool.submit(length, [small], { transfer: [small.buffer as ArrayBuffer] })).toBe(5);
    expect(await pool.submit(length, [small], { transfer: [small] })).toBe(5);
    expect([other.toString(), small.toString()]).toEqual(['other data', 'hello']);
    const large = Buffer.alloc(100_000);
    const page = new Uint8Array(8192);
    expect(await pool.submit(length, [large], { transfer: [large] })).toBe(100_000);
    expect(await pool.submit(length, [page], { transfer: [page, page.subarray(3), page.buffer] })).toBe(8192);
    expect([large.byteLength, page.byteLength]).toEqual([0, 0]);
  });

  test('move() copies small Buffers', async () => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    expect(Buffer.from(await pool.submit(tasks.pooled)).toString()).toBe('small');
    expect(await pool.submit(tasks.otherData)).toBe('other data');
  });

  test('what is detached is refused by a message that says so: arguments and results', async () => {
    const pool = plainPool();
    const bytes = new Uint8Array(8);
    structuredClone(bytes, { transfer: [bytes.buffer] });
    const message = /detached: (its memory|it) was transferred before/;
    const jobs = [
      pool.submit((x: unknown) => x, [{ bytes }]),
      pool.submit((x: unknown) => x, [bytes.buffer]),
      pool.submit(() => {
        const made = new Float64Array(8);
        structuredClone(made, { transfer: [made.buffer] });
        return [made];
      }),
    ];
    for (const job of jobs) await expect(job).rejects.toThrow(message);
    for (const job of jobs) await expect(job).rejects.toBeInstanceOf(NotCloneableError);
  });

  test('so is what is to be moved a second time', async () => {
    const pool = plainPool();
    const bytes = new Uint8Array(8);
    const transfer = [bytes.buffer];
    expect(await pool.submit((x: Uint8Array) => x.length, [bytes], { transfer })).toBe(8);
    for (const job of [
      pool.submit((x: unknown) => x, [bytes.buffer], { transfer }),
      pool.submit((x: unknown) => x, [1], { transfer: [bytes] }),
      pool.submit(tasks.movedTwice),
    ])
      await expect(job).rejects.toMatchObject({
        code: 'ERR_NOT_CLONEABLE',
        path: 'transfer[0]',
        cause: { name: 'DataCloneError' },
        message: expect.stringContaining('cannot be transferred, as it is detached: it was transferred before'),
      });
  });

  test('setup and teardown may return what cannot be cloned, a broadcast may not', async () => {
    const late: unknown[] = [];
    const pool = new ThreadPool({
      kind,
      maxWorkers: 1,
      setup: () => ({ query() {} }),
      teardown: async () => () => 1,
    });
    pool.on('lateError', ({ error }) => late.push(error));
    expect(await pool.submit((x: number) => x, [1])).toBe(1);
    await expect(pool.broadcast(() => () => 1)).rejects.toBeInstanceOf(NotCloneableError);
    expect(await pool.broadcast(() => 2)).toEqual([2]);
    await pool.shutdown();
    expect(late).toEqual([]);
  });
});

describe('shared memory of more than 4 GiB', () => {
  test('reaches the right place, whatever it is in', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const gib = 2 ** 30;
    const memory = new SharedArrayBuffer(5 * gib);
    const far = new Float64Array(memory, 4.5 * gib, 8).fill(7);
    const view = new DataView(memory, 4.5 * gib + 64, 8);
    view.setInt8(0, 9);
    const look = ({ value }: { value: Float64Array }): number[] => [value.byteOffset, value.length, value[0] ?? 0];
    const expected = [far.byteOffset, 8, 7];
    for (let time = 0; time < 3; time++) expect(await pool.submit(look, [{ value: far }])).toEqual(expected);
    const mapped = new Map([['value', far]]);
    expect(await pool.submit((map: typeof mapped) => map.get('value')?.byteOffset, [mapped])).toBe(far.byteOffset);
    expect(await pool.submit((x: DataView) => [x.byteOffset, x.getInt8(0)], [view])).toEqual([view.byteOffset, 9]);
    const back = await pool.submit((x: Float64Array) => ({ again: x.subarray(1) }), [far]);
    expect([back.again.byteOffset, back.again.length, back.again[0]]).toEqual([far.byteOffset + 8, 7, 7]);
    expect([...(await pool.map((x: number) => x + 1, far))]).toEqual(new Array(8).fill(8));
  });
});
