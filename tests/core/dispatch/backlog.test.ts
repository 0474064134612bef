import { expect, test } from '@jest/globals';
import type { BacklogDeps } from '../../../build/core/dispatch/backlog.js';

const { Backlog } = await import('../../../build/core/dispatch/backlog.js');
const { TICKS_PER_MS } = await import('../../../build/base/ticks.js');

interface Flags {
  readonly isReady?: boolean;
  readonly isFree?: boolean;
  readonly isStalled?: boolean;
  readonly isBlocked?: boolean;
  readonly hasRoom?: boolean;
  readonly taken?: number;
  readonly waiting?: number;
  readonly backlogTicks?: number;
}

/** A backlog over workers that are ready, busy, and have room, unless they say otherwise. */
function backlogOf(workers: readonly Flags[], isDue = false): InstanceType<typeof Backlog> {
  const all = workers.map(({ taken = 0, waiting = 0, backlogTicks = 0, ...flags }) => ({
    ...{ isReady: true, isFree: false, isStalled: false, isBlocked: false, hasRoom: true, ...flags },
    inFlight: { taken, waitingCount: waiting, hasWaiting: waiting > 0, backlogTicks },
  }));
  const queue = { size: isDue ? 1 : 0, peek: () => undefined };
  return new Backlog({ queue, workers: { all }, reserve: undefined, dispatcher: { isDue } } as unknown as BacklogDeps);
}

test('jobs that workers were sent and have not begun are not active', () => {
  expect(backlogOf([{ taken: 3, waiting: 2 }, { taken: 1 }, {}]).activeCount).toBe(2);
});

test('the longest backlog is that of one worker, not of all', () => {
  expect(backlogOf([{ backlogTicks: 2 * TICKS_PER_MS }, { backlogTicks: 3 * TICKS_PER_MS }]).longestMs).toBe(3);
  expect(backlogOf([]).longestMs).toBe(0);
});

test('workers need watching while jobs wait at one that is ready', () => {
  expect(backlogOf([{ taken: 1 }, { taken: 2, waiting: 1 }]).needsWatching).toBe(true);
  expect(backlogOf([{ taken: 2, waiting: 1, isReady: false }]).needsWatching).toBe(false);
  expect(backlogOf([{ taken: 1 }]).needsWatching).toBe(false);
});

test.each<[string, Flags]>([
  ['free', { isFree: true }],
  ['stalled', { isStalled: true }],
  ['blocked', { isBlocked: true }],
  ['full of entries that were taken back', { hasRoom: false }],
])('they do while jobs are queued and one is %s', (_, flags) => {
  expect(backlogOf([flags], true).needsWatching).toBe(true);
  expect(backlogOf([flags], false).needsWatching).toBe(false);
});
