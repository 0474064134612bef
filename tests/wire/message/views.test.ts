import { expect, test } from '@jest/globals';
import { planViews } from '../../../build/wire/message/views.js';
import { Random } from '../../support/random.ts';

/** A value in which objects occur more than once and contain themselves, with small views of large memory in it. */
function valueWithViews(random: Random): { value: unknown; views: Set<ArrayBufferView> } {
  const views = new Set<ArrayBufferView>();
  const made: object[] = [];
  const leaf = (): unknown => {
    if (random.chance(0.1)) {
      const view = new Uint8Array(new ArrayBuffer(64), 8, 16);
      views.add(view);
      made.push(view);
      return view;
    }
    if (random.chance(0.2) && made.length > 0) return random.pick(made);
    return random.pick([1, 'text', null, undefined, true, 1n]);
  };
  const item = (depth: number): unknown => (depth === 0 || random.chance(0.4) ? leaf() : container(depth - 1));
  const list = (depth: number): unknown[] => Array.from({ length: random.integer(0, 12) }, () => item(depth));
  const record = (depth: number): object => {
    const keys = random.pick([['id', 'name', 'data'], ['id', 'name'], ['name', 'id', 'data'], ['rows'], []]);
    return Object.fromEntries(keys.map((key) => [key, item(depth)]));
  };
  const container = (depth: number): object => {
    const kinds = [
      (): object => list(depth),
      (): object => record(depth),
      (): object => Array.from({ length: random.integer(0, 9) }, () => record(depth)),
      (): object => new Map(list(depth).map((key, index) => [random.chance(0.3) ? key : index, item(depth)])),
      (): object => new Set(list(depth)),
      (): object => Object.assign(Object.create(null), record(depth)),
    ];
    const object = random.pick(kinds)();
    if (random.chance(0.2) && Array.isArray(object)) object.push(object);
    else if (random.chance(0.2)) Object.assign(object, { self: object });
    made.push(object);
    return object;
  };
  return { value: { first: container(3), second: container(3) }, views };
}

/** What is in a value, by the plainest of searches. */
function reachable(value: unknown, met = new Set<unknown>()): Set<unknown> {
  if (typeof value !== 'object' || value === null || met.has(value)) return met;
  met.add(value);
  if (ArrayBuffer.isView(value)) return met;
  if (value instanceof Map) for (const pair of value) for (const item of pair) reachable(item, met);
  else if (value instanceof Set) for (const item of value) reachable(item, met);
  else for (const item of Object.values(value)) reachable(item, met);
  return met;
}

test('finds each view once, whatever objects it is in, and those that occur twice or in themselves', () => {
  let found = 0;
  for (let seed = 1; seed <= 500; seed++) {
    const { value, views } = valueWithViews(new Random(seed));
    const met = reachable(value);
    const expected = [...views].filter((view) => met.has(view));
    const plan = planViews(value, []);
    if (new Set(plan?.copies.keys()).size !== expected.length || !expected.every((view) => plan?.copies.has(view)))
      throw new Error(`seed ${seed}: ${plan?.copies.size ?? 0} of ${expected.length} views`);
    found += expected.length;
  }
  expect(found).toBeGreaterThan(500);
});

test('reads a list once, however often it occurs', () => {
  let reads = 0;
  const long = new Array<unknown>(100).fill(0);
  const counted = (target: unknown[], key: string | symbol): unknown => {
    reads++;
    return Reflect.get(target, key);
  };
  Object.setPrototypeOf(long, new Proxy(Array.prototype, { get: counted })); // asked for each item that is a hole
  for (let hole = 0; hole < 100; hole++) Reflect.deleteProperty(long, hole);
  planViews({ rows: Array.from({ length: 1_000 }, (_, id) => ({ id, long })) }, []);
  expect(reads).toBeGreaterThan(0);
  expect(reads).toBeLessThanOrEqual(100);
});

test('runs no getter of an object whose keys no other had before, and no trap of a proxy', () => {
  let runs = 0;
  const counts = {
    get: (): number => ++runs,
  };
  const getter = (keys: readonly string[], at: string): object =>
    Object.defineProperties(
      {},
      Object.fromEntries(
        keys.map((key) => [key, key === at ? { enumerable: true, ...counts } : { enumerable: true, value: key }]),
      ),
    );
  const trap = (): never => {
    throw new Error('a trap has run');
  };
  const proxy = new Proxy({}, { get: trap, ownKeys: trap, getPrototypeOf: trap, getOwnPropertyDescriptor: trap });
  const rows = [
    { a: 1, b: 2 },
    { a: 1, b: 2 },
    getter(['a', 'c'], 'a'),
    getter(['a'], 'a'),
    getter(['a', 'b', 'c'], 'b'),
  ];
  planViews({ rows, proxy, list: Object.defineProperty([1, 2], 1, { enumerable: true, ...counts }) }, []);
  expect(runs).toBe(0);
});

test('reads objects that inherit what a program has added to all objects', () => {
  const data = new Uint8Array(new ArrayBuffer(64), 8, 16);
  Object.defineProperty(Object.prototype, 'polluted', { value: 1, enumerable: true, configurable: true });
  try {
    expect(planViews([{ id: 1 }, { id: 2 }, { id: 3, data }], [])?.copies.has(data)).toBe(true);
    expect(planViews([{ data: 1 }, { data }, { data: null }], [])?.copies.has(data)).toBe(true);
  } finally {
    Reflect.deleteProperty(Object.prototype, 'polluted');
  }
});
