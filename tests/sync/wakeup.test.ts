import { expect, test } from '@jest/globals';
import { Latch, Signal, ThreadPool } from 'thread-system';
import { ofThisVersion } from '../../build/base/version.js';
import { runProgram } from '../support/program.ts';

test('a thread listens once, however often a listener that is notified begins to wait for something else', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const { waitAsync } = Atomics;
  let listened = 0;
  Atomics.waitAsync = ((...args: Parameters<typeof waitAsync>) => {
    listened++;
    return waitAsync.apply(Atomics, args);
  }) as typeof waitAsync;
  try {
    const never = new Latch(1);
    await pool.submit((latch: Latch) => latch.count, [never]);
    void never.wait(); // listens all the while
    const signals = Array.from({ length: 200 }, () => new Signal());
    const all = new Promise<void>((resolve) => {
      const next = (index: number): void => {
        const signal = signals[index];
        if (signal === undefined) resolve();
        else signal.onGo(() => next(index + 1));
      };
      next(0);
    });
    for (const signal of signals) await pool.submit((theirs: Signal) => theirs.go(), [signal]);
    await all;
    expect(listened).toBeLessThan(2 * signals.length);
  } finally {
    Atomics.waitAsync = waitAsync;
  }
});

test('what a thread has once cannot be taken apart by those who clean the global object up', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  await pool.submit(() => 1);
  for (const name of ['wakeups', 'registry'])
    expect(Object.isSealed(Reflect.get(globalThis, Symbol.for(ofThisVersion(name))))).toBe(true);
});

test('a wait that is cancelled while it begins leaves no timer behind that keeps the process', async () => {
  const { stdout, code } = await runProgram(`
    import { CancellationToken, Signal } from 'thread-system';
    class Late extends CancellationToken {
      #looks = 0;
      get isCancelled() {
        return this.#looks++ > 0 && super.isCancelled; // not yet, when the wait asks first
      }
    }
    const token = new Late();
    token.cancel('just now');
    await new Signal().wait({ timeoutMs: 2 ** 30, token }).catch((error) => console.log(error.message));`);
  expect(stdout).toBe('The attempt to wait for a signal was cancelled: just now\n');
  expect(code).toBe(0);
}, 40_000);
