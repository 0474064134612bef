import { describe, expect, test } from '@jest/globals';
import { CancellationToken, type Job, NotCloneableError, ThreadPool, type Transferable } from 'thread-system';

const failure = async (job: Job<unknown>): Promise<NotCloneableError> =>
  (await job.then(
    () => new Error('it completed'),
    (error: unknown) => error,
  )) as NotCloneableError;

/** A list of links whose last holds `end`; each counts how often it is read. */
function chain(length: number, end: unknown): { readonly first: object; readonly reads: () => number } {
  let reads = 0;
  let next = end;
  for (let i = 0; i < length; i++) {
    const inner = next;
    next = {
      get next() {
        reads++;
        return inner;
      },
    };
  }
  return { first: next as object, reads: () => reads };
}

describe('the search for what cannot be cloned', () => {
  test.each([100, 1000])('reads each part a few times at most, however deep it is (%i links)', async (length) => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const { first, reads } = chain(length, () => 1);
    const error = await failure(pool.submit((value: unknown) => value, [first]));
    expect(error).toBeInstanceOf(NotCloneableError);
    expect(error.path).toBe(`args[0]${'.next'.repeat(length)}`);
    // once by the codec, as far as that goes, once by the clone, once by the search
    expect(reads()).toBeLessThanOrEqual(3 * length);
  });

  test('reads each of many parts a few times at most, and names the last', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    let reads = 0;
    const row = (): object => ({
      get id() {
        return ++reads;
      },
    });
    const rows = [...Array.from({ length: 20_000 }, row), { fn: () => 1 }];
    const error = await failure(pool.submit((value: unknown) => value, [{ rows }]));
    expect(error.path).toBe('args[0].rows[20000].fn');
    expect(reads).toBeLessThanOrEqual(60_000);
  });

  test('gives up past a million parts, and names the argument', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const large = new Array<number>(2 ** 20 + 1).fill(0);
    const error = await failure(pool.submit((_a: unknown, b: unknown) => b, [1, [large, () => 1]]));
    expect(error).toBeInstanceOf(NotCloneableError);
    expect(error.path).toBe('args[1]');
    const token = new CancellationToken();
    // what may cross does, beyond that too
    expect(
      await pool.submit((given: { token: unknown; large: unknown }) => typeof given.token, [{ large, token }]),
    ).toBe('object');
  });

  test.each(['thread', 'process', 'inline'] as const)('takes no deep stack: kind %s', async (kind) => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    let deep: unknown[] = [];
    for (let i = 0; i < 50_000; i++) deep = [deep];
    const error = await failure(pool.submit((_a: unknown, value: unknown) => value, [1, deep]));
    expect(error).toBeInstanceOf(NotCloneableError);
    expect([error.path, error.message]).toEqual(['args[1]', expect.stringContaining('nested too deeply')]);
    const result = await failure(
      pool.submit(() => {
        let deep: unknown[] = [];
        for (let i = 0; i < 50_000; i++) deep = [deep];
        return deep;
      }),
    );
    expect(result).toBeInstanceOf(NotCloneableError);
    expect(await pool.submit((x: number) => x, [1])).toBe(1);
  });

  test.each(['thread', 'process', 'inline'] as const)('does not go through a sparse array: kind %s', async (kind) => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    const sparse = (): unknown[] => Object.assign([], { 4294967290: () => 1 });
    expect((await failure(pool.submit((value: unknown) => value, [sparse()]))).path).toBe('args[0][4294967290]');
    expect((await failure(pool.submit(sparse))).path).toBe('result[4294967290]');
  });

  test('names objects of the platform that cannot cross, beside those that are moved', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const { port1, port2 } = new MessageChannel();
    const error = await failure(
      pool.submit(
        (...values: unknown[]) => values.length,
        [port1, { deep: [Object.create(new WeakRef({})), () => 1] }],
        {
          transfer: [port1],
        },
      ),
    );
    expect(error.path).toBe('args[1].deep[1]');
    port2.close();
  });

  test.each(['thread', 'process'] as const)(
    'knows a WebAssembly.Module, which takes no other process: kind %s',
    async (kind) => {
      await using pool = new ThreadPool({ kind, maxWorkers: 1 });
      const bytes = [0, 97, 115, 109, 1, 0, 0, 0];
      const make = (list: number[]): unknown => ({
        module: [Reflect.construct(Reflect.get(globalThis, 'WebAssembly').Module, [new Uint8Array(list)])],
      });
      const jobs = [
        pool.submit((value: unknown) => typeof value, [make(bytes)]),
        pool.submit(make, [bytes]),
        pool.submit((value: unknown) => typeof value, [new Map([[1, make(bytes)]])]),
      ];
      const errors = await Promise.all(jobs.map(failure));
      const paths = errors.map((error) => error.path);
      if (kind === 'thread') expect(paths).toEqual([undefined, undefined, undefined]);
      else expect(paths).toEqual(['args[0].module[0]', 'result.module[0]', 'args[0].get(1).module[0]']);
      expect(await pool.submit((x: number) => x, [1])).toBe(1);
    },
  );

  test.each([
    ['Blob', () => new Blob(['text'])],
    ['BlockList', () => new (process.getBuiltinModule('node:net').BlockList)()],
    ['KeyObject', () => process.getBuiltinModule('node:crypto').createSecretKey(Buffer.from('secret'))],
    ['MessagePort', () => new MessageChannel().port1],
    ['ReadableStream', () => new ReadableStream()],
    ['TransformStream', () => new TransformStream()],
    ['Histogram', () => process.getBuiltinModule('node:perf_hooks').createHistogram()],
  ])('refuses a %s on its way to another process and back, which would arrive empty', async (name, make) => {
    await using pool = new ThreadPool({ kind: 'process', maxWorkers: 1 });
    const given = make();
    const transfer = /Stream|Port/.test(name) ? [given as Transferable] : undefined;
    const sent = await failure(pool.submit((value: unknown) => typeof value, [{ deep: [given] }], { transfer }));
    expect(sent.message).toMatch(/^Cannot send .* to another (process|thread): /);
    const returned = await failure(pool.submit(make));
    expect(returned.message).toMatch(/^Cannot send result to another (process|thread): /);
    expect(await pool.submit((x: number) => x, [1])).toBe(1);
  });

  test('lets through to another process all that is built in', async () => {
    await using pool = new ThreadPool({ kind: 'process', maxWorkers: 1 });
    const value = {
      ...{ map: new Map([[{ a: 1 }, new Set([1])]]), date: new Date(5), pattern: /x/g, boxed: Object(5) as object },
      ...{ big: 5n, error: new RangeError('far', { cause: { deep: [1] } }), bytes: new Uint8Array([1, 2]) },
      ...{ buffer: new ArrayBuffer(2), view: new DataView(new ArrayBuffer(4)), list: [undefined, null, 1] },
    };
    expect(await pool.submit((given: typeof value) => given, [value])).toEqual(value);
  });
});
