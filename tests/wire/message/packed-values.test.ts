import { types } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { CancellationToken, type CurrentJob, type Job, NotCloneableError, ThreadPool } from 'thread-system';
import { tasks } from '../../support/tasks.ts';

// an invalid date equals an invalid date
expect.addEqualityTesters([(a, b) => (types.isDate(a) && types.isDate(b) ? Object.is(+a, +b) : undefined)]);

interface Row {
  readonly id: number;
  readonly name: string;
}

/** More rows than a lane carries. */
function rows(count = 100): Row[] {
  return Array.from({ length: count }, (_, id) => ({ id, name: `row ${id} of the list` }));
}

/** A list that is long, with `value` at its end, where nothing tells of it in advance. */
function behindRows(value: unknown): unknown[] {
  return [...rows(), value];
}

const twice = { n: 1 };
const cycle: Record<string, unknown> = { id: 1 };
cycle['self'] = cycle;

/** Lists of objects that are alike, and what may be among them. */
const LISTS: readonly (readonly [string, () => unknown])[] = [
  ['rows', () => rows(3000)],
  ['rows within an object', () => ({ page: 1, rows: rows(), more: { rows: rows(70) } })],
  ['strings', () => Array.from({ length: 5000 }, (_, i) => (i % 7 === 0 ? '' : 'é'.repeat(i % 40)))],
  [
    'strings beyond Latin-1 and half of a pair',
    () => rows().map(({ id }) => ({ id, a: '\u0100', b: '\ud800', c: 'z' })),
  ],
  ['strings as long as a batch and longer', () => rows().map(({ id }) => ({ id, text: 'x'.repeat(1020 + (id % 8)) }))],
  ['a string that is very long', () => behindRows({ id: 0, name: 'x'.repeat(3_000_000) })],
  [
    'numbers',
    () =>
      rows().map(({ id }) => ({
        id: -id,
        a: id / 3,
        b: -0,
        c: Number.NaN,
        d: 2 ** 27 + id,
        e: -(2 ** 31),
        f: 2 ** 53,
      })),
  ],
  ['nothings', () => rows().map(({ id }) => (id % 3 === 0 ? undefined : { a: undefined, b: null, c: id % 2 === 0 }))],
  ['dates', () => rows().map(({ id }) => ({ at: new Date(id * 1e9), none: new Date(Number.NaN) }))],
  ['several shapes, in turn', () => rows().map(({ id }) => (id % 2 ? { id, a: { id } } : { a: { b: { id } }, id }))],
  ['the same keys in another order', () => rows().map(({ id }) => (id % 2 ? { a: id, b: 0 } : { b: 0, a: id }))],
  ['lists in lists', () => rows().map(({ id }) => [[id], [], [[String(id)]]])],
  [
    'long lists of numbers in rows',
    () => rows().map(({ id }) => ({ id, vector: Array.from({ length: 100 }, () => id / 3) })),
  ],
  ['empty objects', () => rows().map(() => ({}))],
  [
    'keys of any name',
    () => rows().map(({ id }) => ({ 7: id, 1: 'a', valueOf: 1, toString: 2, constructor: 3, '': 4 })),
  ],
  ['keys that are data', () => Object.fromEntries(rows(400).map(({ id }) => [`k${id}`, rows(65)]))],
  ['many shapes', () => rows(400).map(({ id }) => ({ [`k${id}`]: id }))],
  ['many keys', () => rows().map(() => Object.fromEntries(rows(90).map(({ id }) => [`k${id}`, id])))],
  ['deep rows', () => rows().map(() => JSON.parse('{"a":'.repeat(30) + 1 + '}'.repeat(30)))],
  ['a key __proto__', () => behindRows(JSON.parse('{"__proto__": {"id": 1}, "name": "x"}'))],
  ['a hole', () => Object.assign(new Array(101), rows())],
  ['a list with a key', () => Object.assign(rows(), { extra: 1 })],
  ['the same object twice', () => [...rows(), twice, { twice }]],
  ['a cycle', () => behindRows(cycle)],
  [
    'an instance of a class',
    () =>
      behindRows(
        new (class {
          id = 1;
          name = 'x';
        })(),
      ),
  ],
  ['an object without a prototype', () => behindRows(Object.assign(Object.create(null), { id: 1, name: 'x' }))],
  ['a Map', () => behindRows(new Map([[{ id: 1 }, rows(70)]]))],
  ['an error', () => behindRows(new RangeError('x'))],
  ['bytes', () => behindRows({ id: 1, name: new Uint8Array([1, 2, 3]) })],
  ['a BigInt', () => behindRows({ id: 10n ** 30n, name: 'x' })],
  ['a boxed number', () => behindRows(Object(3))],
  [
    'keys that are symbols or hidden',
    () => behindRows(Object.defineProperty({ id: 1, name: 'x', [Symbol('s')]: 1 }, 'h', { value: 1 })),
  ],
  ['frozen rows', () => Object.freeze(rows().map((row) => Object.freeze(row)))],
  [
    'a getter that deletes what comes after it',
    () =>
      behindRows({
        get id(): number {
          Reflect.deleteProperty(this, 'name');
          return 1;
        },
        name: 'x',
      }),
  ],
];

/** Every object of a value, numbered as it is met, with its class, its keys in order, and what each of them has. */
function structure(root: unknown): string {
  const numbers = new Map<object, number>();
  const text = (item: unknown): string => {
    if (typeof item !== 'object' || item === null) return Object.is(item, -0) ? '-0' : `${typeof item} ${String(item)}`;
    const known = numbers.get(item);
    if (known !== undefined) return `#${known}`;
    numbers.set(item, numbers.size);
    const tag = Object.prototype.toString.call(item);
    if (types.isMap(item)) return `${tag}{${[...item].map(([key, value]) => `${text(key)}: ${text(value)}`).join()}}`;
    if (types.isDate(item)) return `${tag} ${+item}`;
    if (types.isNativeError(item)) return `${tag} ${item.message}`;
    const keys = Reflect.ownKeys(item).map((key) => `${String(key)}: ${text(Reflect.get(item, key))}`);
    return `${tag}{${keys.join()}}`;
  };
  return text(root);
}

/** Where two texts begin to differ, as they are too long to be shown. */
function difference(text: string, right: string): string {
  if (text === right) return '';
  const at = [...right].findIndex((char, i) => char !== text[i]);
  return `${text.slice(at - 60, at + 60)} instead of ${right.slice(at - 60, at + 60)}`;
}

describe.each(['thread', 'process', 'inline'] as const)('long lists in a pool of kind %s', (kind) => {
  test('arrive as structuredClone makes them, and come back so', async () => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    for (const [, make] of LISTS) {
      const right = structure(structuredClone(make()));
      const asArgument = pool.submit((value: unknown) => value, [make()]);
      expect(difference(structure(await asArgument), right)).toEqual('');
      const amongOthers = pool.submit(tasks.many, [1, make(), 'x']);
      expect(difference(structure((await amongOthers)[1]), right)).toEqual('');
    }
  });

  test('are reported, posted, and passed to children', async () => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    const job = pool.submit(async function (this: CurrentJob) {
      for await (const message of this.messages) {
        this.report(message);
        return await this.submit((value: unknown) => value, [message]);
      }
      return undefined;
    }, []) as Job<unknown>;
    const reports: unknown[] = [];
    job.onProgress((value) => reports.push(value));
    job.post(rows());
    expect(await job).toEqual(rows());
    expect(reports).toEqual([rows()]);
  });

  test('name the part that cannot cross', async () => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    const withFunction = pool.submit(tasks.echo, [behindRows({ id: 1, name: () => 1 })]);
    await expect(withFunction).rejects.toThrow(NotCloneableError);
    await expect(withFunction).rejects.toThrow('args[0][100].name');
    expect(await pool.submit(tasks.echo, [rows()])).toEqual(rows());
  });

  test('may contain tokens, and are cancelled by them', async () => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    const token = new CancellationToken();
    const isCancelled = pool.submit(
      (list: readonly unknown[]) => (list.at(-1) as CancellationToken).isCancelled,
      [behindRows(token)],
    );
    expect(await isCancelled).toBe(false);
    token.cancel();
    expect(
      await pool.submit(
        (list: readonly unknown[]) => (list.at(-1) as CancellationToken).isCancelled,
        [behindRows(token)],
      ),
    ).toBe(true);
  });
});

test('a getter in a long list may submit a job with a long list', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const inner: Job<unknown>[] = [];
  const list: Row[] = rows();
  for (const id of [97, 98])
    list[id] = {
      get id(): number {
        inner.push(pool.submit(tasks.echo, [rows(200)]));
        return id;
      },
      name: list[id]?.name ?? '',
    };
  expect(await pool.submit(tasks.echo, [list])).toEqual(rows());
  expect(inner.length).toBeGreaterThan(0);
  for (const job of inner) expect(await job).toEqual(rows(200));
});

test('a getter that throws is named, and nothing of its list is left for the next', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const list = behindRows({
    id: 1,
    get name(): string {
      throw new Error('not today');
    },
  });
  await expect(pool.submit(tasks.echo, [list])).rejects.toThrow('not today');
  expect(await pool.submit(tasks.echo, [rows()])).toEqual(rows());
});

test('keys that Object.prototype was given are not sent', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  Object.defineProperty(Object.prototype, 'given', { value: 1, enumerable: true, configurable: true });
  try {
    const arrived = (await pool.submit(tasks.echo, [rows()])) as readonly Row[];
    expect(arrived.map((row) => Object.keys(row).join())).toEqual(rows().map(() => 'id,name'));
  } finally {
    Reflect.deleteProperty(Object.prototype, 'given');
  }
});

test('a list of many megabytes arrives', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const count = 200_000;
  const total = pool.submit(
    (list: readonly Row[]) => list.reduce((sum, { id, name }) => sum + id + name.length, 0),
    [rows(count)],
  );
  expect(await total).toBe(rows(count).reduce((sum, { id, name }) => sum + id + name.length, 0));
});
