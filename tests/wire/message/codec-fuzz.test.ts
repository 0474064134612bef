import { types } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type CurrentJob, type Job, NotCloneableError, ThreadPool, taskModule } from 'thread-system';
import { Random } from '../../support/random.ts';
import { fixture, tasks } from '../../support/tasks.ts';

const thrown = taskModule<{ throwMade(how: string, size: number): never }>(fixture('strange-errors.mjs'));

/** Runs of each property; more of them by FUZZ_RUNS=1000. */
const TIMES = Number(process.env['FUZZ_RUNS'] ?? 1);

// an invalid date equals an invalid date
expect.addEqualityTesters([(a, b) => (types.isDate(a) && types.isDate(b) ? Object.is(+a, +b) : undefined)]);

const text = fc.oneof(
  fc.string({ maxLength: 70, unit: 'binary' }),
  fc.string({ minLength: 28, maxLength: 36 }),
  fc.string({ minLength: 57, maxLength: 63, unit: fc.constantFrom('a', '\u00ff', '\u0100', '\ud800') }),
  fc.integer({ min: 4060, max: 4110 }).map((length) => 'x'.repeat(length)),
  fc.integer({ min: 2020, max: 2060 }).map((length) => '\u0100'.repeat(length)),
);
const shared = new SharedArrayBuffer(64);
const otherShared = new SharedArrayBuffer(16);
const leaf = fc.oneof(
  fc.constantFrom<unknown>(
    shared,
    new Uint8Array(shared, 3, 5),
    new Float64Array(shared),
    new BigInt64Array(otherShared, 8),
    new DataView(otherShared),
  ),
  { weight: 3, arbitrary: fc.integer() },
  fc.double(),
  fc.integer({ min: 2 ** 27 - 2, max: 2 ** 27 + 2 }),
  fc.integer({ min: -(2 ** 27) - 2, max: -(2 ** 27) + 2 }),
  fc.boolean(),
  fc.constantFrom<unknown>(undefined, null, -0, Number.NaN, Number.NEGATIVE_INFINITY, '', 2 ** 31, -(2 ** 31)),
  { weight: 3, arbitrary: text },
  fc.bigInt(),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array(),
  fc.float64Array({ maxLength: 4 }),
  fc.constantFrom<unknown>(/a/giu, new RangeError('a value'), new Boolean(false), new ArrayBuffer(3)),
);
const key = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'b', 'c', 'id', 'name') },
  fc.string({ maxLength: 40, unit: 'binary' }),
  fc.constantFrom('__proto__', 'then', 'length', '0', '7', '-1', 'toString', 'hasOwnProperty'),
);

/** Values of any depth, nested in one another in every way that a structured clone knows. */
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    { weight: 5, arbitrary: leaf },
    { weight: 3, arbitrary: fc.array(tie('value'), { maxLength: 6 }) },
    { weight: 4, arbitrary: fc.dictionary(key, tie('value'), { maxKeys: 6, noNullPrototype: false }) },
    {
      weight: 1,
      arbitrary: fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((list) => new Map(list)),
    },
    { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 3 }).map((list) => new Set(list)) },
    { weight: 1, arbitrary: tie('value').map((inner) => [inner, inner]) },
    { weight: 1, arbitrary: fc.tuple(key, tie('value')).map(([name, inner]) => chain(name, inner)) },
    { weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 3 }).map(withItself) },
    { weight: 1, arbitrary: fc.sparseArray(tie('value'), { maxLength: 5 }) },
    { weight: 1, arbitrary: fc.array(fc.dictionary(key, leaf, { maxKeys: 5 }), { minLength: 65, maxLength: 70 }) },
    {
      weight: 1,
      arbitrary: tie('value').map((inner) => Array.from({ length: 66 }, (_, i) => (i % 13 === 0 ? inner : i))),
    },
  ),
}));

/** Deeper than the codec goes. */
function chain(name: string, inner: unknown): unknown {
  let outer = inner;
  for (let depth = 0; depth < 18; depth++) outer = depth % 2 === 0 ? { k: outer } : [outer, name];
  return outer;
}

function withItself(list: unknown[]): unknown[] {
  list.push(list);
  return list;
}

describe('values of any kind and depth', () => {
  test('arrive as structuredClone makes them, as arguments and as results', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(value, { maxLength: 8 }), { minLength: 1, maxLength: 25 }), async (lists) => {
        const jobs = lists.map((values) => pool.submit(tasks.many, values));
        const single = lists.map((values) => pool.submit(tasks.echo, [values[0]]));
        expect(await Promise.all(jobs)).toStrictEqual(lists.map((values) => structuredClone(values)));
        expect(await Promise.all(single)).toStrictEqual(lists.map((values) => structuredClone(values[0])));
      }),
      { numRuns: 25 * TIMES },
    );
  }, 1_000_000);

  test('have the same keys in the same order, and share what they shared', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await fc.assert(
      fc.asyncProperty(fc.array(value, { maxLength: 4 }), async (values) => {
        const arrived = await pool.submit(tasks.many, values);
        expect(structure(arrived)).toEqual(structure(structuredClone(values)));
      }),
      { numRuns: 100 * TIMES },
    );
  }, 1_000_000);
});

/** Every object that a value reaches, numbered as it is met, with its class and its keys in order. */
function structure(root: unknown): unknown[] {
  const numbers = new Map<object, number>();
  const found: unknown[] = [];
  const visit = (item: unknown): unknown => {
    if (typeof item !== 'object' || item === null) return typeof item;
    const known = numbers.get(item);
    if (known !== undefined) return known;
    const number = numbers.size;
    numbers.set(item, number);
    const kind = Object.prototype.toString.call(item);
    const inner: unknown[] = [];
    found.push([number, kind, inner]);
    if (types.isMap(item)) for (const [name, child] of item) inner.push(visit(name), visit(child));
    else if (types.isSet(item)) for (const child of item) inner.push(visit(child));
    else if (!types.isTypedArray(item))
      for (const name of Reflect.ownKeys(item)) {
        const { enumerable, writable, configurable } = Reflect.getOwnPropertyDescriptor(item, name) ?? {};
        if (name !== 'stack') inner.push([name, enumerable, writable, configurable, visit(Reflect.get(item, name))]);
      }
    return number;
  };
  visit(root);
  return found;
}

describe('the lanes', () => {
  /** An argument or a result by how it travels. */
  function make(random: Random): unknown {
    switch (random.integer(0, 11)) {
      case 0:
        return 'x'.repeat(random.integer(0, 61));
      case 1:
        return 'y'.repeat(random.integer(61, 4100)); // up to the longest entry, and beyond
      case 2:
        return '\u0100'.repeat(random.integer(0, 2060));
      case 3:
        return { [`k${random.integer(0, 400)}`]: random.next() };
      case 4:
        return Array.from({ length: random.integer(0, 66) }, (_, i) => i / 3);
      case 5:
        return new Map([[random.integer(0, 9), [1n]]]);
      case 6:
        return random.chance(0.5);
      case 7:
        return null;
      case 8:
        return undefined;
      default:
        return random.next();
    }
  }

  test.each([1, 2])(
    'are whole at every offset, for rounds of short entries and long ones (seed %i)',
    async (seed) => {
      await using pool = new ThreadPool({ maxWorkers: 1, concurrency: seed });
      for (let round = 0; round < 2 * TIMES; round++) {
        const random = new Random(seed + 100 * round);
        const lists: unknown[][] = [];
        const jobs: Job<unknown>[] = [];
        // 40,000 entries of 2 to 1024 words: both lanes of 262,144 words are gone round several times
        while (jobs.length < 10_000) {
          const isLong = random.chance(0.3);
          for (let left = random.integer(1, 400); left > 0; left--) {
            const values = Array.from({ length: random.integer(1, 7) }, () => (isLong ? make(random) : random.next()));
            lists.push(values);
            jobs.push(pool.submit(tasks.many, values));
            if (random.chance(0.02)) jobs.at(-1)?.cancel(); // a stale entry
          }
          if (random.chance(0.3)) await new Promise((resolve) => setImmediate(resolve));
          if (random.chance(0.1)) await pool.waitAll();
        }
        await pool.waitAll();
        const wrong = jobs.filter((job, i) => job.state === 'COMPLETED' && !isSame(job.result, lists[i]));
        expect(wrong.map((job) => job.result)).toEqual([]);
        expect(pool.metrics().failed).toBe(0);
      }
    },
    1_000_000,
  );

  test('keep reports of any length in order, beside results, where nobody reads them for a while', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await pool.submit(tasks.echo, [1]); // its worker is ready: it needs no turn of this thread's event loop to begin
    const reportAll = function (this: CurrentJob, values: readonly unknown[], done: Int32Array): void {
      for (const value of values) this.report(value);
      Atomics.store(done, 0, 1);
      Atomics.notify(done, 0);
    };
    for (let round = 0; round < TIMES; round++) {
      const random = new Random(round);
      const values = Array.from({ length: 3_000 }, () => make(random));
      const done = new Int32Array(new SharedArrayBuffer(4));
      const job = pool.submit(reportAll, [values, done]);
      const seen: unknown[] = [];
      job.onProgress((value) => seen.push(value));
      await new Promise((resolve) => setImmediate(resolve)); // it is sent
      Atomics.wait(done, 0, 0); // the lane fills
      const after = pool.submit(tasks.echo, ['after']);
      await job;
      await after;
      expect(seen).toStrictEqual(values);
    }
  }, 1_000_000);
});

function isSame(a: unknown, b: unknown): boolean {
  return types.isDate(a) || JSON.stringify(plain(a)) === JSON.stringify(plain(b));
}

/** As text that tells apart what JSON does not. */
function plain(item: unknown): unknown {
  if (types.isMap(item)) return ['map', ...[...item].map(([name, child]) => [name, plain(child)])];
  if (Array.isArray(item)) return item.map(plain);
  return item === undefined || typeof item === 'bigint' || Object.is(item, -0)
    ? `${typeof item} ${String(item)}`
    : item;
}

describe('what a task throws arrives as something readable', () => {
  const made = fc.constantFrom(
    ...['getters', 'circular', 'crossed', 'deep', 'bigint', 'unclonable', 'frozen', 'null-prototype', 'proxy'],
    ...[
      'revoked',
      'no-message',
      'strange-fields',
      'getter-stack',
      'aggregate',
      'class',
      'symbol',
      'promise',
      'huge-value',
    ],
    ...['dom', 'toString', 'fake-error', 'constructor'],
  );

  test('whatever it is made of', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await fc.assert(
      fc.asyncProperty(fc.array(made, { minLength: 1, maxLength: 12 }), async (list) => {
        const jobs = list.map((how) => pool.submit(thrown.throwMade, [how, 10]));
        const between = pool.submit(tasks.echo, ['fine']);
        for (const [i, job] of jobs.entries()) {
          const error = await job.then(
            () => undefined,
            (reason: unknown) => reason,
          );
          if (!(error instanceof Error) && !types.isNativeError(error) && !(error instanceof DOMException))
            throw new Error(`${list[i]} arrived as ${typeof error}`);
          expect(typeof error.message).toBe('string');
          expect(typeof error.stack).toBe('string');
          expect(String(error).length).toBeGreaterThan(0);
        }
        expect(await between).toBe('fine');
        expect(pool.metrics().workers).toMatchObject([{ id: 0 }]);
      }),
      { numRuns: 40 * TIMES },
    );
  }, 1_000_000);

  test.each([['huge-message'], ['huge-stack'], ['huge-name']])('a %s is cut, and says so', async (how) => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const job = pool.submit(thrown.throwMade, [how, 20_000_000]);
    await expect(job).rejects.toBeDefined();
    const { name, message, stack = '' } = job.error as Error;
    expect(name.length + message.length + stack.length).toBeLessThan(2_000_000);
    expect(`${name}${message}${stack}`).toContain('… (2');
    expect(await pool.submit(tasks.echo, ['fine'])).toBe('fine');
  });

  test('as a result or an argument that cannot cross it names its path', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const isClonable = (item: unknown): boolean => {
      try {
        structuredClone(item);
        return true;
      } catch {
        return false;
      }
    };
    const refused = fc.constantFrom<unknown>(() => 1, Symbol('s'), new WeakMap(), Promise.resolve(), new Proxy({}, {}));
    await fc.assert(
      fc.asyncProperty(value, refused, fc.array(key, { maxLength: 5 }), async (beside, bad, path) => {
        fc.pre(isClonable(beside));
        let outer: unknown = bad;
        for (const name of path) outer = name === '__proto__' ? [outer] : { beside, [name]: outer };
        const job = pool.submit(tasks.many, [beside, outer]);
        const error = await job.then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(error).toBeInstanceOf(NotCloneableError);
        expect((error as NotCloneableError).path).toMatch(/^args\[1\]/);
        expect(await pool.submit(tasks.echo, [beside])).toStrictEqual(structuredClone(beside));
      }),
      { numRuns: 40 * TIMES },
    );
  }, 1_000_000);
});
