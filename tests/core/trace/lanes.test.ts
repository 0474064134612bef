import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { placeInLanes } from '../../../build/core/trace/lanes.js';

const spans = fc
  .array(fc.record({ begunAtMs: fc.nat(1_000), tookMs: fc.integer({ min: 1, max: 200 }) }), { maxLength: 50 })
  .map((list) =>
    list
      .map(({ begunAtMs, tookMs }) => ({ begunAtMs, endedAtMs: begunAtMs + tookMs }))
      .sort((a, b) => a.begunAtMs - b.begunAtMs),
  );

test('spans of one lane never overlap, and there are only as many lanes as run at once', () => {
  fc.assert(
    fc.property(spans, (list) => {
      const ends: number[] = [];
      for (const { span, lane, begunAtMs, endedAtMs } of placeInLanes(list)) {
        expect([begunAtMs, endedAtMs]).toEqual([span.begunAtMs, span.endedAtMs]);
        expect(begunAtMs).toBeGreaterThanOrEqual(ends[lane] ?? 0);
        ends[lane] = endedAtMs;
      }
      const atOnce = list.map(
        ({ begunAtMs }) => list.filter((other) => other.begunAtMs <= begunAtMs && other.endedAtMs > begunAtMs).length,
      );
      expect(ends.length).toBeLessThanOrEqual(Math.max(1, ...atOnce));
    }),
  );
});

test('a span that begins a rounding error before the end of the one before it follows that one', () => {
  const placed = placeInLanes([
    { begunAtMs: 1, endedAtMs: 2.0001 },
    { begunAtMs: 2, endedAtMs: 3 },
    { begunAtMs: 2.5, endedAtMs: 4 },
  ]);
  expect(placed.map(({ lane, begunAtMs, endedAtMs }) => [lane, begunAtMs, endedAtMs])).toEqual([
    [0, 1, 2.0001],
    [0, 2.0001, 3],
    [1, 2.5, 4],
  ]);
});
