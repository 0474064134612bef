import { inspect, types } from 'node:util';
import { createContext, runInContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import { CancellationToken, type CurrentJob, ThreadPool, Till } from 'thread-system';
import { runProgram } from '../support/program.ts';
import { sharedPool } from '../support/shared-pool.ts';

/** Makers of odd values, by name. They are sent by their text: one runs here, and in a task. */
const ODD = {
  map: () => Object.setPrototypeOf(new Map([[1, 2]]), Object.prototype),
  set: () => Object.setPrototypeOf(new Set([1]), Object.prototype),
  'map with keys': () => Object.assign(Object.setPrototypeOf(new Map([[1, 2]]), Object.prototype), { a: 1 }),
  'map in a list': () => [[{ inner: Object.setPrototypeOf(new Map(), Object.prototype) }]],
  bytes: () => Object.setPrototypeOf(new Uint8Array([1, 2]), Object.prototype),
  view: () => Object.setPrototypeOf(new DataView(new ArrayBuffer(2)), Object.prototype),
  buffer: () => Object.setPrototypeOf(new ArrayBuffer(2), Object.prototype),
  promise: () => Object.setPrototypeOf(Promise.resolve(1), Object.prototype),
  'weak map': () => Object.setPrototypeOf(new WeakMap(), Object.prototype),
  'weak reference': () => Object.setPrototypeOf(new WeakRef({}), Object.prototype),
  collator: () => Object.setPrototypeOf(new Intl.Collator(), Object.prototype),
  generator: () => Object.setPrototypeOf((function* () {})(), null),
  error: () => Object.assign(Object.setPrototypeOf(new RangeError('odd'), Object.prototype), { stack: 'none' }),
  date: () => Object.setPrototypeOf(new Date(5), Object.prototype),
  'regular expression': () => Object.setPrototypeOf(/a/g, null),
  list: () => Object.setPrototypeOf([1, 2], Object.prototype),
  'list without prototype': () => Object.setPrototypeOf([1, 2], null),
  'boxed number': () => Object.setPrototypeOf(Object(1), Object.prototype),
  'boxed values': () => [Object(1), Object('text'), Object(true), Object(1n)],
  'boxed symbol': () => Object(Symbol('s')),
  arguments: () =>
    (function () {
      // biome-ignore lint/complexity/noArguments: it is what is sent
      return arguments;
    })(),
  proxy: () => new Proxy({ a: 1 }, {}),
  'revoked proxy': () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return { proxy };
  },
  'a getter that deletes a later key': () => ({
    get a() {
      delete (this as { b?: number }).b;
      return 1;
    },
    b: 2,
  }),
  'a getter that adds a key': () => ({
    get a() {
      (this as { c?: number }).c = 3;
      return 1;
    },
    b: 2,
  }),
  'a getter that hides a later key': () => ({
    get a() {
      Object.defineProperty(this, 'b', { enumerable: false });
      return 1;
    },
    b: 2,
  }),
  'a getter that counts its calls, beside what goes by message': () => {
    let calls = 0;
    return {
      get calls() {
        return ++calls;
      },
      map: new Map(),
    };
  },
  'sparse list with further keys': () => Object.assign(new Array(3), { 0: 1, 2: 3, further: 1, '-1': 2 }),
  'long sparse list': () => Object.assign([], { 4294967290: 1 }),
  'long list without items': () => new Array(2 ** 32 - 1),
  'minus zero': () => [-0, { z: -0 }],
  'symbol keys': () => ({ [Symbol('s')]: 1, a: 2 }),
  'hidden keys': () => Object.defineProperty({ a: 1 }, 'b', { value: 2, enumerable: false }),
  frozen: () => Object.freeze({ a: Object.freeze([1]) }),
  instance: () =>
    new (class Point extends Map {
      x = 1;
    })(),
  'null prototype': () => Object.assign(Object.create(null), { a: 1 }),
  'keys of Object.prototype': () =>
    JSON.parse('{"__proto__":{"p":1},"toString":1,"constructor":"c","valueOf":null,"hasOwnProperty":2}'),
  'keys of Object.prototype, but one': () => ({ toString: 1, constructor: 'c', valueOf: null, hasOwnProperty: 2 }),
  'empty objects': () => [{}, {}, { a: {} }, []],
  'invalid date': () => new Date(Number.NaN),
} as Record<string, () => unknown>;

/** What shows all differences that matter: kinds, keys in order, holes, identity. */
const shown = (value: unknown): string => inspect(value, { depth: 8, showHidden: types.isMap(value), sorted: false });

const outcome = (value: unknown): string => {
  try {
    return shown(structuredClone(value));
  } catch {
    return 'refused';
  }
};

/** What may arrive: a job that was taken back is sent again, and a getter asked again. */
const outcomes = (make: () => unknown, name: string): readonly string[] => {
  const value = make();
  return Array.from({ length: name.includes('getter') ? 5 : 1 }, () => outcome(value));
};

describe.each(['thread', 'process', 'inline'] as const)('values in a pool of kind %s', (kind) => {
  const plainPool = sharedPool(() => new ThreadPool({ kind, maxWorkers: 1 }));

  test.each(Object.entries(ODD))(
    'arrive as structuredClone makes them, or are refused as there, either way: %s',
    async (name, make) => {
      const pool = plainPool();
      const sent = outcomes(make, name);
      const expected = outcome(make());
      const told = async (value: PromiseLike<unknown>): Promise<string> => {
        try {
          return shown(await value);
        } catch (error) {
          return (error as { code?: string }).code === 'ERR_NOT_CLONEABLE' ? 'refused' : shown(error);
        }
      };
      const echo = (value: unknown): unknown => value;
      expect(sent).toContain(await told(pool.submit(echo, [make()])));
      expect(sent).toContain(await told(pool.submit((list: unknown[]) => list[0], [[make(), 1]])));
      expect(await told(pool.submit(make))).toBe(expected);
      expect(sent).toContain(await told(pool.map(echo, [1, make()]).then((list) => list[1])));
      const reported = pool.submit(
        function (this: CurrentJob, text: string) {
          this.report({ value: new Function(`return (${text})()`)() });
        },
        [make.toString()],
      );
      let report: { readonly value?: unknown } = {};
      reported.onProgress((value) => {
        report = value as typeof report;
      });
      expect(await told(reported.then(() => report.value))).toBe(expected);
      const thrown = pool.submit(
        (text: string) => {
          throw Object.assign(new Error('with a value'), { value: [new Function(`return (${text})()`)()] });
        },
        [make.toString()],
      );
      const error = await thrown.then(
        () => ({ value: [] }),
        (reason: unknown) => reason as { readonly value: readonly unknown[] | string },
      );
      if (expected === 'refused') expect(error.value).toBe('[an array, which cannot be cloned]');
      else expect(shown(error.value[0])).toBe(expected);
    },
  );
});

/** Keys that each prototype has, or that the library's own messages have. */
const PROGRAM = `
import { ThreadPool } from 'thread-system';
const harden = () => {
  for (const known of [Object, Array, Function, Error, TypeError, RangeError, Promise, Map, Set, Date, RegExp, String, Number])
    Object.freeze(known.prototype);
};
const pollute = () => {
  const refuse = () => { throw new Error('a setter was asked'); };
  for (const key of ['a', 'code', 'thrown', 'status', 'errors', 'priority', 'text'])
    Object.defineProperty(Object.prototype, key, { configurable: true, get: () => undefined, set: refuse });
};
const done = {};
for (const kind of ['thread', 'process', 'inline']) {
  const pool = new ThreadPool({ kind, maxWorkers: 1, setup: CHANGE });
  const told = (job) => job.then((value) => value, (error) => [error.name, error.message, error.code, error.thrown].join());
  const list = [
    await told(pool.submit((x) => x, [{ toString: 'x', constructor: { valueOf: 1 }, a: 1, code: 2, status: 3 }])),
    await told(pool.submit(() => ({ __proto__: null, toString: 'x', a: new Map([[{ a: 1 }, { constructor: 2 }]]) }))),
    await told(pool.submit(() => { throw Object.assign(Object.defineProperty(new TypeError('no'), 'code', { value: 'E', enumerable: true }), {}); })),
    await told(pool.submit(() => { throw null; })),
    await told(pool.submit(() => ({ f() {} }))),
    await pool.map((x) => ({ valueOf: x, text: 1 }), [1, 2, 3]),
    await told(pool.submit(function () { this.report({ a: 1, toString: 2 }); return this.submit((x) => x, [{ a: 1 }]); })),
    await told(pool.submit((x) => x, [{ a: 1 }], { name: 'named', priority: 3 })),
  ];
  done[kind] = list;
  await pool.shutdown();
}
console.log(JSON.stringify(done, (key, value) => value instanceof Map ? [...value] : value));
`;

const EXPECTED: readonly unknown[] = [
  { toString: 'x', constructor: { valueOf: 1 }, a: 1, code: 2, status: 3 },
  { toString: 'x', a: [[{ a: 1 }, { constructor: 2 }]] },
  'TypeError,no,E,',
  'Error,The task threw null, which is not an Error,,',
  expect.stringMatching(/^NotCloneableError,Cannot send result\.f to another \w+: function f cannot be cloned,ERR_NOT/),
  [1, 2, 3].map((x) => ({ valueOf: x, text: 1 })),
  { a: 1 },
  { a: 1 },
];

describe('keys of a value', () => {
  test.each(['harden', 'pollute'])(
    'are defined, not assigned, whatever the built-in prototypes have become (%s), on either side',
    async (change) => {
      const atStart = `${change}();\nconst done`;
      const program = PROGRAM.replace('CHANGE', change).replace('const done', atStart);
      const { stdout, stderr } = await runProgram(program);
      expect([stderr, stdout]).toEqual(['', expect.stringMatching(/^\{/)]);
      expect(JSON.parse(stdout)).toEqual({ thread: EXPECTED, process: EXPECTED, inline: EXPECTED });
    },
  );
});

describe('objects of another realm', () => {
  test('are taken for what they are: dates, arrays, views, errors, functions', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const realm = createContext({ pool, SharedArrayBuffer });
    const make = (text: string): never => runInContext(text, realm) as never;
    const late = make('new Date(Date.now() + 60_000)');
    expect(await pool.submit((x: number) => x, [1], { deadline: late })).toBe(1);
    expect(await pool.submit((x: number) => x, [1], { startAt: make('new Date(0)') })).toBe(1);
    expect(Till.at(make('new Date(0)')).isSet).toBe(true);
    expect(CancellationToken.deadline(make('new Date(0)')).isCancelled).toBe(true);
    expect(() => CancellationToken.deadline(make('new Date(NaN)'))).toThrow(RangeError);
    const shared = make('new Int32Array(new SharedArrayBuffer(8))') as Int32Array;
    expect(await pool.map((x: number) => x + 1, shared)).toHaveLength(2);
    const own = runInContext('const memory = new Int32Array(4); memory', createContext({})) as Int32Array;
    expect([...(await pool.map((x: number) => x + 1, own))]).toEqual([1, 1, 1, 1]);
    expect(() => pool.map((x: number) => x, make('new DataView(new ArrayBuffer(8))'))).toThrow('must be iterable');
    expect(await pool.submit(make('((x) => x + 1)') as (x: number) => number, make('[41]'))).toBe(42);
    expect(await pool.submit((x: unknown) => x, make('[{ a: [1, new Map([[1, { b: 2 }]]), new Date(3)] }]'))).toEqual({
      a: [1, new Map([[1, { b: 2 }]]), new Date(3)],
    });
  });
});
