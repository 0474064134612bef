import { expect, test } from '@jest/globals';
import type { PoolWorker } from '../../../build/core/pool-worker.js';
import type { IdleReaper as Reaper } from '../../../build/core/workers/idle-reaper.js';

const { IdleReaper } = await import('../../../build/core/workers/idle-reaper.js');

interface Settings {
  readonly minWorkers?: number;
  readonly reserved?: number;
}

/** A reaper of workers that have been idle for long, besides `busy` others. Numbers of those that it ends, and when it first does. */
function reaperOf(
  idle: number,
  busy: number,
  settings: Settings,
): { reaper: Reaper; ended: number[]; first: Promise<void> } {
  const ended: number[] = [];
  let end = (): void => {};
  const first = new Promise<void>((resolve) => {
    end = resolve;
  });
  const all = Array.from({ length: idle + busy }, (_, number) => ({
    isUnused: number < idle,
    progressAtMs: 0,
    inFlight: { size: number < idle ? 0 : 1 },
    end(): void {
      this.isUnused = false;
      ended.push(number);
      end();
    },
  }));
  const workers = {
    all: all as unknown as readonly PoolWorker[],
    get memberCount() {
      return all.length - ended.length;
    },
  };
  const { minWorkers = 0, reserved = 0 } = settings;
  const reservedWorkers = reserved === 0 ? [] : [{ atLeast: 3, workers: reserved }];
  const reaper = new IdleReaper({ idleTimeoutMs: 0, minWorkers, reserved: reservedWorkers }, workers);
  return { reaper, ended, first };
}

test.each<[string, number, number, Settings, number[]]>([
  ['all that are idle, the youngest first', 3, 1, {}, [2, 1, 0]],
  ['as many as leave minWorkers', 3, 0, { minWorkers: 1 }, [2, 1]],
  ['as many as leave minWorkers, of which one is busy', 2, 1, { minWorkers: 2 }, [1]],
  ['none that is reserved for urgent jobs, while others run', 3, 1, { reserved: 2 }, [2]],
  ['those, too, when nothing runs', 2, 0, { reserved: 2 }, [1, 0]],
])('ends %s', async (_, idle, busy, settings, expected) => {
  const keep = setInterval(() => {}, 1_000); // the reaper keeps no process alive
  const { reaper, ended, first } = reaperOf(idle, busy, settings);
  reaper.watch();
  await first;
  clearInterval(keep);
  expect(ended).toEqual(expected);
});

test('ends none while it is paused', async () => {
  const keep = setInterval(() => {}, 1_000);
  const paused = reaperOf(1, 0, {});
  paused.reaper.watch();
  paused.reaper.pause();
  paused.reaper.watch();
  const other = reaperOf(1, 0, {});
  other.reaper.watch(); // due later than the paused one would have been
  await other.first;
  expect(paused.ended).toEqual([]);
  paused.reaper.resume();
  await paused.first;
  clearInterval(keep);
  expect(paused.ended).toEqual([0]);
});
