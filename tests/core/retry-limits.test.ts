import { describe, expect, test } from '@jest/globals';
import { type CurrentJob, ThreadPool } from 'thread-system';

/** Fails at once at first; then takes so long. */
async function failsThenTakes(this: CurrentJob, ms: number): Promise<number> {
  if (this.attempt === 1) throw new Error('the first time');
  await new Promise((resolve) => setTimeout(resolve, ms));
  return this.attempt;
}

describe('timeoutMs of a job that is tried again', () => {
  test('counts for each attempt anew', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const retry = { maxAttempts: 2, delayMs: 300 };
    const job = pool.submit(failsThenTakes, [300], { timeoutMs: 500, retry });
    expect(await job).toBe(2);
  });

  test('does not run while it waits for its next attempt', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const job = pool.submit(failsThenTakes, [0], { timeoutMs: 100, retry: { maxAttempts: 2, delayMs: 200 } });
    expect(await job).toBe(2);
  });
});
