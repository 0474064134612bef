import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { Latch, ThreadPool } from 'thread-system';

describe('a Latch', () => {
  test('opens at 0, for good', async () => {
    const latch = new Latch(2);
    const waiting = latch.wait();
    latch.countDown();
    expect(latch.count).toBe(1);
    expect(await latch.wait({ timeoutMs: 1 })).toBe(false);
    latch.countDown();
    expect(await waiting).toBe(true);
    latch.countDown();
    expect(latch.count).toBe(0);
    expect(await latch.wait({ timeoutMs: 0 })).toBe(true);
    expect(await new Latch(0).wait()).toBe(true);
    expect(inspect(latch)).toBe('Latch { count: 0 }');
  });

  test('is counted down by tasks, and frees those that block on it', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const latch = new Latch(4);
    const waits = [latch.wait(), pool.submit((theirs: Latch) => theirs.waitSync(), [latch])];
    for (let i = 0; i < 4; i++) pool.submit((theirs: Latch) => theirs.countDown(), [latch]);
    expect(await Promise.all(waits)).toEqual([true, true]);
  });

  test('refuses what is no count', () => {
    const rule = 'Cannot make a latch: count must be a whole number from 0 to 2147483647, received';
    expect(() => new Latch(-1)).toThrow(new RangeError(`${rule} -1`));
    expect(() => new Latch(0.5)).toThrow(new RangeError(`${rule} 0.5`));
    expect(() => new Latch(undefined as unknown as number)).toThrow(
      new TypeError('Cannot make a latch: count must be a whole number, received undefined'),
    );
  });
});
