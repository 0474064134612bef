import { describe, expect, test } from '@jest/globals';
import { CancellationToken, type CurrentJob, JobTimeoutError, ThreadPool } from 'thread-system';
import { Gate, until } from '../../support/gate.ts';

/** Fails at once at first; then takes so long. */
async function failsThenTakes(this: CurrentJob, ms: number): Promise<number> {
  if (this.attempt === 1) throw new Error('the first time');
  await new Promise((resolve) => setTimeout(resolve, ms));
  return this.attempt;
}

/** Says that it has begun, and that it was asked to stop, then waits until it is let go. */
async function untilOpen(this: CurrentJob, words: Int32Array): Promise<number> {
  Atomics.add(words, 1, 1);
  this.token.onCancel(() => Atomics.add(words, 1, 1));
  while (Atomics.load(words, 0) === 0) await new Promise((resolve) => setImmediate(resolve));
  return this.attempt;
}

/** Says in the turn after its own that it has ended: its answer stands in the lane by then. */
function throwsAndSays(this: CurrentJob, words: Int32Array): number {
  const { attempt } = this;
  setImmediate(() => {
    Atomics.store(words, 1, attempt);
    Atomics.notify(words, 1);
  });
  throw new Error('as always');
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

describe('a cancel is the end of all attempts', () => {
  test('also where it comes in the grace of one whose time is over', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY });
    using gate = new Gate();
    const job = pool.submit(untilOpen, [gate.words], { timeoutMs: 1, retry: { maxAttempts: 9 } });
    await gate.reachedBy(1);
    await until(() => job.state === 'RUNNING');
    await gate.reachedBy(2); // its time is over
    expect(job.cancel('enough')).toBe(true);
    expect(job.token.reason).toBe('enough');
    expect(job.cancel('again')).toBe(true);
    gate.open();
    await expect(job).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'enough' });
    expect(job).toMatchObject({ state: 'CANCELLED', attempts: 1 });
  });

  test.each(['cancel', 'token'])('also by %s where the code has ended, and nobody has read how', async (how) => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await pool.submit(() => 1);
    const token = new CancellationToken();
    const words = new Int32Array(new SharedArrayBuffer(8));
    const job = pool.submit(throwsAndSays, [words], { token, retry: { maxAttempts: 3 } });
    await Promise.resolve(); // it is sent
    Atomics.wait(words, 1, 0); // no turn of this thread's event loop: what is written meanwhile is not read
    if (how === 'token') token.cancel();
    else expect(job.cancel()).toBe(false);
    await expect(job).rejects.toThrow('as always');
    expect(job).toMatchObject({ state: 'FAILED', attempts: 1 });
  });

  test('also by retryIf', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const token = new CancellationToken();
    const retryIf = (): boolean => {
      token.cancel();
      return true;
    };
    const job = pool.submit(failsThenTakes, [0], { token, retry: { maxAttempts: 3, retryIf } });
    await expect(job).rejects.toThrow('the first time');
    expect(job.attempts).toBe(1);
  });

  test('and so is a shutdown by retryIf that runs nothing more', async () => {
    const pool = new ThreadPool({ maxWorkers: 1 });
    let ended: Promise<unknown> | undefined;
    const retryIf = (): boolean => {
      ended = pool.shutdown({ mode: 'abort' });
      return true;
    };
    const job = pool.submit(failsThenTakes, [0], { retry: { maxAttempts: 3, retryIf } });
    await expect(job).rejects.toThrow('the first time');
    await ended;
    expect(job.error).not.toBeInstanceOf(JobTimeoutError);
  });
});
