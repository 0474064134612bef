import { describe, expect, test } from '@jest/globals';
import { type Job, ThreadPool } from 'thread-system';
import { runProgram } from '../support/program.ts';

const LEVELS = 120;
const echo = (n: number): number => n;

/** Calls `act` at the bottom of a recursion, so many levels from where the stack ends. */
function nearEnd(levels: number, act: () => void): void {
  let left = levels;
  const down = (): void => {
    try {
      down();
    } catch {}
    if (left-- === 0) act();
  };
  down();
}

interface Outcome {
  readonly job?: Job<number>;
  readonly error?: unknown;
}

/** Submits at a level; `undefined` where not even that could be called. */
function submitNearEnd(pool: ThreadPool, level: number): Outcome | undefined {
  let outcome: Outcome | undefined;
  let isOn = false;
  const act = (): void => {
    if (!isOn) return;
    try {
      outcome = { job: pool.submit(echo, [level]) };
    } catch (error) {
      outcome = { error };
    }
  };
  act(); // what has been called is compiled, which takes more of the stack than to run it
  isOn = true;
  nearEnd(level, act);
  return outcome;
}

describe.each(['thread', 'inline'] as const)('in a pool of kind %s', (kind) => {
  test.each([
    ['to an idle worker', 0, false],
    ['behind others', 70, false],
    ['as the first of a pool', 0, true],
  ] as const)(
    'a job that is submitted near the end of the stack, %s, is accepted and runs, or nothing has changed',
    async (_, before, isFirst) => {
      const make = (): ThreadPool => new ThreadPool({ kind, maxWorkers: kind === 'inline' ? 1 : 2 });
      let pool = make();
      if (!isFirst) await pool.submit(echo, [1]);
      let accepted = 0;
      let refused = 0;
      // past the levels at which nothing can be called at all
      for (let level = 0; accepted < 20 && level < 20 * LEVELS; level += level < LEVELS ? 1 : 20) {
        for (let i = 0; i < before; i++) pool.submit(echo, [i]);
        const { submitted } = pool.metrics();
        const outcome = submitNearEnd(pool, level);
        const taken = pool.metrics().submitted - submitted;
        if (outcome === undefined) {
          expect(taken).toBe(0);
        } else if (outcome.job === undefined) {
          refused++;
          expect((outcome.error as Error).name).toBe('RangeError');
          expect(taken).toBe(0);
        } else {
          accepted++;
          expect(taken).toBe(1);
          expect(await outcome.job).toBe(level);
        }
        expect(await pool.waitAll({ timeoutMs: 60_000 })).toBe(true);
        if (!isFirst) continue;
        await pool.shutdown();
        pool = make();
      }
      expect(accepted).toBeGreaterThanOrEqual(20);
      expect(refused).toBeGreaterThan(0);
      const { submitted, pending, active, completed } = pool.metrics();
      expect([pending, active, completed]).toEqual([0, 0, submitted]);
      expect(await pool.submit(echo, [7])).toBe(7);
      await pool.shutdown();
    },
  );
});

test.each([
  ['interpreted', ['--no-opt', '--no-maglev', '--no-sparkplug']],
  ['compiled at once', ['--always-sparkplug', '--no-opt', '--no-maglev']],
  ['optimised', []],
])('where %s code finds room on the stack, a few more calls have it', async (_, flags) => {
  const program = `
    import { hasStackRoom } from '../base/stack-room.js';
    const call = (left) => (left === 0 ? 0 : 1 + call(left - 1));
    const counts = { refused: 0, fitted: 0, overflowed: 0 };
    function look() {
      if (!hasStackRoom()) return void counts.refused++;
      try {
        call(16);
        counts.fitted++;
      } catch {
        counts.overflowed++;
      }
    }
    const down = () => {
      try {
        down();
      } catch {}
      try {
        look();
      } catch {
        counts.refused++;
      }
    };
    for (let i = 0; i < 200_000; i++) look();
    counts.fitted = 0;
    down();
    const { refused, fitted, overflowed } = counts;
    console.log(JSON.stringify({ refused: refused > 10 && refused < 200, fitted: fitted > 1_000, overflowed }));`;
  const { stdout, stderr } = await runProgram(program, { flags });
  expect([stderr, stdout.trim()]).toEqual(['', '{"refused":true,"fitted":true,"overflowed":0}']);
});
