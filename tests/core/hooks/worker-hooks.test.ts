import { describe, expect, test } from '@jest/globals';
import { type CurrentJob, ThreadPool, type ThreadPoolOptions } from 'thread-system';
import { FileLog } from '../../support/file-gate.ts';
import { Gate, until } from '../../support/gate.ts';
import { runProgram } from '../../support/program.ts';
import { fixture, tasks } from '../../support/tasks.ts';
import { workerHooks } from '../../support/worker-hooks-tasks.ts';

const threads = (pool: ThreadPool): number => pool.metrics().workers.length;

describe.each(['thread', 'process', 'inline'] as const)("in a pool of kind '%s'", (kind) => {
  const makePool = (options: ThreadPoolOptions): ThreadPool => new ThreadPool({ kind, maxWorkers: 1, ...options });

  const logged = (log: FileLog): ThreadPoolOptions => {
    process.env['UPKEEP_LOG'] = log.path; // an inline pool has the environment of the test
    const env = { ...process.env };
    return { env, setup: workerHooks.open, setupArgs: [log.path, 'db'], teardown: workerHooks.close };
  };

  test('the setup has ended before the first job begins, and its state is the jobs’', async () => {
    using log = new FileLog();
    await using pool = makePool(logged(log));
    const [first, second] = [pool.submit(workerHooks.opened), pool.submit(workerHooks.opened)];
    expect(await first).toEqual(['db', 0]);
    expect(await second).toEqual(['db', 0]);
    expect(log.lines).toEqual(['open db']);
  });

  test('each worker runs setup and teardown, and so does the one that comes after it', async () => {
    using log = new FileLog();
    const pool = makePool({ ...logged(log), idleTimeoutMs: 1 });
    expect(await pool.submit(workerHooks.opened)).toEqual(['db', 0]);
    await until(() => threads(pool) === 0);
    expect(log.lines).toEqual(['open db', 'close db']);
    expect(await pool.submit(workerHooks.opened)).toEqual(['db', 1]);
    await pool.shutdown();
    expect(log.lines).toEqual(['open db', 'close db', 'open db', 'close db']);
  });

  test('a setup that throws fails the jobs with its error as it was thrown', async () => {
    await using pool = makePool({ setup: workerHooks.fail });
    const jobs = pool.submitMany(tasks.echo, [[1], [2], [3], [4], [5]]);
    for (const job of jobs) {
      await expect(job).rejects.toMatchObject({
        code: 'ERR_WORKER_EXITED',
        message: "Cannot start a worker: its setup 'fail' failed: no such database",
        cause: { name: 'RangeError', message: 'no such database', code: 'E_OPEN', cause: { message: 'inner' } },
      });
      expect(job).toMatchObject({ attempts: 0, workerId: undefined });
    }
    expect(pool.metrics()).toMatchObject({ failed: 5, pending: 0, active: 0 });
  });

  test.each<[string, ThreadPoolOptions, object]>([
    ['is not exported', { setup: workerHooks.missing }, { code: 'ERR_TASK_NOT_FOUND' }],
    [
      'is given what cannot be cloned',
      { setup: workerHooks.open, setupArgs: ['', { onDone() {} }] },
      { code: 'ERR_NOT_CLONEABLE', path: 'setupArgs[1].onDone' },
    ],
    [
      'uses a name of the code around it',
      { setup: () => threads({} as ThreadPool) },
      { message: expect.stringMatching(/^threads is not defined: the function 'setup' was sent by its source text/) },
    ],
  ])('a setup that %s fails the jobs, and says so', async (_what, options, cause) => {
    await using pool = makePool(options);
    await expect(pool.submit(tasks.echo, [1])).rejects.toMatchObject({ code: 'ERR_WORKER_EXITED', cause });
  });

  test('abort ends workers without their teardown', async () => {
    using log = new FileLog();
    const pool = makePool(logged(log));
    await pool.submit(workerHooks.opened);
    await pool.shutdown({ mode: 'abort' });
    expect(log.lines).toEqual(['open db']);
  });

  test('a teardown that throws is reported as lateError, and holds nobody up', async () => {
    const pool = makePool({ teardown: workerHooks.fail });
    const late: unknown[] = [];
    pool.on('lateError', (detail) => late.push(detail));
    await pool.submit(tasks.echo, [1]);
    expect(await pool.shutdown()).toEqual({ completed: 0, failed: 0, cancelled: 0 });
    expect(late).toMatchObject([{ error: { name: 'RangeError', code: 'E_OPEN' }, job: undefined }]);
  });

  test('a teardown that never ends is ended after the grace, and reported', async () => {
    const pool = makePool({ teardown: workerHooks.never, graceMs: 30 });
    const late: Error[] = [];
    pool.on('lateError', ({ error }) => late.push(error));
    await pool.submit(tasks.echo, [1]);
    await pool.shutdown();
    expect(late.map(({ message }) => message)).toEqual(['Worker 0 did not end in order within 30 ms']);
  });

  test('a setup that never ends holds up no abort', async () => {
    const pool = makePool({ setup: workerHooks.never });
    const job = pool.submit(tasks.echo, [1]);
    job.catch(() => {});
    await until(() => threads(pool) === 1);
    expect(await pool.shutdown({ timeoutMs: 50 })).toEqual({ completed: 0, failed: 0, cancelled: 1 });
  });
});

test('a worker is starting until its setup has ended', async () => {
  using gate = new Gate();
  await using pool = new ThreadPool({ maxWorkers: 1, setup: tasks.holdAsync, setupArgs: [gate.words] });
  const started: number[] = [];
  pool.on('workerStarted', ({ workerId }) => started.push(workerId));
  const job = pool.submit(tasks.echo, [1]);
  await gate.reachedBy(1);
  expect(pool.metrics().workers).toMatchObject([{ state: 'starting', jobs: 0 }]);
  expect([job.state, started]).toEqual(['PENDING', []]);
  gate.open();
  expect(await job).toBe(1);
  await until(() => started.length > 0); // the job's answer may be read before the message that the worker is ready
  expect(started).toEqual([0]);
});

test('a job that waits for a setup can be cancelled', async () => {
  using gate = new Gate();
  await using pool = new ThreadPool({ maxWorkers: 1, setup: tasks.hold, setupArgs: [gate.words] });
  const job = pool.submit(tasks.echo, [1]);
  await gate.reachedBy(1);
  expect(job.cancel('not needed')).toBe(true);
  await expect(job).rejects.toMatchObject({ reason: 'not needed' });
});

test('a setup that leaves an error uncaught has failed by it', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1, setup: workerHooks.failUncaught });
  await expect(pool.submit(tasks.echo, [1])).rejects.toMatchObject({ cause: { message: 'from a timer' } });
});

test('a setup that ends its thread is a thread that could not start', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1, setup: workerHooks.exit, setupArgs: [7] });
  await expect(pool.submit(tasks.echo, [1])).rejects.toMatchObject({
    message: 'Cannot start a worker: its thread ended with exit code 7',
    exitCode: 7,
  });
});

test('a worker that dies is replaced by one that has been set up', async () => {
  using log = new FileLog();
  await using pool = new ThreadPool({ maxWorkers: 1, setup: workerHooks.open, setupArgs: [log.path, 'db'] });
  await expect(pool.submit(tasks.exit, [3])).rejects.toMatchObject({ exitCode: 3 });
  expect(await pool.submit(workerHooks.opened)).toEqual(['db', 1]);
  expect(log.lines).toEqual(['open db', 'open db']);
});

test('where others live a setup that fails is a warning, and they do its work', async () => {
  const { stdout } = await runProgram(`
    import { ThreadPool } from 'thread-system';
    process.removeAllListeners('warning');
    process.on('warning', ({ name, message }) => console.log(name + ': ' + message));
    const setup = function onlyOne() { if (this.workerId > 0) throw new Error('one is enough'); };
    const pool = new ThreadPool({ maxWorkers: 2, setup });
    await pool.submit(() => 1);
    const exited = new Promise((resolve) => pool.on('workerExited', resolve));
    const words = new Int32Array(new SharedArrayBuffer(4));
    pool.submit(async (words) => {
      while (Atomics.load(words, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }, [words]);
    const next = pool.submit(() => 'the next one');
    console.log((await exited).error.message);
    console.log(next.state);
    Atomics.store(words, 0, 1);
    console.log(await next, next.workerId);
    await pool.shutdown();`);
  expect(stdout.split('\n')).toEqual([
    "ThreadSystemWarning: Cannot start a worker: its setup 'onlyOne' failed: one is enough. Continuing with the other workers; retrying in 1000 ms",
    'one is enough',
    'PENDING',
    'the next one 0',
    '',
  ]);
});

test('a generator may be a setup, and its task knows its worker', async () => {
  await using pool = new ThreadPool({
    maxWorkers: 1,
    setup: function* (this: CurrentJob, key: string) {
      yield 'nobody hears it';
      Reflect.set(globalThis, key, `${this.name} of worker ${this.workerId}, attempt ${this.attempt}`);
    },
    setupArgs: ['mine'],
  });
  expect(await pool.submit((key: string) => Reflect.get(globalThis, key), ['mine'])).toBe(
    'setup of worker 0, attempt 1',
  );
});

test('a setup submits no children', async () => {
  await using pool = new ThreadPool({
    maxWorkers: 1,
    setup: function (this: CurrentJob) {
      this.submit(() => 1);
    },
  });
  await expect(pool.submit(tasks.echo, [1])).rejects.toThrow(/its setup 'setup' failed: Cannot submit a child/);
});

test('a worker that is one too many, since the pool was resized, runs its teardown once its jobs have ended', async () => {
  using log = new FileLog();
  await using pool = new ThreadPool({
    maxWorkers: 2,
    env: { UPKEEP_LOG: log.path },
    teardown: workerHooks.close,
  });
  using gate = new Gate();
  const jobs = pool.submitMany(tasks.hold, [[gate.words], [gate.words]]);
  await gate.reachedBy(2);
  pool.resize(1);
  expect(log.lines).toEqual([]);
  gate.open();
  await Promise.all(jobs);
  await until(() => threads(pool) === 1);
  expect(log.lines).toEqual(['close none']);
});

test('a worker that is one too many before its setup has ended is ended at once', async () => {
  using gate = new Gate();
  const { words } = gate;
  await using pool = new ThreadPool({
    ...{ maxWorkers: 2, minWorkers: 2, graceMs: Number.POSITIVE_INFINITY },
    ...{ setup: tasks.holdAsync, setupArgs: [words], teardown: workerHooks.never },
  });
  await gate.reachedBy(2);
  pool.resize(1);
  await until(() => threads(pool) === 1);
  await pool.shutdown();
  expect(Atomics.load(words, 0)).toBe(0);
});

test.each(['drain', 'finishRunning'] as const)("shutdown in mode '%s' runs every teardown", async (mode) => {
  using log = new FileLog();
  const pool = new ThreadPool({ maxWorkers: 2, env: { UPKEEP_LOG: log.path }, teardown: workerHooks.close });
  using gate = new Gate();
  pool.submitMany(tasks.hold, [[gate.words], [gate.words]]);
  await gate.reachedBy(2);
  const end = pool.shutdown({ mode });
  gate.open();
  await end;
  expect(log.lines).toEqual(['close none', 'close none']);
});

test('an abort while teardowns run ends the threads at once', async () => {
  using gate = new Gate();
  const pool = new ThreadPool({
    maxWorkers: 1,
    graceMs: Number.POSITIVE_INFINITY,
    setup: (words: Int32Array) => void Reflect.set(globalThis, 'words', words),
    setupArgs: [gate.words],
    teardown: () => {
      const words = Reflect.get(globalThis, 'words') as Int32Array;
      Atomics.add(words, 1, 1);
      for (;;);
    },
  });
  await pool.submit(tasks.echo, [1]);
  const end = pool.shutdown();
  await gate.reachedBy(1);
  expect(pool.metrics().workers).toMatchObject([{ state: 'ending' }]);
  void pool.shutdown({ mode: 'abort' });
  expect(await end).toEqual({ completed: 0, failed: 0, cancelled: 0 });
});

test('a teardown that fails is a process warning where nobody listens', async () => {
  const { stdout } = await runProgram(`
    import { ThreadPool, taskModule } from 'thread-system';
    const tasks = taskModule(${JSON.stringify(fixture('worker-hooks.mjs').href)});
    process.removeAllListeners('warning');
    process.on('warning', ({ name, message }) => console.log(name + ': ' + message));
    const pool = new ThreadPool({ maxWorkers: 1, teardown: tasks.fail });
    await pool.submit(() => 1);
    await pool.shutdown();`);
  expect(stdout).toBe(
    "LateError: Uncaught error in teardown 'fail' of worker 0: no such database. Listen to 'lateError' to handle it\n",
  );
});

test('what a teardown never saw set up, it does not tear down', async () => {
  using log = new FileLog();
  const pool = new ThreadPool({
    maxWorkers: 1,
    env: { UPKEEP_LOG: log.path },
    setup: workerHooks.fail,
    teardown: workerHooks.close,
  });
  await expect(pool.submit(tasks.echo, [1])).rejects.toMatchObject({ code: 'ERR_WORKER_EXITED' });
  await pool.shutdown();
  expect(log.lines).toEqual([]);
});

test.each<[unknown, string]>([
  [
    { setup: 'open' },
    "Cannot create pool: setup must be a function or a task of a taskModule(), received 'open'; write taskModule(new URL(…, import.meta.url)), and pass one of its functions",
  ],
  [
    { teardown: 5 },
    'Cannot create pool: teardown must be a function or a task of a taskModule(), received 5; pass the function itself, without calling it',
  ],
  [{ setup: () => {}, setupArgs: 5 }, 'Cannot create pool: setupArgs must be an array, received 5'],
  [{ setupArgs: [1] }, 'Cannot create pool: setupArgs must come with setup, received setup undefined'],
])('%j is refused', (options, message) => {
  expect(() => new ThreadPool(options as ThreadPoolOptions)).toThrow(new TypeError(message));
});
