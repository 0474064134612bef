import { describe, expect, test } from '@jest/globals';
import { Random } from '../support/random.ts';

const { Histogram } = await import('../../build/metrics/histogram.js');

/** Recorded values that count as 1 ms. */
const UNIT = 10_000;

function recorded(values: readonly number[]): InstanceType<typeof Histogram> {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

/** Integers of all sizes up to an hour. */
function someValues(seed: number, count: number): number[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => Math.floor(36e6 ** random.next()));
}

describe('a distribution', () => {
  test('of nothing is all zeros', () => {
    const { count, sum, mean, p50, p90, p99, max, buckets } = new Histogram().snapshot(UNIT);
    expect([count, sum, mean, p50, p90, p99, max]).toEqual([0, 0, 0, 0, 0, 0, 0]);
    expect(buckets).toBeInstanceOf(Function);
    expect(new Histogram().snapshot(UNIT).buckets([1, 2])).toEqual([0, 0]);
  });

  test('has the exact sum, and can be cloned and written as JSON', () => {
    const snapshot = recorded([10_000, 20_000, 60_000]).snapshot(UNIT);
    expect(snapshot).toMatchObject({ count: 3, sum: 9, mean: 3, max: 6 });
    expect(JSON.parse(JSON.stringify(snapshot))).toEqual(structuredClone(snapshot));
    expect(Object.keys(snapshot)).toEqual(['count', 'sum', 'mean', 'p50', 'p90', 'p99', 'max']);
    expect(Object.isFrozen(snapshot)).toBe(true);
  });

  test('does not change with what is recorded later', () => {
    const histogram = recorded([10_000]);
    const before = histogram.snapshot(UNIT);
    histogram.record(10_000);
    expect([before.count, before.buckets([2])]).toEqual([1, [1]]);
  });
});

describe('buckets', () => {
  test('are cumulative, and the last edge of all is the count', () => {
    const values = someValues(1, 2_000);
    const snapshot = recorded(values).snapshot(UNIT);
    const counts = snapshot.buckets([
      ...Array.from({ length: 100 }, (_, i) => 1.2 ** i / 10),
      Number.POSITIVE_INFINITY,
    ]);
    for (const [i, count] of counts.entries()) expect(count).toBeGreaterThanOrEqual(counts[i - 1] ?? 0);
    expect(counts.at(-1)).toBe(values.length);
  });

  test('count each value at its own length, or at most 6 % above it', () => {
    for (const value of [
      0,
      1,
      2,
      3,
      15,
      16,
      17,
      999,
      1_000,
      1_001,
      2 ** 27 - 1,
      2 ** 27,
      2 ** 27 + 1,
      ...someValues(2, 500),
    ]) {
      const snapshot = recorded([value]).snapshot(UNIT);
      const [below, at] = snapshot.buckets([(value - 1) / UNIT, (value * 1.0625 + 1) / UNIT]);
      expect([value, below, at]).toEqual([value, 0, 1]);
    }
  });

  test('have edges from 0.1 ms to 60 s where none are given', () => {
    const snapshot = recorded([900, 500_000, 700_000_000]).snapshot(UNIT);
    expect(snapshot.buckets()).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2]);
  });

  test('of two histograms add up to those of one that was given all values', () => {
    const [a, b] = [someValues(3, 1_000), someValues(4, 1_000)];
    const both = recorded([...a, ...b]).snapshot(UNIT);
    const edges = Array.from({ length: 200 }, (_, i) => 1.1 ** i / 100);
    const [ofA, ofB] = [recorded(a).snapshot(UNIT).buckets(edges), recorded(b).snapshot(UNIT).buckets(edges)];
    expect(ofA.map((count, i) => count + (ofB[i] ?? 0))).toEqual(both.buckets(edges));
    const added = recorded(a);
    added.add(recorded(b));
    expect(added.snapshot(UNIT)).toEqual(both);
    expect(added.snapshot(UNIT).buckets(edges)).toEqual(both.buckets(edges));
  });

  test.each([
    ['no array', 5, /^Cannot count by bucket: edgesMs must be an array, received 5$/],
    [
      'another value than numbers',
      [1, '2'],
      /^Cannot count by bucket: an element of edgesMs must be a number, received '2'; write 2 without quotes, or Number\(…\)$/,
    ],
    ['equal edges', [1, 1], /edgesMs must be ascending, received 1 after 1/],
    ['an edge that is not a number', [1, Number.NaN], /edgesMs must be ascending, received NaN after 1/],
  ])('refuse %s', (_, edges, message) => {
    expect(() => new Histogram().snapshot(UNIT).buckets(edges as number[])).toThrow(message);
  });
});
