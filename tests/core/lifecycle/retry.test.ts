import { describe, expect, test } from '@jest/globals';
import {
  CancellationToken,
  CancelledError,
  type FailedAttempt,
  Job,
  type JobOptions,
  JobTimeoutError,
  type RetryOptions,
  ThreadPool,
  WorkerExitError,
} from 'thread-system';
import { Gate, occupyAsync, until } from '../../support/gate.ts';
import { runProgram } from '../../support/program.ts';
import { tasks } from '../../support/tasks.ts';

/** Longer than any test, and than `setTimeout` keeps. */
const FOREVER_MS = 2 ** 40;

/** What `jobRetried` tells, in order. */
function watchRetries(pool: ThreadPool): { readonly told: FailedAttempt[]; readonly first: Promise<void> } {
  const told: FailedAttempt[] = [];
  const first = new Promise<void>((resolve) =>
    pool.on('jobRetried', (_job, attempt) => {
      told.push(attempt);
      resolve();
    }),
  );
  return { told, first };
}

describe('a job with retry', () => {
  test('is run again until it succeeds', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const { told } = watchRetries(pool);
    const job = pool.submit(tasks.failUntil, [3], { retry: { maxAttempts: 5 } });
    expect(await job).toBe(3);
    expect(job).toMatchObject({ state: 'COMPLETED', attempts: 3, workerId: 0, error: undefined });
    expect(told).toMatchObject([
      { attempt: 1, delayMs: 0, error: { name: 'RangeError', message: 'attempt 1' } },
      { attempt: 2, delayMs: 0, error: { message: 'attempt 2' } },
    ]);
    expect(pool.metrics()).toMatchObject({ submitted: 1, completed: 1, failed: 0, retried: 2 });
  });

  test('is given up after maxAttempts, and fails with the last error', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const failed: Job[] = [];
    pool.on('jobFailed', (job) => failed.push(job));
    const job = pool.submit(tasks.failUntil, [9], { retry: { maxAttempts: 3 } });
    await expect(job).rejects.toThrow('attempt 3');
    expect(job).toMatchObject({ state: 'FAILED', attempts: 3 });
    expect(failed).toEqual([job]);
    expect(pool.metrics()).toMatchObject({ failed: 1, retried: 2, executionMs: { count: 3 } });
  });

  test('of one attempt is not retried, nor is one that succeeds', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await expect(pool.submit(tasks.fail, ['no'], { retry: { maxAttempts: 1 } })).rejects.toThrow('no');
    expect(await pool.submit(tasks.add, [1, 2], { retry: { maxAttempts: 9 } })).toBe(3);
    expect(pool.metrics().retried).toBe(0);
  });

  test('whose code cannot be found, or whose argument cannot be sent, is not retried', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const retry = { maxAttempts: 3 };
    await expect(pool.submit(tasks.notExported, [], { retry })).rejects.toMatchObject({ code: 'ERR_TASK_NOT_FOUND' });
    await expect(pool.submit(tasks.echo, [() => {}], { retry })).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE' });
    expect(pool.metrics().retried).toBe(0);
  });

  test('is PENDING between its attempts, with what is known of the last one', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const { first } = watchRetries(pool);
    const job = pool.submit(tasks.failUntil, [2], { retry: { maxAttempts: 2, delayMs: FOREVER_MS } });
    await first;
    expect(job).toMatchObject({ state: 'PENDING', attempts: 1, workerId: 0, error: undefined, executionMs: 0 });
    expect(pool.metrics()).toMatchObject({ submitted: 1, pending: 1, active: 0, retried: 1 });
    job.cancel();
  });

  test('holds no worker while it waits', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const { first } = watchRetries(pool);
    const job = pool.submit(tasks.failUntil, [2], { retry: { maxAttempts: 2, delayMs: FOREVER_MS } });
    await first;
    const other = pool.submit(tasks.add, [1, 2]);
    expect(await other).toBe(3);
    expect(other.workerId).toBe(0);
    expect(job.state).toBe('PENDING');
    job.cancel();
  });

  test('keeps its place among its equals', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const ended: Job[] = [];
    pool.on('jobCompleted', (job) => ended.push(job));
    const others: Job[] = [];
    const retryIf = (): boolean => {
      pool.pause();
      others.push(...pool.submitMany(tasks.echo, [[1], [2]]));
      return true;
    };
    const { first } = watchRetries(pool);
    const job = pool.submit(tasks.failUntil, [2], { retry: { maxAttempts: 2, retryIf } });
    await first;
    pool.resume();
    await pool.waitAll();
    await until(() => ended.length === 3);
    expect(ended).toEqual([job, ...others]);
  });

  test('runs on after its delay', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const { told } = watchRetries(pool);
    const job = pool.submit(tasks.failUntil, [4], {
      retry: { maxAttempts: 4, delayMs: 2, backoff: 'exponential', maxDelayMs: 5 },
    });
    expect(await job).toBe(4);
    expect(told.map(({ delayMs }) => delayMs)).toEqual([2, 4, 5]);
  });

  test('is waited for by waitAll, and raises no alarm on the way', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const ends: string[] = [];
    pool.on('idle', () => ends.push('idle'));
    pool.on('jobFailed', () => ends.push('failed'));
    const job = pool.submit(tasks.failUntil, [3], { retry: { maxAttempts: 3, delayMs: 5 } });
    expect(await pool.waitAll()).toBe(true);
    expect(job.state).toBe('COMPLETED');
    await until(() => ends.length > 0);
    expect(ends).toEqual(['idle']);
  });

  test('is reported to listeners, for which the numbers add up', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const off: unknown[] = [];
    const look = (): void => {
      const { submitted, pending, active, completed, failed, cancelled } = pool.metrics();
      if (submitted !== pending + active + completed + failed + cancelled || pending < 0) off.push(pool.metrics());
    };
    pool.on('jobRetried', look);
    pool.on('jobFailed', look);
    pool.on('jobCompleted', look);
    const jobs = Array.from({ length: 200 }, (_, i) =>
      pool.submit(tasks.failUntil, [1 + (i % 4)], { retry: { maxAttempts: 3, delayMs: i % 2 } }),
    );
    await Promise.allSettled(jobs);
    expect(off).toEqual([]);
    expect(pool.metrics()).toMatchObject({ submitted: 200, completed: 150, failed: 50, pending: 0, active: 0 });
    expect(pool.metrics().retried).toBe(50 * (0 + 1 + 2 + 2));
  });
});

describe('the delay', () => {
  const delaysOf = async (retry: Omit<RetryOptions, 'maxAttempts'>, count: number): Promise<number[]> => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const { told } = watchRetries(pool);
    await pool.submit(tasks.failUntil, [count + 1], { retry: { maxAttempts: count + 1, ...retry } });
    return told.map(({ delayMs }) => delayMs);
  };

  test.each<[Omit<RetryOptions, 'maxAttempts'>, number[]]>([
    [{}, [0, 0, 0, 0]],
    [{ delayMs: 0, backoff: 'exponential' }, [0, 0, 0, 0]],
    [{ delayMs: 1 }, [1, 1, 1, 1]],
    [{ delayMs: 1, backoff: 'fixed' }, [1, 1, 1, 1]],
    [{ delayMs: 1, backoff: 'linear' }, [1, 2, 3, 4]],
    [{ delayMs: 1, backoff: 'exponential' }, [1, 2, 4, 8]],
    [{ delayMs: 1, backoff: 'exponential', maxDelayMs: 3 }, [1, 2, 3, 3]],
    [{ delayMs: 100_000, maxDelayMs: 0 }, [0, 0, 0, 0]],
  ])('of %j is %j', async (retry, delays) => {
    expect(await delaysOf(retry, delays.length)).toEqual(delays);
  });

  test('is shorter by up to the share that jitter leaves to chance', async () => {
    const delays = await delaysOf({ delayMs: 2, jitter: 0.5 }, 20);
    expect(Math.max(...delays)).toBeLessThanOrEqual(2);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(1);
    expect(new Set(delays).size).toBeGreaterThan(1);
  });
});

describe('retryIf', () => {
  test('is asked with the error, on the main thread, and decides', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const asked: unknown[] = [];
    const retryIf = (error: unknown): boolean => {
      asked.push(error);
      return (error as Error).message !== 'attempt 2';
    };
    const job = pool.submit(tasks.failUntil, [9], { retry: { maxAttempts: 9, retryIf } });
    await expect(job).rejects.toThrow('attempt 2');
    expect(asked).toMatchObject([{ message: 'attempt 1' }, { message: 'attempt 2' }]);
    expect(asked[1]).toBe(job.error);
    expect(pool.metrics().retried).toBe(1);
  });

  test('is not asked after the last attempt', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    let count = 0;
    const retryIf = (): boolean => ++count > 0;
    await expect(pool.submit(tasks.fail, ['no'], { retry: { maxAttempts: 2, retryIf } })).rejects.toThrow('no');
    expect(count).toBe(1);
  });

  test('that throws means no, and becomes a process warning', async () => {
    const { stdout, code } = await runProgram(`
      import { ThreadPool } from 'thread-system';
      process.removeAllListeners('warning');
      process.on('warning', ({ name, message }) => console.log(name + ': ' + message));
      const pool = new ThreadPool({ maxWorkers: 1 });
      const retryIf = () => { throw new Error('undecided'); };
      const job = pool.submit(() => { throw new Error('its own'); }, [], { retry: { maxAttempts: 3, retryIf } });
      const error = await job.catch((error) => error);
      console.log(error.message, job.attempts);`);
    expect(code).toBe(0);
    expect(stdout.trim().split('\n').sort()).toEqual([
      'ThreadSystemWarning: A listener of retryIf threw: undecided',
      'its own 1',
    ]);
  });

  test('may submit jobs, cancel the job, and shut the pool down', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    let other: Job | undefined;
    const answers: boolean[] = [];
    const cancelling: Job = pool.submit(tasks.failUntil, [9], {
      retry: {
        maxAttempts: 9,
        retryIf: () => {
          other = pool.submit(tasks.add, [1, 2]);
          answers.push(cancelling.cancel());
          return true;
        },
      },
    });
    await expect(cancelling).rejects.toThrow('attempt 1');
    expect(answers).toEqual([false]); // its code has ended already: it settles by that
    expect(await other).toBe(3);

    const closing = pool.submit(tasks.failUntil, [9], {
      retry: { maxAttempts: 9, retryIf: () => pool.shutdown({ mode: 'finishRunning' }) !== undefined },
    });
    await expect(closing).rejects.toThrow('attempt 1');
  });
});

describe('there is no further attempt', () => {
  test('of a job cancelled while it runs', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY });
    using gate = new Gate();
    const job = pool.submit(tasks.spin, [gate.words], { retry: { maxAttempts: 3 } });
    await gate.reachedBy(1);
    expect(job.cancel('enough')).toBe(true);
    await expect(job).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'enough' });
    expect(job.attempts).toBe(1);
    expect(pool.metrics().retried).toBe(0);
  });

  test('of a job cancelled while it waits for one: it settles CANCELLED at once', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const { first } = watchRetries(pool);
    const token = new CancellationToken();
    const retry = { maxAttempts: 3, delayMs: FOREVER_MS };
    const job = pool.submit(tasks.fail, ['first'], { retry });
    const other = pool.submit(tasks.fail, ['first'], { retry, token });
    await first;
    expect(job.cancel('enough')).toBe(true);
    expect(job).toMatchObject({ state: 'CANCELLED', attempts: 1, workerId: 0, executionMs: 0 });
    await expect(job).rejects.toBeInstanceOf(CancelledError);
    expect(job.token.isCancelled).toBe(true);
    await until(() => other.attempts === 1 && other.state === 'PENDING');
    token.cancel();
    expect(other.state).toBe('CANCELLED');
    expect(await pool.waitAll()).toBe(true);
  });

  test('of a job cancelled after its attempt has failed, before the pool has heard of it', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    await Promise.all(pool.submitMany(tasks.echo, [[1], [2]]));
    for (const how of ['job', 'token'] as const) {
      using gate = new Gate();
      const token = new CancellationToken();
      const job = pool.submit(tasks.countAndFail, [gate.words], { token, retry: { maxAttempts: 1000, delayMs: 1 } });
      await gate.reachedBy(1);
      if (how === 'job') job.cancel();
      else token.cancel();
      const begun = Atomics.load(gate.words, 1);
      await expect(job).rejects.toThrow();
      expect(Atomics.load(gate.words, 1)).toBe(begun);
      expect(job.attempts).toBe(begun);
    }
  });

  test('of a job whose own code has cancelled a token that it observes', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const token = new CancellationToken();
    const job = pool.submit(tasks.cancelTokenAndFail, [token], { token, retry: { maxAttempts: 3 } });
    await expect(job).rejects.toThrow('failed after that');
    expect(job).toMatchObject({ state: 'FAILED', attempts: 1 });
  });

  test('where the delay would pass the deadline', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const job = pool.submit(tasks.failUntil, [2], {
      deadline: Date.now() + FOREVER_MS,
      retry: { maxAttempts: 2, delayMs: FOREVER_MS + 1 },
    });
    await expect(job).rejects.toThrow('attempt 1');
    const other = pool.submit(tasks.failUntil, [2], {
      deadline: Date.now() + FOREVER_MS,
      retry: { maxAttempts: 2, delayMs: 1 },
    });
    expect(await other).toBe(2);
  });

  test('where the deadline has passed while it ran', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY });
    const job = pool.submit(tasks.spin, [], { deadline: Date.now() + 300, retry: { maxAttempts: 3 } });
    await expect(job).rejects.toBeInstanceOf(JobTimeoutError);
    expect(job.attempts).toBeLessThanOrEqual(1);
    expect(pool.metrics()).toMatchObject({ retried: 0, timedOut: 1 });
  });
});

describe('an attempt that runs for longer than timeoutMs', () => {
  test('is followed by another, whose token is fresh', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY });
    const { told } = watchRetries(pool);
    await pool.submit(tasks.failUntil, [1]); // the module need not be loaded within the time
    const job = pool.submit(tasks.spinOnce, [], { timeoutMs: 200, retry: { maxAttempts: 5 } });
    const { attempt, isCancelled } = await job;
    expect(isCancelled).toBe(false);
    expect(told[0]).toMatchObject({ attempt: 1, error: { code: 'ERR_JOB_TIMEOUT' } });
    expect(job).toMatchObject({ attempts: attempt, error: undefined });
    expect(job.token.isCancelled).toBe(false);
    expect(pool.metrics()).toMatchObject({ failed: 0, timedOut: 0 });
  });

  test('fails the job where it was the last one', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY });
    const job = pool.submit(tasks.spin, [], { timeoutMs: 10, retry: { maxAttempts: 2 } });
    await expect(job).rejects.toBeInstanceOf(JobTimeoutError);
    expect(job.attempts).toBe(2);
    expect(job.token.isCancelled).toBe(true);
    expect(pool.metrics()).toMatchObject({ failed: 1, timedOut: 1, retried: 1 });
  });

  test('and does not stop: its thread is replaced, and the next attempt runs on the new one', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: 20 });
    await pool.submit(tasks.echo, [1]);
    const job = pool.submit(
      function (this: { attempt: number; workerId: number }): number {
        while (this.attempt === 1);
        return this.workerId;
      },
      [],
      { timeoutMs: 50, retry: { maxAttempts: 20 } },
    );
    expect(await job).toBeGreaterThan(0);
    expect(job.attempts).toBeGreaterThan(1);
  });

  test('beside others on its thread, which end in peace', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, concurrency: 4, graceMs: 20 });
    using gate = await occupyAsync(pool);
    const [other] = gate.jobs;
    const job = pool.submit(
      async function (this: { attempt: number }): Promise<number> {
        if (this.attempt === 1) await new Promise(() => {});
        return this.attempt;
      },
      [],
      { timeoutMs: 100, retry: { maxAttempts: 20 } },
    );
    expect(await job).toBeGreaterThan(1);
    expect(other?.state).toBe('RUNNING');
    gate.open();
    await other;
  });

  test('is no concern of a later one, nor of the wait for it', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await pool.submit(tasks.failUntil, [1]);
    // it fails at once; when its time would be over, the job waits
    const job = pool.submit(tasks.failUntil, [2], { timeoutMs: 200, retry: { maxAttempts: 2, delayMs: 400 } });
    expect(await job).toBe(2);
    expect(pool.metrics()).toMatchObject({ timedOut: 0, retried: 1 });
  });
});

describe('a thread that dies', () => {
  test('fails its job, where onWorkerExit is not set', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const job = pool.submit(tasks.exitUntil, [2], { retry: { maxAttempts: 3 } });
    await expect(job).rejects.toBeInstanceOf(WorkerExitError);
    const other = pool.submit(tasks.exitUntil, [2], { retry: { maxAttempts: 3, onWorkerExit: false } });
    await expect(other).rejects.toMatchObject({ exitCode: 3 });
    expect(pool.metrics().retried).toBe(0);
  });

  test('is survived by its job where it is, on another thread', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const { told } = watchRetries(pool);
    const job = pool.submit(tasks.exitUntil, [3], { retry: { maxAttempts: 3, onWorkerExit: true } });
    expect(await job).toBe(3);
    expect(job).toMatchObject({ attempts: 3, workerId: 2 });
    expect(told).toMatchObject([{ error: { code: 'ERR_WORKER_EXITED' } }, { error: { exitCode: 3 } }]);
  });
});

describe('shutdown', () => {
  test("'drain' runs what is to be tried again", async () => {
    const pool = new ThreadPool({ maxWorkers: 1 });
    const { first } = watchRetries(pool);
    const job = pool.submit(tasks.failUntil, [3], { retry: { maxAttempts: 3, delayMs: 5 } });
    await first;
    expect(await pool.shutdown()).toEqual({ completed: 1, failed: 0, cancelled: 0 });
    expect(job.attempts).toBe(3);
  });

  test("'finishRunning' and 'abort' cancel what waits for an attempt", async () => {
    for (const mode of ['finishRunning', 'abort'] as const) {
      const pool = new ThreadPool({ maxWorkers: 1 });
      const { first } = watchRetries(pool);
      const job = pool.submit(tasks.failUntil, [3], { retry: { maxAttempts: 3, delayMs: FOREVER_MS } });
      await first;
      expect(await pool.shutdown({ mode })).toEqual({ completed: 0, failed: 0, cancelled: 1 });
      expect(job).toMatchObject({ state: 'CANCELLED', attempts: 1 });
    }
  });

  test("'finishRunning' lets the attempt under way end, and begins no other", async () => {
    const pool = new ThreadPool({ maxWorkers: 1 });
    using gate = new Gate();
    pool.on('jobFailed', () => {});
    const job = pool.submit(
      function holdAndFail(words: Int32Array): never {
        Atomics.add(words, 1, 1);
        Atomics.wait(words, 0, 0);
        throw new Error('failed in the end');
      },
      [gate.words],
      { retry: { maxAttempts: 3 } },
    );
    await gate.reachedBy(1);
    const closing = pool.shutdown({ mode: 'finishRunning' });
    gate.open();
    expect(await closing).toEqual({ completed: 0, failed: 1, cancelled: 0 });
    await expect(job).rejects.toThrow('failed in the end');
  });
});

describe('bad options', () => {
  test.each<[unknown, typeof TypeError | typeof RangeError, string]>([
    [3, TypeError, "Cannot make job 'echo': retry must be an object, received 3"],
    [null, TypeError, 'retry must be an object, received null'],
    [{}, TypeError, 'retry.maxAttempts must be a whole number, received undefined'],
    [{ maxAttempts: '3' }, TypeError, "retry.maxAttempts must be a whole number, received '3'"],
    [{ maxAttempts: 0 }, RangeError, 'retry.maxAttempts must be a whole number, 1 or more, received 0'],
    [{ maxAttempts: 1.5 }, RangeError, 'retry.maxAttempts must be a whole number, 1 or more, received 1.5'],
    [{ maxAttempts: Number.NaN }, RangeError, 'received NaN'],
    [{ maxAttempts: 2, delayMs: -1 }, RangeError, 'retry.delayMs must be 0 or more milliseconds, received -1'],
    [{ maxAttempts: 2, delayMs: '1s' }, TypeError, "retry.delayMs must be a number of milliseconds, received '1s'"],
    [{ maxAttempts: 2, maxDelayMs: -1 }, RangeError, 'retry.maxDelayMs must be 0 or more milliseconds, received -1'],
    [
      { maxAttempts: 2, backoff: 'cubic' },
      TypeError,
      "retry.backoff must be one of fixed, linear, exponential, received 'cubic'",
    ],
    [{ maxAttempts: 2, jitter: 1.5 }, RangeError, 'retry.jitter must be a number from 0 to 1, received 1.5'],
    [{ maxAttempts: 2, jitter: Number.NaN }, RangeError, 'retry.jitter must be a number from 0 to 1, received NaN'],
    [{ maxAttempts: 2, jitter: '1' }, TypeError, "retry.jitter must be a number from 0 to 1, received '1'"],
    [{ maxAttempts: 2, retryIf: true }, TypeError, 'retry.retryIf must be a function, received true'],
    [{ maxAttempts: 2, onWorkerExit: 1 }, TypeError, 'retry.onWorkerExit must be a boolean, received 1'],
    [
      { maxAttempts: 2, times: 1 },
      TypeError,
      "there is no option 'retry.times' (did you mean 'retry.maxAttempts'?); the options are maxAttempts, delayMs,",
    ],
  ])('%j', (retry, errorClass, message) => {
    const make = (): Job => new Job(tasks.echo, [1], { retry } as JobOptions);
    expect(make).toThrow(errorClass);
    expect(make).toThrow(message);
  });

  test('retry together with transfer', () => {
    const buffer = new ArrayBuffer(8);
    const make = (): Job => new Job(tasks.echo, [buffer], { retry: { maxAttempts: 2 }, transfer: [buffer] });
    expect(make).toThrow(TypeError);
    expect(make).toThrow("Cannot make job 'echo': retry and transfer exclude each other");
  });
});
