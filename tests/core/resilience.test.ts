import { afterEach, describe, expect, jest, test } from '@jest/globals';
import {
  BrokenCircuitError,
  BulkheadRejectedError,
  bulkhead,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleAll,
  handleWhen,
  retry,
  TaskCancelledError,
  TimeoutStrategy,
  timeout,
  wrap,
} from 'cockatiel';
import { CancelledError, type Job, ThreadPool } from 'thread-system';
import { Gate } from '../support/gate.ts';
import { tasks } from '../support/tasks.ts';

/** How long a breaker stays open: until the test says that it is over. */
class OpenTime {
  duration = Number.POSITIVE_INFINITY;

  next(): this {
    return this;
  }

  end(): void {
    this.duration = 0;
  }
}

describe('a circuit breaker of cockatiel', () => {
  test('opens after failures in a row: no further job is submitted until it is tried again', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const openTime = new OpenTime();
    const breaker = circuitBreaker(handleAll, { halfOpenAfter: openTime, breaker: new ConsecutiveBreaker(3) });
    const fail = (): Promise<unknown> => breaker.execute(({ signal }) => pool.submit(tasks.fail, ['down'], { signal }));
    const echo = (): Promise<unknown> => breaker.execute(({ signal }) => pool.submit(tasks.echo, ['up'], { signal }));
    for (let failure = 1; failure <= 3; failure++) await expect(fail()).rejects.toThrow('down');
    await expect(echo()).rejects.toBeInstanceOf(BrokenCircuitError);
    expect(pool.metrics()).toMatchObject({ submitted: 3, failed: 3 });
    openTime.end();
    expect(await echo()).toBe('up');
    expect(breaker.state).toBe(CircuitState.Closed);
    expect(pool.metrics()).toMatchObject({ submitted: 4, completed: 1 });
  });

  test('that is configured so does not count jobs that were cancelled', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const isFault = handleWhen((error) => !(error instanceof CancelledError));
    const breaker = circuitBreaker(isFault, { halfOpenAfter: 60_000, breaker: new ConsecutiveBreaker(1) });
    const cancelled = breaker.execute(() => {
      const job = pool.submit(tasks.spin);
      job.cancel();
      return job;
    });
    await expect(cancelled).rejects.toBeInstanceOf(CancelledError);
    expect(breaker.state).toBe(CircuitState.Closed);
  });
});

describe('a bulkhead of cockatiel', () => {
  test('bounds how many of its jobs are in the pool', async () => {
    await using pool = new ThreadPool({ maxWorkers: 4 });
    using gate = new Gate();
    const policy = bulkhead(2, 3);
    const calls = [1, 2, 3, 4, 5].map((n) =>
      policy.execute(({ signal }) => pool.submit(tasks.hold, [gate.words, n], { signal })),
    );
    await gate.reachedBy(2);
    expect(pool.metrics()).toMatchObject({ submitted: 2, active: 2, pending: 0 });
    await expect(policy.execute(() => pool.submit(tasks.hold, [gate.words]))).rejects.toBeInstanceOf(
      BulkheadRejectedError,
    );
    expect(pool.metrics().submitted).toBe(2);
    let most = 0;
    pool.on('jobStarted', () => {
      most = Math.max(most, pool.metrics().active + pool.metrics().pending);
    });
    gate.open();
    expect(await Promise.all(calls)).toEqual([1, 2, 3, 4, 5]);
    expect(most).toBeLessThanOrEqual(2);
    expect(pool.metrics()).toMatchObject({ submitted: 5, completed: 5 });
  });
});

describe('a time limit of cockatiel', () => {
  afterEach(() => void jest.useRealTimers());

  test.each([
    [TimeoutStrategy.Cooperative, CancelledError],
    [TimeoutStrategy.Aggressive, TaskCancelledError],
  ])('that passes cancels the job that runs, and its thread is kept (%s)', async (strategy, error) => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY });
    using begun = new Gate();
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'performance', 'Date', 'queueMicrotask'] }); // the policy's
    const jobs: Job[] = [];
    const limited = timeout(1_000, strategy).execute(({ signal }) => {
      const job = pool.submit(tasks.spin, [begun.words], { signal });
      jobs.push(job);
      return job;
    });
    await begun.reachedBy(1);
    expect(jobs).toMatchObject([{ state: 'RUNNING' }]);
    jest.advanceTimersByTime(1_000);
    await expect(limited).rejects.toBeInstanceOf(error);
    await pool.waitAll();
    expect(jobs).toMatchObject([{ state: 'CANCELLED' }]);
    const next = pool.submit(tasks.add, [1, 2]);
    expect(await next).toBe(3);
    expect(next.workerId).toBe(0);
  });

  test('within retries is one of each attempt, and each is a job of its own', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY });
    const policy = wrap(retry(handleAll, { maxAttempts: 2 }), timeout(20, TimeoutStrategy.Cooperative));
    const answer = policy.execute(
      ({ signal, attempt }): PromiseLike<unknown> =>
        attempt < 2 ? pool.submit(tasks.spin, [], { signal }) : pool.submit(tasks.add, [1, 2]),
    );
    expect(await answer).toBe(3);
    expect(pool.metrics()).toMatchObject({ submitted: 3, cancelled: 2, completed: 1, retried: 0 });
  });

  test('of a caller that gives up takes its job out of the queue', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = new Gate();
    const busy = pool.submit(tasks.hold, [gate.words]);
    await gate.reachedBy(1);
    const caller = new AbortController();
    const policy = retry(
      handleWhen((error) => !(error instanceof CancelledError)),
      { maxAttempts: 5 },
    );
    const waiting = policy.execute(({ signal }) => pool.submit(tasks.add, [1, 2], { signal }), caller.signal);
    caller.abort();
    await expect(waiting).rejects.toBeInstanceOf(CancelledError);
    gate.open();
    await busy;
    expect(pool.metrics()).toMatchObject({ submitted: 2, completed: 1, cancelled: 1 });
  });
});
