import { types } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CancellationToken, NotCloneableError, ThreadPool } from 'thread-system';
import { tasks } from '../../support/tasks.ts';

/** Any value that crosses, inline or by message: strings around the inline limit and beyond Latin-1 among them. */
const anyValue = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constantFrom(undefined, null, -0, Number.NaN, '', '\u00ff', '\u0100', '\ud800'),
  fc.string({ maxLength: 70, unit: 'binary' }),
  fc.string({ minLength: 55, maxLength: 65 }),
  fc.bigInt(),
  fc.date(),
  fc.uint8Array(),
  fc.anything({
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withSparseArray: true,
    withDate: true,
    withBigInt: true,
  }),
);

// an invalid date equals an invalid date
expect.addEqualityTesters([(a, b) => (types.isDate(a) && types.isDate(b) ? Object.is(+a, +b) : undefined)]);

describe('arguments and results', () => {
  test('arrive as structuredClone makes them, whatever they are and however they are mixed', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(anyValue, { maxLength: 9 }), { maxLength: 20 }), async (lists) => {
        const jobs = lists.map((values) => pool.submit(tasks.many, values));
        const results = await Promise.all(jobs);
        expect(results).toStrictEqual(lists.map((values) => structuredClone(values)));
        const single = lists.map((values) => values[0]);
        expect(await Promise.all(single.map((value) => pool.submit(tasks.echo, [value])))).toStrictEqual(
          structuredClone(single),
        );
      }),
      { numRuns: 60 },
    );
  });

  test('keep what a structured clone keeps: references, holes, prototypes, keys of any name', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const twice = { n: 1 };
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    const withKeys: unknown[] & { extra?: number } = [1, 2];
    withKeys.extra = 3;
    const values: unknown[] = [
      { a: twice, b: twice, list: [twice] },
      cycle,
      Object.assign(new Array(3), { 0: 1, 2: 3 }),
      withKeys,
      JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1, "2": "b", "1": "a"}'),
      Object.assign(Object.create(null), { bare: true }),
      Object.assign(Object.create({ inherited: 1 }), { own: 2 }),
      { minusZero: -0, nan: Number.NaN, big: 2 ** 53, min: -(2 ** 31), max: 2 ** 27, under: -(2 ** 27), half: 0.5 },
      { latin: '\u00ff'.repeat(70), wide: '\u0100'.repeat(40), lone: '\ud800', empty: '' },
      { when: new Date(0), never: new Date(Number.NaN), none: undefined, nothing: null, yes: true, no: false },
      { [Symbol('hidden')]: 1, shown: 2 },
      {
        get computed() {
          return { fresh: [1] };
        },
      },
      Object.defineProperty({ seen: 1 }, 'unseen', { value: 2, enumerable: false }),
      Array.from({ length: 65 }, (_, i) => i),
      Array.from({ length: 70 }, (_, i) => ({ i })),
      Array.from({ length: 20 }).reduce<unknown>((inner) => ({ inner }), 1),
      Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`key${i}`, i])),
      new RangeError('an error'),
      new Map([[{ k: 1 }, [2]]]),
      10n ** 50n,
    ];
    for (const value of values) {
      const arrived = await pool.submit(tasks.echo, [value]);
      expect(arrived).toStrictEqual(structuredClone(value));
      expect(Reflect.ownKeys(Object(arrived))).toEqual(Reflect.ownKeys(Object(structuredClone(value))));
    }
    const shared = (await pool.submit(tasks.echo, [values[0]])) as { a: unknown; b: unknown; list: unknown[] };
    expect(shared.a).toBe(shared.b);
    expect(shared.list[0]).toBe(shared.a);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    await expect(pool.submit(tasks.echo, [new Proxy({ a: 1 }, {})])).rejects.toBeInstanceOf(NotCloneableError);
  });

  test('of thousands of shapes and of any length up to where they go by message, mixed', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const values = Array.from({ length: 3000 }, (_, i) => ({
      [`key${i % 300}`]: 'x'.repeat((i * 7) % 5000),
      nested: { [`inner${i % 17}`]: [i, i / 3, { deep: i % 2 === 0 }] },
    }));
    const jobs = values.map((value) => pool.submit(tasks.echo, [value]));
    for (const job of jobs.filter((_, i) => i % 10 === 0)) job.cancel(); // stale entries, which define shapes too
    await pool.waitAll();
    for (const [i, job] of jobs.entries()) if (job.state === 'COMPLETED') expect(job.result).toStrictEqual(values[i]);
    expect(pool.metrics().failed).toBe(0);
    expect(pool.metrics().completed).toBeGreaterThanOrEqual(2700);
  });

  test('by the codec or by message, whatever comes before and beside them', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const alike = { q: 1, r: 2 };
    // an entry that goes by message, or not at all, after its first value was written in place
    expect(await pool.submit(tasks.many, [alike, new Map()])).toEqual([alike, new Map()]);
    await expect(pool.submit(tasks.many, [{ z: 1 }, () => 1])).rejects.toBeInstanceOf(NotCloneableError);
    for (const value of [{ s: 'o', t: 5 }, alike, { z: 1 }, alike])
      expect(await pool.submit(tasks.many, [value, 2])).toEqual([value, 2]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(anyValue, { maxLength: 4 }), { maxLength: 30 }), async (lists) => {
        const refused = lists.map((values) => pool.submit(tasks.many, [...values, Symbol('refused')]));
        const jobs = lists.map((values) => pool.submit(tasks.many, values));
        for (const job of refused) await expect(job).rejects.toBeInstanceOf(NotCloneableError);
        expect(await Promise.all(jobs)).toStrictEqual(structuredClone(lists));
      }),
      { numRuns: 30 },
    );
  });

  test('an object in two arguments is one object there', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const both = { a: 1 };
    const areSame = (a: unknown, b: unknown): boolean => a === b;
    expect(await pool.submit(areSame, [both, both])).toBe(true);
    expect(await pool.submit(areSame, [both, { a: 1 }])).toBe(false);
    expect(await pool.submit(areSame, [both, both])).toBe(true);
  });

  test('a task module among the arguments is refused', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await expect(pool.submit(tasks.echo, [tasks])).rejects.toBeInstanceOf(NotCloneableError);
  });

  test('a report from a getter of the result is refused, and the lane unharmed', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await expect(pool.submit(tasks.reportFromResult)).rejects.toBeInstanceOf(NotCloneableError);
    expect(await pool.submit(tasks.echo, [{ fine: 1 }])).toEqual({ fine: 1 });
  });

  test('transfer moves, and so does move', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const bytes = new Uint8Array(1024).fill(7);
    const job = pool.submit(tasks.byteLength, [bytes], { transfer: [bytes.buffer] });
    expect(await job).toBe(1024);
    expect(bytes.byteLength).toBe(0);
    const made = await pool.submit(tasks.makeBytes, [100_000]);
    expect(made.byteLength).toBe(100_000);
    expect(made[99_999]).toBe(7);
  });

  test('shared memory is shared', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const words = new Int32Array(new SharedArrayBuffer(8));
    await Promise.all(
      Array.from({ length: 100 }, () => pool.submit((shared: Int32Array) => void Atomics.add(shared, 0, 1), [words])),
    );
    expect(words[0]).toBe(100);
  });
});

describe('a value that cannot be cloned', () => {
  test.each<[unknown[], string]>([
    [[() => 1], 'args[0]'],
    [[1, { options: { onDone: () => 1 } }], 'args[1].options.onDone'],
    [[[1, [Symbol('s')]]], 'args[0][1][0]'],
    [[new Map([['a-b', { 'odd key': () => 1 }]])], 'args[0].get("a-b")["odd key"]'],
    [[new Set([{ fn: () => 1 }])], 'args[0].values()[0].fn'],
    [[{ p: Promise.resolve() }], 'args[0].p'],
    [[{ w: new WeakMap() }], 'args[0].w'],
    [
      [
        {
          get boom() {
            throw new Error('getter');
          },
        },
      ],
      'args[0].boom',
    ],
  ])('among the arguments fails the job and names its path: %#', async (args, path) => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const before = pool.submit(tasks.echo, [{ fine: 1 }]);
    const job = pool.submit(tasks.many, args);
    const after = pool.submit(tasks.echo, [{ fine: 2 }]);
    await expect(job).rejects.toBeInstanceOf(NotCloneableError);
    await expect(job).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE', path });
    expect((job.error as Error).message).toContain(`Cannot send ${path} to another thread: `);
    expect(await Promise.all([before, after])).toEqual([{ fine: 1 }, { fine: 2 }]);
  });

  test('in the result names its path, and leaves the thread and its neighbours unharmed', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const before = pool.submit(tasks.echo, [{ fine: 1 }]);
    const job = pool.submit(() => ({ nested: { fn: () => 1 } }));
    const after = pool.submit(tasks.echo, [{ fine: 2 }]);
    await expect(job).rejects.toMatchObject({ name: 'NotCloneableError', path: 'result.nested.fn' });
    expect(job.error).toBeInstanceOf(NotCloneableError);
    expect(await Promise.all([before, after])).toEqual([{ fine: 1 }, { fine: 2 }]);
    expect(after.workerId).toBe(0);
  });

  test('such as a job, or a token in an instance of a class, is refused rather than made into something else', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const job = pool.submit(tasks.echo, [1]);
    await expect(pool.submit(tasks.echo, [job as unknown])).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE' });
    class Holder {
      readonly token = new CancellationToken();
    }
    await expect(pool.submit(tasks.echo, [new Holder()])).rejects.toMatchObject({
      path: 'args[0].token',
      message:
        'Cannot send args[0].token to another thread: an instance of CancellationToken in an instance of a class cannot be cloned',
    });
  });

  test('in the transfer list fails the job', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const job = pool.submit(tasks.echo, [1], { transfer: [{} as ArrayBuffer] });
    await expect(job).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE', path: 'transfer[0]' });
    expect(await pool.submit(tasks.echo, [2])).toBe(2);
  });
});
