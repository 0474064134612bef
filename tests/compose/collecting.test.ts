import { describe, expect, jest, test } from '@jest/globals';
import { type Job, JobTimeoutError, ThreadPool } from 'thread-system';
import { occupy } from '../support/gate.ts';
import { tasks } from '../support/tasks.ts';

describe('asCompleted', () => {
  test('gives the jobs in the order in which they settle, however they do', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    using gate = await occupy(pool);
    const failing = pool.submit(tasks.fail, ['no']);
    const cancelled = pool.submit(tasks.echo, [1], { dependsOn: gate.jobs });
    const order: Job[] = [];
    for await (const job of pool.asCompleted([...gate.jobs, cancelled, failing])) {
      order.push(job);
      if (job.state === 'FAILED') cancelled.cancel();
      if (job.state === 'CANCELLED') gate.open();
    }
    expect(order.map(({ state }) => state)).toEqual(['FAILED', 'CANCELLED', 'COMPLETED']);
    expect(order).toEqual([failing, cancelled, ...gate.jobs]);
  });

  test('gives first what has settled, and ends at once with an empty list', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const done = pool.submitMany(tasks.echo, [[1], [2]]);
    await pool.waitAll();
    using gate = await occupy(pool);
    const stream = pool.asCompleted([...gate.jobs, ...done]);
    expect((await stream.next()).value).toBe(done[0]);
    expect((await stream.next()).value).toBe(done[1]);
    gate.open();
    expect((await stream.next()).value).toBe(gate.jobs[0]);
    expect(await stream.next()).toEqual({ value: undefined, done: true });
    expect(await pool.asCompleted([]).next()).toEqual({ value: undefined, done: true });
  });

  test('takes jobs of several pools, from any iterable, also one that is submitted later', async () => {
    await using first = new ThreadPool({ maxWorkers: 1 });
    await using second = new ThreadPool({ maxWorkers: 1 });
    const jobs = new Set([first.submit(tasks.echo, [1]), second.submit(tasks.echo, [2])]);
    const seen: unknown[] = [];
    for await (const job of first.asCompleted(jobs)) seen.push(job.result);
    expect(seen.sort()).toEqual([1, 2]);
  });

  test('past its time throws, after what has settled was given, and cancels nothing', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const done = pool.submit(tasks.echo, [1]);
    await done;
    using gate = await occupy(pool);
    const seen: unknown[] = [];
    const loop = async (): Promise<void> => {
      for await (const job of pool.asCompleted([...gate.jobs, done], { timeoutMs: 5 })) seen.push(job);
    };
    const error = await loop().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(JobTimeoutError);
    expect(String(error)).toBe('JobTimeoutError: Cannot wait longer for 1 of 2 jobs: 5 ms have passed');
    expect(seen).toEqual([done]);
    expect(gate.jobs[0]?.state).toBe('RUNNING');
  });

  test.each<[string, (pool: ThreadPool) => unknown, string]>([
    ['no list', (pool) => pool.asCompleted(5 as never), 'Cannot wait for jobs: jobs must be iterable, received 5'],
    ['no job', (pool) => pool.asCompleted([1] as never), 'Cannot wait for jobs: each must be a Job, received 1'],
    ['a bad time', (pool) => pool.asCompleted([], { timeoutMs: -1 }), 'timeoutMs must be 0 or more milliseconds'],
    ['an unknown option', (pool) => pool.asCompleted([], { time: 1 } as never), "there is no option 'time'"],
    ['a limit of 0', (pool) => pool.results({ limit: 0 }), 'Cannot read jobs: limit must be from 1'],
    ['an unknown option', (pool) => pool.failures({ limti: 1 } as never), "there is no option 'limti'"],
    ['no options', (pool) => pool.results(null as never), 'Cannot read jobs: options must be an object, received null'],
  ])('%s is refused', async (_what, make, message) => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    expect(() => make(pool)).toThrow(message);
  });
});

describe('results and failures', () => {
  test('give what completes, and what fails, from the call on, and end with the pool', async () => {
    const pool = new ThreadPool({ maxWorkers: 1 });
    await pool.submit(tasks.echo, ['before']);
    const [results, failures] = [pool.results(), pool.failures()];
    pool.submitMany(tasks.echo, [[1], [2]]);
    pool.submit(tasks.fail, ['no']);
    pool.submit(tasks.echo, ['cancelled']).cancel();
    void pool.shutdown();
    const seen: unknown[] = [];
    for await (const job of results) seen.push(job.result);
    for await (const job of failures) seen.push(String(job.error));
    expect(seen).toEqual([1, 2, 'RangeError: no']);
    expect(await pool.results().next()).toEqual({ value: undefined, done: true });
  });

  test('stop listening when a loop is left', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const results = pool.results();
    const first = results.next(); // waits
    pool.submitMany(tasks.echo, [[1], [2], [3]]);
    expect((await first).value?.result).toBe(1);
    for await (const job of results) {
      expect(job.result).toBe(2);
      break;
    }
    await pool.waitAll();
    expect(await results.next()).toEqual({ value: undefined, done: true });
  });

  test('drop the oldest past the limit, with one warning a stream', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const pool = new ThreadPool({ maxWorkers: 1 });
    const results = pool.results({ limit: 2 });
    pool.submitMany(tasks.echo, [[1], [2], [3], [4]]);
    await pool.shutdown();
    const seen: unknown[] = [];
    for await (const job of results) seen.push(job.result);
    const messages = warn.mock.calls.map(([message]) => String(message));
    warn.mockRestore();
    expect(seen).toEqual([3, 4]);
    expect(messages).toEqual([expect.stringContaining('more than 2 wait, and the oldest are dropped')]);
  });
});
