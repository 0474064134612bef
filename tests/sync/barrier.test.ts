import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { Barrier, CancellationToken, ThreadPool } from 'thread-system';

describe('a Barrier', () => {
  test('lets all go on together, round after round', async () => {
    const barrier = new Barrier(3);
    for (let round = 0; round < 3; round++) {
      const waits = [barrier.arriveAndWait(), barrier.arriveAndWait()];
      expect([barrier.parties, barrier.arrived]).toEqual([3, 2]);
      expect(await Promise.all([...waits, barrier.arriveAndWait()])).toEqual([true, true, true]);
      expect(barrier.arrived).toBe(0);
    }
    expect(await new Barrier(1).arriveAndWait()).toBe(true);
    expect(inspect(barrier)).toBe('Barrier { parties: 3, arrived: 0 }');
  });

  test('is left by one whose time has passed, or who is cancelled', async () => {
    const barrier = new Barrier(2);
    expect(await barrier.arriveAndWait({ timeoutMs: 1 })).toBe(false);
    expect(barrier.arrived).toBe(0);
    const token = new CancellationToken();
    const cancelled = barrier.arriveAndWait({ token });
    expect(barrier.arrived).toBe(1);
    token.cancel();
    await expect(cancelled).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED' });
    expect(barrier.arrived).toBe(0);
    expect(await Promise.all([barrier.arriveAndWait(), barrier.arriveAndWait()])).toEqual([true, true]);
  });

  test('keeps tasks that block and this thread in step', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const barrier = new Barrier(3);
    const words = new Int32Array(new SharedArrayBuffer(4));
    const rounds = 200;
    const run = (theirs: Barrier, counted: Int32Array, times: number): number => {
      let inStep = 0;
      for (let round = 1; round <= times; round++) {
        Atomics.add(counted, 0, 1);
        theirs.arriveAndWaitSync();
        if (Atomics.load(counted, 0) >= 3 * round) inStep++;
        theirs.arriveAndWaitSync();
      }
      return inStep;
    };
    const jobs = [1, 2].map(() => pool.submit(run, [barrier, words, rounds]));
    for (let round = 1; round <= rounds; round++) {
      Atomics.add(words, 0, 1);
      await barrier.arriveAndWait();
      expect(Atomics.load(words, 0)).toBe(3 * round);
      await barrier.arriveAndWait();
    }
    expect(await Promise.all(jobs)).toEqual([rounds, rounds]);
  });

  test('refuses what is no number of parties', () => {
    const rule = 'Cannot make a barrier: parties must be a whole number from 1 to 32767, received';
    expect(() => new Barrier(0)).toThrow(new RangeError(`${rule} 0`));
    expect(() => new Barrier(40_000)).toThrow(new RangeError(`${rule} 40000`));
    expect(() => new Barrier('2' as unknown as number)).toThrow(
      new TypeError(
        "Cannot make a barrier: parties must be a whole number, received '2'; write 2 without quotes, or Number(…)",
      ),
    );
  });
});
