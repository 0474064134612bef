import { describe, expect, test } from '@jest/globals';

interface Request {
  readonly kind: number;
  readonly isHigh: boolean;
}

// JavaScript that has no types: it is no part of the package
const file = '../../bench/workloads/http/requests.mjs';
const { arrivalsOf } = (await import(file)) as {
  arrivalsOf: (flight: object) => { times: Float64Array; requests: readonly Request[] };
};

describe('requests of the HTTP server', () => {
  const flight = { seed: 1, rate: 1000, ms: 20_000 };

  test('both servers are sent the same ones at the same times', () => {
    const short = { ...flight, ms: 100 };
    expect(arrivalsOf(short)).toEqual(arrivalsOf(short));
    expect(arrivalsOf({ ...short, seed: 2 }).times[0]).not.toBe(arrivalsOf(short).times[0]);
  });

  test('they come by a Poisson process, in the shares that are asked for', () => {
    const { times, requests } = arrivalsOf(flight);
    const share = (is: (request: Request) => boolean) => requests.filter(is).length / requests.length;
    expect(times.length / 20_000).toBeCloseTo(1, 1);
    // the gaps of a Poisson process deviate by as much as their mean
    const gaps = Array.from(times.subarray(1), (time, index) => time - (times[index] ?? 0));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
    expect(Math.sqrt(variance) / mean).toBeCloseTo(1, 1);
    expect(share(({ kind }) => kind === 0)).toBeCloseTo(0.7, 1);
    expect(share(({ kind }) => kind === 2)).toBeCloseTo(0.05, 2);
    expect(share(({ isHigh }) => isHigh)).toBeCloseTo(0.2, 1);
  });
});
