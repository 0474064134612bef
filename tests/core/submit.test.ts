import { describe, expect, test } from '@jest/globals';
import { Job, JobState, PoolClosedError, ThreadPool } from 'thread-system';
import { occupy } from '../support/gate.ts';
import { tasks } from '../support/tasks.ts';

describe('submit', () => {
  test('an inline function runs in a worker with its arguments', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const job = pool.submit((x: number, y: number) => x + y, [5, 10]);
    expect(job.state).toBe(JobState.PENDING);
    expect(await job).toBe(15);
    expect(job.state).toBe('COMPLETED');
    expect(job.result).toBe(15);
    expect(job.error).toBeUndefined();
    expect(job.attempts).toBe(1);
    expect(job.workerId).toBe(0);
    expect(job.executionMs).toBeGreaterThan(0);
    expect(job.queuedMs).toBeGreaterThan(0);
  });

  test('every form of a function can be sent', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const methods = {
      plain(x: number) {
        return x + 1;
      },
      async late(x: number) {
        await null;
        return x + 2;
      },
    };
    const jobs = [
      pool.submit(methods.plain, [1]),
      pool.submit(methods.late, [1]),
      pool.submit(async (x: number) => x + 3, [1]),
      pool.submit(
        function named(x: number) {
          return x + 4;
        },
        [1],
      ),
    ];
    expect(await Promise.all(jobs)).toEqual([2, 3, 4, 5]);
    expect(jobs.map((job) => job.name)).toEqual(['plain', 'late', 'anonymous', 'named']);
  });

  test('a job made first is submitted later, and once', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const job = new Job(tasks.add, [1, 2], { name: 'sum', priority: 3 });
    expect(job.state).toBe('PENDING');
    expect(pool.submitJob(job)).toBe(job);
    expect(await job).toBe(3);
    expect(() => pool.submitJob(job)).toThrow(
      new TypeError("Cannot submit job 'sum': it was submitted before; make another Job"),
    );
    expect(pool.metrics()).toMatchObject({ submitted: 1, completed: 1 });
  });

  test('a job cancelled before it is submitted counts as cancelled and never runs', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const job = new Job(tasks.add, [1, 2]);
    expect(job.cancel('too early')).toBe(true);
    pool.submitJob(job);
    await expect(job).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'too early' });
    expect(pool.metrics()).toMatchObject({ submitted: 1, cancelled: 1, pending: 0 });
  });

  test('submitMany makes a job of each list of arguments, or none', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const jobs = pool.submitMany(tasks.add, [
      [1, 2],
      [3, 4],
    ]);
    expect(await Promise.all(jobs)).toEqual([3, 7]);
    // @ts-expect-error a list of arguments is a tuple
    expect(() => pool.submitMany(tasks.add, [[1, 2], 3])).toThrow(TypeError);
    expect(pool.metrics().submitted).toBe(2);
  });

  test('arguments are copied when the job is sent, and no two jobs share one', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const shared = { count: 0 };
    const increment = (value: { count: number }) => ++value.count;
    const jobs = Array.from({ length: 5 }, () => pool.submit(increment, [shared]));
    expect(await Promise.all(jobs)).toEqual([1, 1, 1, 1, 1]);
    expect(shared.count).toBe(0);
  });

  test('a task may return any thenable, even one that throws, and its worker is free again', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const throwing = pool.submit(() => ({
      // biome-ignore lint/suspicious/noThenProperty: the odd thing under test
      then() {
        throw new Error('from then');
      },
    }));
    await expect(throwing).rejects.toThrow('from then');
    const both = pool.submit(() => ({
      // biome-ignore lint/suspicious/noThenProperty: the odd thing under test
      then(resolve: (value: number) => void) {
        resolve(1);
        throw new Error('too late');
      },
    }));
    expect(await both).toBe(1);
    expect(await pool.submit(tasks.echo, ['next'])).toBe('next');
  });

  test('a getter of an argument may submit and cancel, even its own job', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await pool.submit(tasks.echo, [1]);
    const more: Job[] = [];
    const submitting = pool.submit(
      (value: { a: number }) => value.a,
      [
        {
          get a() {
            // once, although a job that is taken back and sent again is cloned again
            for (let i = more.length; i < 600; i++) more.push(pool.submit(tasks.echo, [{ i }]) as Job);
            return 7;
          },
        },
      ],
    );
    expect(await submitting).toBe(7);
    expect(await Promise.all(more)).toEqual(Array.from({ length: 600 }, (_, i) => ({ i })));
    const said: unknown[] = [];
    pool.pause(); // so that it is sent when its name is there
    const cancelling: Job = pool.submit(tasks.echo, [
      {
        get a() {
          said.push(cancelling.cancel('from within'), cancelling.cancel('again'));
          return 7;
        },
      } as unknown,
    ]);
    pool.resume();
    await expect(cancelling).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'from within' });
    expect(said.indexOf(true)).toBe(0); // and then it is settled
    expect(said.lastIndexOf(true)).toBe(0);
    expect(cancelling.attempts).toBe(0);
    expect(await pool.submit(tasks.echo, [2])).toBe(2);
  });

  test('a getter of an argument may give its own job another priority, or cancel it and throw', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const moved: unknown[] = [];
    pool.pause(); // so that it is sent when its name is there
    const moving: Job = pool.submit(tasks.echo, [
      {
        get a() {
          if (moved.length === 0) moved.push(moving.setPriority(4));
          return 7;
        },
      } as unknown,
    ]);
    pool.resume();
    expect(await moving).toEqual({ a: 7 });
    expect(moved).toEqual([true]);
    expect(moving.priority).toBe(4);
    pool.pause();
    const throwing: Job = pool.submit(tasks.echo, [
      {
        get a() {
          throwing.cancel('from within');
          throw new Error('after that');
        },
      } as unknown,
    ]);
    pool.resume();
    await expect(throwing).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'from within' });
    expect(pool.metrics()).toMatchObject({ completed: 1, cancelled: 1, failed: 0, pending: 0 });
    expect(await pool.submit(tasks.echo, [2])).toBe(2);
  });

  test('a getter of an argument that ends its job, or throws, leaves the strings of the next jobs as they are', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const echoes = async (texts: string[]): Promise<void> => {
      expect(await Promise.all(texts.map((text) => pool.submit(tasks.echo, [text])))).toEqual(texts);
    };
    await echoes(['the worker is ready']);
    pool.pause(); // so that it is sent when its name is there
    const cancelling: Job = pool.submit(
      tasks.echo,
      [
        {
          get a() {
            cancelling.cancel('from within');
            return 7;
          },
        } as unknown,
      ],
      { name: 'a name that travels too' },
    );
    pool.resume();
    await echoes(['one of them', 'another of them']);
    expect(cancelling.state).toBe('CANCELLED');
    const args = Object.defineProperty(['put before it throws'], 1, {
      get: () => {
        throw new Error('no second');
      },
    });
    const throwing = pool.submit(tasks.many, args);
    await echoes(['three', 'four']);
    expect(throwing.error).toMatchObject({ message: 'no second' });
  });

  test('a job knows its own id, priority and task, whatever the jobs beside it are', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const jobs = Array.from({ length: 2000 }, (_, i) => {
      const task = i % 7 < 4 ? tasks.idAndPriority : tasks.priorityAndId;
      const args = i % 11 === 0 ? [new Date()] : []; // goes by message
      return pool.submit(task, args, { priority: i % 50 < 25 ? 2 : i % 5 });
    });
    for (const [i, job] of jobs.entries()) if (i % 13 === 0) job.cancel();
    await pool.waitAll();
    const completed = jobs.filter((job) => job.state === 'COMPLETED');
    expect(completed.length).toBeGreaterThan(1000);
    for (const { name, id, priority, result } of completed)
      expect(result).toEqual(name === 'idAndPriority' ? [id, priority] : [priority, id]);
  });

  test('async tasks share a worker up to its concurrency', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, concurrency: 3 });
    const { Gate } = await import('../support/gate.ts');
    using gate = new Gate();
    const jobs = Array.from({ length: 4 }, (_, i) => pool.submit(tasks.holdAsync, [gate.words, i]));
    await gate.reachedBy(3);
    expect(jobs.map((job) => job.state)).toEqual(['RUNNING', 'RUNNING', 'RUNNING', 'PENDING']);
    expect(pool.metrics()).toMatchObject({ active: 3, pending: 1 });
    gate.open();
    expect(await Promise.all(jobs)).toEqual([0, 1, 2, 3]);
  });

  test('after shutdown it throws', async () => {
    const pool = new ThreadPool({ maxWorkers: 1 });
    await pool.shutdown();
    expect(() => pool.submit(tasks.add, [1, 2])).toThrow(PoolClosedError);
    expect(() => pool.submitJob(new Job(tasks.add, [1, 2]))).toThrow(
      expect.objectContaining({ code: 'ERR_POOL_CLOSED', name: 'PoolClosedError' }) as unknown as Error,
    );
  });
});

describe('a pool that is paused', () => {
  test('starts nothing, not even what was sent ahead, until it is resumed', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = await occupy(pool);
    const jobs = pool.submitMany(tasks.echo, [[1], [2], [3]]);
    await Promise.resolve();
    pool.pause();
    gate.open();
    const probe = await pool.waitAll({ timeoutMs: 0 });
    expect(probe).toBe(false);
    expect(jobs.map((job) => job.state)).toEqual(['PENDING', 'PENDING', 'PENDING']);
    pool.resume();
    expect(await Promise.all(jobs)).toEqual([1, 2, 3]);
  });

  test('lets a producer in that waited for room in it, once it is resumed', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, maxQueue: 0 });
    pool.pause();
    const ready = pool.ready();
    pool.resume();
    await ready;
    expect(await pool.submit(tasks.echo, [1])).toBe(1);
  });

  test('starts nothing more from the moment at which the getter of an argument has paused it', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    for (let i = 0; i < 50; i++) await pool.submit(tasks.echo, [i]); // known to be short: many are sent at once
    let hasPaused = false;
    const pausing = {
      get now() {
        // once, as the job itself may be taken back before the worker has begun it, and is then sent again
        if (!hasPaused) pool.pause();
        hasPaused = true;
        return true;
      },
    };
    const first = pool.submit(tasks.echo, [pausing]);
    const rest = pool.submitMany(tasks.echo, [[1], [2], [3]]);
    expect(await pool.waitAll({ timeoutMs: 20 })).toBe(false);
    expect(hasPaused).toBe(true);
    expect(rest.map((job) => job.state)).toEqual(['PENDING', 'PENDING', 'PENDING']);
    pool.resume();
    expect(await Promise.all(rest)).toEqual([1, 2, 3]);
    expect(await first).toEqual({ now: true });
  });
});

describe('waitAll', () => {
  test('waits for what was submitted before the call, and no more', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    using first = await occupy(pool);
    const waiting = pool.waitAll();
    using second = await occupy(pool);
    first.open();
    expect(await waiting).toBe(true);
    expect(second.jobs[0]?.state).toBe('RUNNING');
    second.open();
    expect(await pool.waitAll()).toBe(true);
  });

  test('says false when the time passes first', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = await occupy(pool);
    expect(await pool.waitAll({ timeoutMs: 1 })).toBe(false);
    gate.open();
    expect(await pool.waitAll({ timeoutMs: Number.POSITIVE_INFINITY })).toBe(true);
  });
});
