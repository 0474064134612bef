import { availableParallelism } from 'node:os';
import { describe, expect, test } from '@jest/globals';
import { CancellationToken, Job, type JobOptions, ThreadPool, type ThreadPoolOptions, taskModule } from 'thread-system';
import { tasks } from '../../support/tasks.ts';

describe('a bad pool option throws at once, naming the option, the rule and the value', () => {
  test.each<[unknown, typeof TypeError | typeof RangeError, string]>([
    [{ maxWorkers: 1.5 }, RangeError, 'Cannot create pool: maxWorkers must be an integer, received 1.5'],
    [{ maxWorkers: '4' }, TypeError, "Cannot create pool: maxWorkers must be an integer, received '4'"],
    [{ maxWorkers: Number.NaN }, RangeError, 'Cannot create pool: maxWorkers must be an integer, received NaN'],
    [{ maxWorkers: 2, minWorkers: 3 }, RangeError, 'Cannot create pool: minWorkers must be from 0 to 2, received 3'],
    [{ minWorkers: -1 }, RangeError, 'minWorkers must be from 0'],
    [{ concurrency: 0 }, RangeError, 'Cannot create pool: concurrency must be from 1 to 1024, received 0'],
    [
      { idleTimeoutMs: -1 },
      RangeError,
      'Cannot create pool: idleTimeoutMs must be 0 or more milliseconds, received -1',
    ],
    [{ graceMs: Number.NaN }, RangeError, 'graceMs must be 0 or more milliseconds, received NaN'],
    [{ graceMs: '1s' }, TypeError, "graceMs must be a number of milliseconds, received '1s'"],
    [{ name: '' }, TypeError, "Cannot create pool: name must be a string that is not empty, received ''"],
    [{ env: 'PATH' }, TypeError, "Cannot create pool: env must be an object, received 'PATH'"],
    [{ execArgv: '--inspect' }, TypeError, 'execArgv must be an array of strings'],
    [{ worker: {} }, TypeError, 'worker must be a function that makes a Worker, received an object'],
    [
      { maxworkers: 2 },
      TypeError,
      "Cannot create pool: there is no option 'maxworkers' (did you mean 'maxWorkers'?); the options are kind, maxWorkers,",
    ],
    [{ kind: 'fork' }, TypeError, "Cannot create pool: kind must be one of thread, process, inline, received 'fork'"],
    [null, TypeError, 'Cannot create pool: options must be an object, received null'],
  ])('%j', (options, errorClass, message) => {
    const create = () => new ThreadPool(options as ThreadPoolOptions);
    expect(create).toThrow(errorClass);
    expect(create).toThrow(message);
  });
});

describe('a bad job option throws at once', () => {
  test.each<[unknown, typeof TypeError | typeof RangeError, string]>([
    [{ priority: 'high' }, TypeError, "Cannot make job 'echo': priority must be a finite number, received 'high'"],
    [{ priority: Number.POSITIVE_INFINITY }, RangeError, 'priority must be a finite number, received Infinity'],
    [{ front: 1 }, TypeError, 'front must be a boolean, received 1'],
    [{ token: {} }, TypeError, 'token must be a CancellationToken, received an object'],
    [
      { signal: new CancellationToken() },
      TypeError,
      'signal must be an AbortSignal, received an instance of CancellationToken',
    ],
    [{ graceMs: -5 }, RangeError, 'graceMs must be 0 or more milliseconds, received -5'],
    [{ transfer: new ArrayBuffer(1) }, TypeError, 'transfer must be an array, received an instance of ArrayBuffer'],
    [{ name: 7 }, TypeError, 'name must be a string that is not empty, received 7'],
    [
      { prio: 1 },
      TypeError,
      "Cannot make job 'echo': there is no option 'prio' (did you mean 'priority'?); the options are priority,",
    ],
    ['high', TypeError, "Cannot make job 'echo': options must be an object, received 'high'"],
  ])('%j', async (options, errorClass, message) => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const submit = () => pool.submit(tasks.echo, [1], options as JobOptions);
    expect(submit).toThrow(errorClass);
    expect(submit).toThrow(message);
    expect(() => new Job(tasks.echo, [1], options as JobOptions)).toThrow(message);
    expect(pool.metrics().submitted).toBe(0);
  });
});

describe('a bad argument throws at once', () => {
  test('of submit and its kin', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const loose = pool as unknown as Record<string, (...args: unknown[]) => unknown>;
    expect(() => loose['submit']?.('add', [1, 2])).toThrow(
      new TypeError(
        "Cannot make job: task must be a function or a task of a taskModule(), received 'add'; write taskModule(new URL(…, import.meta.url)), and pass one of its functions",
      ),
    );
    expect(() => loose['submit']?.(tasks.add, 1)).toThrow(
      "Cannot make job 'add': args must be an array, received 1; write the list of the arguments, such as [x, y]",
    );
    expect(() => loose['submitJob']?.({})).toThrow('Cannot submit job: it must be a Job, received an object');
    expect(() => loose['submitMany']?.(tasks.add, 5)).toThrow('listOfArgs must be iterable, received 5');
    expect(() => loose['cancelAll']?.('x')).toThrow("filter must be a function, received 'x'");
    expect(() => loose['on']?.('idle', 'x')).toThrow("Cannot listen to 'idle': the listener must be a function");
    expect(() => pool.waitAll({ timeoutMs: -1 })).toThrow(RangeError);
  });

  test('of a job', async () => {
    const job = new Job(tasks.add, [1, 2]);
    expect(() => job.setPriority(Number.NaN)).toThrow(
      "Cannot set priority of job 'add': priority must be a finite number",
    );
    expect(() => job.onProgress(1 as never)).toThrow(TypeError);
  });

  test('of taskModule', () => {
    expect(() => taskModule('./tasks.js')).toThrow(/url must be a URL or an absolute path, .* received '.\/tasks.js'/);
    expect(() => taskModule(7 as never)).toThrow(TypeError);
  });
});

describe('pool options', () => {
  test('maxWorkers of 0 or less counts from the processors', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 - availableParallelism() - 100, minWorkers: 1 });
    expect(pool.metrics().workers).toHaveLength(1);
    expect(() => new ThreadPool({ maxWorkers: -1000, minWorkers: 2 })).toThrow('minWorkers must be from 0 to 1');
  });

  test('name, env and execArgv reach the thread', async () => {
    await using pool = new ThreadPool({
      maxWorkers: 1,
      name: 'mill',
      env: { COLOUR: 'blue' },
      execArgv: ['--conditions=mill'],
    });
    const seen = await pool.submit(async () => {
      const { threadName } = (await import('node:worker_threads')) as { threadName?: string };
      return { colour: process.env['COLOUR'], path: process.env['PATH'], flags: process.execArgv, threadName };
    });
    expect(seen).toMatchObject({ colour: 'blue', path: undefined, flags: ['--conditions=mill'] });
    if (seen.threadName !== undefined) expect(seen.threadName).toBe('mill-0'); // Node.js 20 does not tell it
  });

  test('worker makes the threads', async () => {
    const { Worker } = await import('node:worker_threads');
    const made: unknown[] = [];
    await using pool = new ThreadPool({
      maxWorkers: 1,
      worker: () => {
        const thread = new Worker(new URL('../../tasks/own-entry.mjs', import.meta.url));
        made.push(thread);
        return thread;
      },
    });
    expect(await pool.submit(() => (globalThis as { ownEntry?: string }).ownEntry)).toBe('was here');
    expect(made).toHaveLength(1);
  });

  test('worker that makes something else fails the start, and the error says so', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, worker: () => 5 as never });
    await expect(pool.submit(tasks.echo, [1])).rejects.toThrow(
      /Cannot start a worker: the option worker must return a Worker, received 5$/,
    );
  });
});
