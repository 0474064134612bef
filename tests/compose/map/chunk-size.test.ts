import { describe, expect, test } from '@jest/globals';
import { ChunkSize } from '../../../build/compose/map/chunk-size.js';

const MOST = 1000;
const sizeOf = (limits: { fixed?: number; most?: number; fitting?: number } = {}) => {
  const { fixed, most = MOST, fitting = 1 } = limits;
  const task = { fitting };
  return { task, size: new ChunkSize({ fixed, most, task }) };
};

describe('the first chunk of a map', () => {
  test('has one item if nothing is known of the task', () => {
    expect(sizeOf().size.next(undefined, 2)).toBe(1);
  });

  test.each([
    [100, 50],
    [3, 1],
    [1e6, MOST],
  ])('has half of the items that fitted in the last map: of %i, %i', (fitting, first) => {
    expect(sizeOf({ fitting }).size.next(undefined, 2)).toBe(first);
  });
});

describe('later chunks', () => {
  test('have as many items as take 1.5 ms', () => {
    const { size, task } = sizeOf({ fitting: 20 });
    size.learn(10, 0.5);
    expect(size.next(undefined, 2)).toBe(30);
    expect(task.fitting).toBe(30);
  });

  test('grow to eight times the last one at most, even if the clock saw no time pass', () => {
    const { size } = sizeOf();
    const sizes = [1, 8, 64, 512].map((items) => {
      size.learn(items, 0);
      return size.next(undefined, 2);
    });
    expect(sizes).toEqual([8, 64, 512, MOST]);
  });

  test('shrink to an eighth of the last one at most, and have one item at least', () => {
    const { size } = sizeOf({ fitting: 200 });
    const sizes = [100, 13, 2].map((items) => {
      size.learn(items, 1e6);
      return size.next(undefined, 2);
    });
    expect(sizes).toEqual([13, 2, 1]);
  });

  test('do not grow because a job had few items, and do not shrink because of it', () => {
    const { size } = sizeOf({ fitting: 200 });
    size.learn(2, 0.001);
    expect(size.next(undefined, 2)).toBe(100);
  });
});

describe('the last chunks', () => {
  test('are shared by the workers, so that these end together', () => {
    const { size } = sizeOf({ fitting: 200 });
    expect([10_000, 240, 120, 60, 1].map((left) => size.next(left, 2))).toEqual([100, 60, 30, 15, 13]);
  });

  test('are as large as any if it is not known how many items there are', () => {
    expect(sizeOf({ fitting: 200 }).size.next(undefined, 2)).toBe(100);
  });
});

test('a size that was given is kept, and says nothing about the task', () => {
  const { size, task } = sizeOf({ fixed: 7, fitting: 200 });
  size.learn(7, 100);
  expect([size.next(undefined, 2), size.next(3, 2), task.fitting]).toEqual([7, 7, 200]);
});
