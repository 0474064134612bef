import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { assignTracks } from '../../../build/core/trace/tracks.js';

const spans = fc
  .array(fc.record({ begunAtMs: fc.nat(1_000), tookMs: fc.integer({ min: 1, max: 200 }) }), { maxLength: 50 })
  .map((list) =>
    list
      .map(({ begunAtMs, tookMs }) => ({ begunAtMs, endedAtMs: begunAtMs + tookMs }))
      .sort((a, b) => a.begunAtMs - b.begunAtMs),
  );

test('spans of one track never overlap, and there are only as many tracks as run at once', () => {
  fc.assert(
    fc.property(spans, (list) => {
      const ends: number[] = [];
      for (const { span, track, begunAtMs, endedAtMs } of assignTracks(list)) {
        expect([begunAtMs, endedAtMs]).toEqual([span.begunAtMs, span.endedAtMs]);
        expect(begunAtMs).toBeGreaterThanOrEqual(ends[track] ?? 0);
        ends[track] = endedAtMs;
      }
      const atOnce = list.map(
        ({ begunAtMs }) => list.filter((other) => other.begunAtMs <= begunAtMs && other.endedAtMs > begunAtMs).length,
      );
      expect(ends.length).toBeLessThanOrEqual(Math.max(1, ...atOnce));
    }),
  );
});

test('a span that begins a rounding error before the end of the one before it follows that one', () => {
  const placed = assignTracks([
    { begunAtMs: 1, endedAtMs: 2.0001 },
    { begunAtMs: 2, endedAtMs: 3 },
    { begunAtMs: 2.5, endedAtMs: 4 },
  ]);
  expect(placed.map(({ track, begunAtMs, endedAtMs }) => [track, begunAtMs, endedAtMs])).toEqual([
    [0, 1, 2.0001],
    [0, 2.0001, 3],
    [1, 2.5, 4],
  ]);
});
