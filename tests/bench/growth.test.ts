import { describe, expect, test } from '@jest/globals';

interface Point {
  readonly size: number;
  readonly ms: number;
}

interface Cost {
  readonly us: number;
  readonly main: number;
  readonly workers: number;
}

// plain JavaScript, without declarations
const bench = new URL('../../bench/growth/', import.meta.url);
const { exponentOf } = (await import(`${bench}exponent.mjs`)) as { exponentOf(points: readonly Point[]): number };
const { rateOn } = (await import(`${bench}model.mjs`)) as { rateOn(cost: Cost, cores: number): number };

const curve = (ms: (size: number) => number): Point[] =>
  [1, 10, 100, 1_000, 10_000, 100_000].map((size) => ({ size, ms: ms(size) }));

describe('the exponent of a cost', () => {
  test.each([
    { what: 'that is constant', ms: () => 7, exponent: 0 },
    { what: 'that is linear', ms: (size: number) => 0.2 * size, exponent: 1 },
    { what: 'that is quadratic', ms: (size: number) => size ** 2, exponent: 2 },
  ])('$what', ({ ms, exponent }) => {
    expect(exponentOf(curve(ms))).toBeCloseTo(exponent, 9);
  });

  test('does not go by the sizes at which a fixed part hides how it grows', () => {
    expect(exponentOf(curve((size) => 1 + size))).toBeGreaterThan(0.98);
    expect(exponentOf(curve((size) => (size < 100 ? 1_000 : size)))).toBeCloseTo(1, 9);
  });
});

describe('jobs a second on so many cores', () => {
  const cost = { us: 100, main: 2, workers: 8 };

  test('grow with the cores while the main thread keeps up', () => {
    expect(rateOn(cost, 11)).toBeCloseTo(100_000, 6);
    expect(rateOn(cost, 22)).toBeCloseTo(200_000, 6);
  });

  test('are no more than the main thread can send', () => {
    expect(rateOn(cost, 1_000)).toBeCloseTo(500_000, 6);
  });
});
