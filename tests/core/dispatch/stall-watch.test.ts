import { expect, test } from '@jest/globals';
import type { StallWatchDeps } from '../../../build/core/dispatch/stall-watch.js';

const { StallWatch } = await import('../../../build/core/dispatch/stall-watch.js');

/** A watch over a backlog that needs watching for so many checks by the timer. */
function watchFor(checks: number): { calls: string[]; watch: InstanceType<typeof StallWatch>; ended: Promise<void> } {
  const calls: string[] = [];
  let left = checks;
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const deps = {
    dispatcher: { queue: { size: 1 } },
    backlog: {
      get needsWatching() {
        if (left === 0) end();
        return left > 0;
      },
      longestMs: 0,
    },
    balance: { recallStuck: () => void calls.push('recall') },
  };
  const watch = new StallWatch(deps as unknown as StallWatchDeps, {
    drain: () => void calls.push('drain'),
    pump: () => {
      calls.push('pump');
      left--;
      watch.arm(); // as the pacer does at the end of each pump
    },
  });
  return { calls, watch, ended };
}

test('a check reads answers, takes jobs back and sends them; there are more while workers need watching', async () => {
  const keep = setInterval(() => {}, 1_000); // the watch itself keeps no process alive
  const { calls, watch, ended } = watchFor(3);
  watch.arm();
  watch.arm();
  await ended;
  clearInterval(keep);
  expect(calls).toEqual(['drain', 'recall', 'pump', 'drain', 'recall', 'pump', 'drain', 'recall', 'pump']);
});

test('a thread that is awake checks by itself once the interval is over, and only while the timer runs', () => {
  const { calls, watch } = watchFor(1);
  watch.checkIfDue(1_000);
  expect(calls).toEqual([]);
  watch.arm();
  watch.checkIfDue(1_000);
  watch.checkIfDue(1_000.5);
  watch.checkIfDue(1_001);
  expect(calls).toEqual(['recall', 'recall']);
});
