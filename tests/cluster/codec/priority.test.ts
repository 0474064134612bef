import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fromBullPriority, toBullPriority } from '../../../build/cluster/codec/priority.js';

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });

describe("the number of a priority in BullMQ's queue", () => {
  test('never reverses two priorities, and is one that BullMQ takes', () => {
    fc.assert(
      fc.property(finite, finite, (a, b) => {
        const [small, large] = a <= b ? [a, b] : [b, a];
        const [first, second] = [toBullPriority(large), toBullPriority(small)];
        expect(first).toBeLessThanOrEqual(second);
        expect(first).toBeGreaterThan(0);
        expect(second).toBeLessThan(2 ** 21);
        expect(Number.isInteger(first)).toBe(true);
      }),
      { numRuns: 20_000 },
    );
  });

  test('is exact for integers to 8192 in both directions, and for halves and quarters of smaller ones', () => {
    for (let n = -8192; n <= 8192; n++) expect(fromBullPriority(toBullPriority(n))).toBe(n);
    for (let n = -2048; n <= 2048; n += 0.25) expect(fromBullPriority(toBullPriority(n))).toBe(n);
    expect(toBullPriority(-0)).toBe(toBullPriority(0));
  });

  test('is a finite priority again, in the same order: also one that only other producers give', () => {
    let previous = Number.POSITIVE_INFINITY;
    const misplaced: number[] = [];
    for (let number = 0; number < 2 ** 21; number++) {
      const priority = fromBullPriority(number);
      if (!Number.isFinite(priority) || priority > previous) misplaced.push(number);
      previous = priority;
    }
    expect(misplaced).toEqual([]);
  });

  test('tells numbers apart that differ by more than 1/1024 of themselves', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-30, max: 1e30, noNaN: true }), (n) => {
        expect(toBullPriority(n * 1.001)).toBeLessThan(toBullPriority(n));
        expect(toBullPriority(-n * 1.001)).toBeGreaterThan(toBullPriority(-n));
      }),
    );
  });
});
