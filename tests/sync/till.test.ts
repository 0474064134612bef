import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { Signal, ThreadPool, Till } from 'thread-system';

describe('a Till', () => {
  test('goes by itself when its time has come, never before', async () => {
    for (const ms of [0, 1, 12.5]) {
      const startMs = performance.now();
      const till = new Till({ ms });
      expect(await till.wait()).toBe(true);
      expect(performance.now() - startMs).toBeGreaterThanOrEqual(ms);
      expect(till.isSet).toBe(true);
    }
    expect(new Till({ ms: 0 }).isSet).toBe(true);
    expect(new Till({ ms: 1e9 })).toBeInstanceOf(Signal);
    expect(inspect(new Till({ ms: 1e9 }))).toBe('Till { isSet: false }');
  });

  test('can be made to go sooner', async () => {
    const till = new Till({ ms: Number.POSITIVE_INFINITY });
    const waiting = till.wait();
    till.go();
    expect(await waiting).toBe(true);
  });

  test('goes at a point in time', async () => {
    const dueMs = Date.now() + 15;
    expect(await Till.at(dueMs).wait()).toBe(true);
    expect(Date.now()).toBeGreaterThanOrEqual(dueMs - 1);
    expect(Till.at(new Date(0)).isSet).toBe(true);
    expect(Till.at(new Date(Date.now() + 1e6)).isSet).toBe(false);
  });

  test('is one of thousands that share a timer', async () => {
    const early: number[] = [];
    const wait = async (ms: number): Promise<void> => {
      const startMs = performance.now();
      await new Till({ ms }).wait();
      if (performance.now() - startMs < ms) early.push(ms);
    };
    await Promise.all(Array.from({ length: 2000 }, (_, i) => wait((i * 7919) % 40)));
    expect(early).toEqual([]);
  });

  test('is seen by a task by its own clock, and wakes one that blocks', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await pool.submit(() => 1);
    const startMs = performance.now();
    const till = new Till({ ms: 20 });
    expect(await pool.submit((theirs: Till) => theirs.waitSync({ timeoutMs: 1000 }), [till])).toBe(true);
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(19);
    expect(await pool.submit((theirs: Till) => theirs.isSet, [new Till({ ms: 1e9 })])).toBe(false);
  });

  test('refuses what is no time, by name, rule and value', () => {
    const made = (options: unknown) => () => new Till(options as { ms: number });
    expect(made(5)).toThrow(
      new TypeError('Cannot make a Till: options must be an object, received 5; write { ms: 5 }'),
    );
    expect(made(undefined)).toThrow(new TypeError('Cannot make a Till: options must be an object, received undefined'));
    expect(made({})).toThrow(
      new TypeError('Cannot make a Till: ms must be a number of milliseconds, received undefined'),
    );
    expect(made({ ms: -1 })).toThrow(
      new RangeError('Cannot make a Till: ms must be 0 or more milliseconds, received -1'),
    );
    expect(() => Till.at('now' as never)).toThrow(
      new TypeError("Cannot make a Till: date must be a Date or ms since 1970, received 'now'"),
    );
    expect(() => Till.at(new Date('never'))).toThrow(RangeError);
  });
});
