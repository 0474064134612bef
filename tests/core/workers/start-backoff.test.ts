import { expect, test } from '@jest/globals';

const { StartBackoff } = await import('../../../build/core/workers/start-backoff.js');

/** Fails in rounds one after the other. Returns the pauses after each: besides other workers, and alone. */
function pausesAfter(rounds: number, backoff = new StartBackoff()): [number, number | undefined][] {
  return Array.from({ length: rounds }, (_, round) => {
    backoff.failed(10 * round, 10 * round + 5);
    return [backoff.pauseMs, backoff.pauseAloneMs];
  });
}

test('the pause grows with each round that fails; without any worker, three rounds are hopeless', () => {
  expect(pausesAfter(4)).toEqual([
    [1_000, 50],
    [2_000, 200],
    [4_000, undefined],
    [8_000, undefined],
  ]);
});

test('the pause besides other workers is a minute at most', () => {
  expect(pausesAfter(12).at(-1)).toEqual([60_000, undefined]);
});

test('starts that were begun before the first of them failed are one round', () => {
  const backoff = new StartBackoff();
  for (const begunAtMs of [0, 1, 2]) backoff.failed(begunAtMs, 5);
  expect(backoff.pauseMs).toBe(1_000);
  backoff.failed(5, 6);
  expect(backoff.pauseMs).toBe(2_000);
});

test('a start that succeeds ends the row, unless its worker proves unable to run anything', () => {
  const backoff = new StartBackoff();
  pausesAfter(2, backoff);
  backoff.succeeded();
  backoff.failed(100, 101);
  expect(backoff.pauseMs).toBe(1_000);
  backoff.succeeded();
  backoff.revokeSuccess();
  backoff.failed(200, 201);
  expect(backoff.pauseMs).toBe(2_000);
});
