import { describe, expect, test } from '@jest/globals';

interface Row {
  readonly better: 'more' | 'less';
  readonly judged: 'ratio' | 'value';
  readonly figures: readonly { readonly value: number }[];
  readonly limit?: { readonly atLeast: number } | { readonly atMost: number };
  readonly noise?: number;
  readonly needsFullCounts?: boolean;
  readonly notRun?: string;
}

// JavaScript that has no types: it is no part of the package
const folder = '../../bench';
const { holds, isFarOff, notRun } = (await import(`${folder}/row.mjs`)) as {
  holds: (row: Row) => boolean | undefined;
  isFarOff: (row: Row) => boolean;
  notRun: (workload: string, reason: string) => Row;
};
const { pairedRatio, percentile } = (await import(`${folder}/statistics.mjs`)) as {
  pairedRatio: (ours: readonly number[], theirs: readonly number[]) => { ratio: number; noise: number };
  percentile: (values: readonly number[], share: number) => number;
};

function rate(ours: number, theirs: number, asked: Partial<Row>): Row {
  return { better: 'more', judged: 'ratio', figures: [{ value: ours }, { value: theirs }], ...asked };
}

describe('limits of the benchmark', () => {
  test('a ratio may miss its limit by the noise of its rounds, and by no more', () => {
    const limit = { atLeast: 1 };
    expect(holds(rate(99, 100, { limit }))).toBe(false);
    expect(holds(rate(99, 100, { limit, noise: 0.02 }))).toBe(true);
    expect(holds(rate(97, 100, { limit, noise: 0.02 }))).toBe(false);
  });

  test('a quick run fails below half of what is asked at least', () => {
    const limit = { atLeast: 10 };
    expect(isFarOff(rate(501, 100, { limit }))).toBe(false);
    expect(isFarOff(rate(499, 100, { limit }))).toBe(true);
    expect(isFarOff(rate(Number.NaN, 100, { limit }))).toBe(true);
  });

  test('a quick run fails above twice what is asked at most', () => {
    const latency: Partial<Row> = { better: 'less', judged: 'value', limit: { atMost: 5 } };
    expect(isFarOff(rate(9.9, 100, latency))).toBe(false);
    expect(isFarOff(rate(10.1, 100, latency))).toBe(true);
  });

  test('a quick run fails for no row that it cannot judge, or that was not measured', () => {
    expect(isFarOff(rate(1, 100, { limit: { atLeast: 10 }, needsFullCounts: true }))).toBe(false);
    expect(isFarOff(rate(1, 100, {}))).toBe(false);
    expect(isFarOff(notRun('reads', 'not installed'))).toBe(false);
    expect(holds(notRun('reads', 'not installed'))).toBeUndefined();
  });
});

describe('figures of rounds', () => {
  test('what slows both in a round does not change their ratio', () => {
    const { ratio, noise } = pairedRatio([100, 50, 10, 200, 100], [50, 25, 5, 100, 50]);
    expect(ratio).toBe(2);
    expect(noise).toBe(0);
  });

  test('the noise grows as the ratios differ, up to a bound', () => {
    const theirs = [100, 100, 100, 100, 100];
    // quartiles of 0.99 and 1.01
    expect(pairedRatio([98, 99, 100, 101, 102], theirs).noise).toBeCloseTo((1.57 * 0.02) / Math.sqrt(5));
    expect(pairedRatio([10, 50, 100, 150, 200], theirs).noise).toBe(0.05);
  });

  test('a percentile is one of the values', () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(percentile(values, 0.5)).toBe(51);
    expect(percentile(values, 0.99)).toBe(100);
    expect(percentile([7], 0.99)).toBe(7);
  });
});
