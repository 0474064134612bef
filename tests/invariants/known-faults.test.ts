import { getEventListeners } from 'node:events';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from '@jest/globals';
import {
  CancellationToken,
  CancelledError,
  type CurrentJob,
  type Job,
  type JobOptions,
  NotCloneableError,
  QueueFullError,
  type ShutdownOptions,
  ThreadPool,
  taskModule,
} from 'thread-system';
import { Gate, occupy, until } from '../support/gate.ts';
import { OrderLog } from '../support/order-log.ts';
import { runProgram } from '../support/program.ts';
import { fixture, tasks } from '../support/tasks.ts';

// What pools of threads are known to get wrong: one test for each, named as the promise that is kept.

const never = Number.POSITIVE_INFINITY;
/** More than `setTimeout` keeps. */
const BEYOND_TIMERS_MS = 2 ** 40;
const POOL_WORKER = pathToFileURL(createRequire(import.meta.url).resolve('thread-system/pool-worker'));
const BASIC = JSON.stringify(fixture('basic.mjs').href);

describe('shutdown', () => {
  test.each([1, 2, 4])('a drain runs what is queued and running, on any number of threads (%i)', async (maxWorkers) => {
    const pool = new ThreadPool({ maxWorkers });
    const gates: Gate[] = [];
    for (let left = maxWorkers; left > 0; left--) gates.push(await occupy(pool));
    const queued = pool.submitMany(
      tasks.echo,
      Array.from({ length: 20 }, (_, i) => [i]),
    );
    const end = pool.shutdown({ mode: 'drain' });
    for (const gate of gates) {
      gate.open(); // one thread is idle, the next still busy
      await gate.jobs[0];
    }
    expect(await end).toEqual({ completed: maxWorkers + 20, failed: 0, cancelled: 0 });
    expect(queued.map((job) => job.result)).toEqual(queued.map((_, i) => i));
  });

  test.each(['drain', 'finishRunning', 'abort'] as const)('no promise is left unsettled (%s)', async (mode) => {
    const pool = new ThreadPool({ maxWorkers: 2 });
    using gate = await occupy(pool, 1);
    using other = await occupy(pool, 1);
    const running = [...gate.jobs, ...other.jobs];
    const held = pool.submit(tasks.echo, [0], { delayMs: 5 });
    const jobs: Job[] = [held as Job, pool.submit(tasks.echo, [1]) as Job, pool.submit(tasks.fail, ['no']) as Job];
    jobs.push(pool.submit(tasks.echo, [2], { dependsOn: [held] }) as Job);
    const settled = Promise.allSettled([...running, ...jobs]);
    const end = pool.shutdown({ mode });
    gate.open();
    other.open();
    const { completed, failed, cancelled } = await end;
    expect((await settled).length).toBe(completed + failed + cancelled);
    expect(jobs.map((job) => job.state)).toEqual(
      mode === 'drain'
        ? ['COMPLETED', 'COMPLETED', 'FAILED', 'COMPLETED']
        : ['CANCELLED', 'CANCELLED', 'CANCELLED', 'FAILED'], // the last depends on one that never ran
    );
    expect(running.map((job) => job.state)).toEqual(running.map(() => (mode === 'abort' ? 'CANCELLED' : 'COMPLETED')));
  });

  test('calls at once, one after the other and from listeners agree', async () => {
    const pool = new ThreadPool({ maxWorkers: 2 });
    using gate = await occupy(pool);
    const fromListener: Promise<unknown>[] = [];
    pool.on('jobCompleted', () => void fromListener.push(pool.shutdown()));
    pool.submitMany(tasks.echo, [[1], [2]]);
    const options: ShutdownOptions[] = [{}, { mode: 'drain' }, { timeoutMs: BEYOND_TIMERS_MS }];
    const ends = options.map((each) => pool.shutdown(each));
    await until(() => fromListener.length === 2);
    gate.open();
    const results = await Promise.all([...ends, pool[Symbol.asyncDispose]()]);
    expect(results.slice(0, 3)).toEqual(options.map(() => ({ completed: 3, failed: 0, cancelled: 0 })));
    await until(() => fromListener.length === 3);
    for (const other of [...fromListener, pool.shutdown({ mode: 'abort' })]) expect(other).toBe(ends[0]);
  });

  test.each([
    ['that ends, all of it is run', 20_000, false],
    ['that does not end, the rest is aborted after timeoutMs', 300, true],
  ])('SIGTERM drains and reports: of load %s', async (_name, timeoutMs, isStuck) => {
    const { stdout, stderr, signal } = await runProgram(
      `
      import { ThreadPool, taskModule } from 'thread-system';
      const tasks = taskModule(${BASIC});
      const pool = new ThreadPool({ maxWorkers: 2, graceMs: Infinity });
      let isTold = false;
      process.once('SIGTERM', () => {
        isTold = true;
        const { pending, active } = pool.metrics();
        pool.shutdown().then((counts) => {
          const { submitted, completed, failed, cancelled, workers } = pool.metrics();
          const lost = submitted - completed - failed - cancelled;
          console.log(JSON.stringify({ unsettled: pending + active, counts, lost, workers: workers.length }));
        });
      });
      ThreadPool.handleSignals({ signals: ['SIGTERM'], timeoutMs: ${timeoutMs} });
      const words = new Int32Array(new SharedArrayBuffer(8));
      if (${isStuck}) pool.submit(tasks.deaf, [words]);
      while (${isStuck} && Atomics.load(words, 1) === 0) await new Promise((resolve) => setImmediate(resolve));
      const oneMs = () => { for (const end = performance.now() + 1; performance.now() < end; ); };
      for (let turn = 0; !isTold; turn++) {
        while (pool.metrics().pending < 50) pool.submit(oneMs);
        await new Promise((resolve) => setImmediate(resolve));
        if (pool.metrics().completed > 20 && turn > 0) { console.log('under load'); turn = -1e9; }
      }`,
      { kill: { signal: 'SIGTERM', when: 'under load' } },
    );
    expect(stderr).toBe('');
    const { unsettled, counts, lost, workers } = JSON.parse(stdout.slice(stdout.indexOf('{')));
    expect(unsettled).toBeGreaterThan(0);
    expect(counts.completed + counts.cancelled).toBe(unsettled);
    expect(counts).toMatchObject(isStuck ? { failed: 0 } : { failed: 0, cancelled: 0 });
    expect(counts.cancelled > 0).toBe(isStuck);
    expect({ lost, workers, signal }).toEqual({ lost: 0, workers: 0, signal: 'SIGTERM' });
  });
});

describe('priority', () => {
  test('an AbortSignal changes nothing about priority', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const log = new OrderLog(60);
    const { signal } = new AbortController();
    pool.pause();
    for (let i = 0; i < 60; i++) {
      const options: JobOptions = i % 2 === 0 ? { priority: i % 3, signal } : { priority: i % 3 };
      pool.submit(tasks.note, [log.words, i], options);
    }
    pool.resume();
    await pool.waitAll();
    const expected = Array.from({ length: 60 }, (_, i) => i).sort((a, b) => (b % 3) - (a % 3) || a - b);
    expect(log.values).toEqual(expected);
  });

  test('priority is one for all functions, however many jobs are queued, and equals keep their order', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const count = 6_000;
    const log = new OrderLog(count);
    pool.pause();
    for (let i = 0; i < count; i++)
      pool.submit(i % 2 === 0 ? tasks.note : tasks.noteSlowly, [log.words, i], { priority: i === count - 1 ? 3 : 1 });
    pool.resume();
    await pool.waitAll();
    expect(log.values).toEqual([count - 1, ...Array.from({ length: count - 1 }, (_, i) => i)]);
  });

  test('an urgent job goes before all that were submitted, and not begun, before it', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = await occupy(pool);
    const log = new OrderLog(301);
    for (let i = 0; i < 300; i++) pool.submit(tasks.note, [log.words, i], { priority: 0 });
    await new Promise((resolve) => setImmediate(resolve)); // they could have been sent
    pool.submit(tasks.note, [log.words, -1], { priority: 4 });
    gate.open();
    await pool.waitAll();
    expect(log.values.slice(0, 3)).toEqual([-1, 0, 1]);
  });

  test('the priority of a queued job can be changed', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = await occupy(pool);
    const log = new OrderLog(3);
    const jobs = [0, 1, 2].map((i) => pool.submit(tasks.note, [log.words, i]));
    expect(jobs[2]?.setPriority(4)).toBe(true);
    gate.open();
    await pool.waitAll();
    expect(log.values).toEqual([2, 0, 1]);
  });
});

describe('bounds', () => {
  test('a maxQueue holds for jobs that carry signals and priorities', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, maxQueue: 2 });
    using gate = await occupy(pool);
    const { signal } = new AbortController();
    const jobs = Array.from({ length: 50 }, (_, i) => pool.submit(tasks.echo, [i], { signal, priority: i }));
    expect(pool.metrics().pending).toBe(2);
    const refused = jobs.filter((job) => job.state === 'FAILED');
    expect(refused.length).toBe(48);
    for (const job of refused) expect(job.error).toBeInstanceOf(QueueFullError);
    await expect(refused[0]).rejects.toMatchObject({ code: 'ERR_QUEUE_FULL' });
    gate.open();
    expect(await Promise.all(jobs.slice(0, 2))).toEqual([0, 1]);
  });
});

describe('cancel', () => {
  test('stops a running loop at once, and keeps its thread and the state of its modules', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: never });
    const id = await pool.submit(tasks.keepJob);
    using gate = new Gate();
    const job = pool.submit(tasks.spin, [gate.words]);
    const next = pool.submit(tasks.idOfKept);
    await gate.reachedBy(1);
    expect(job.cancel('enough')).toBe(true);
    await expect(job).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'enough' });
    expect(job.state).toBe('CANCELLED');
    expect(await next).toBe(id); // neither the thread nor its place is lost
    expect(next.workerId).toBe(job.workerId);
  });

  test('no job runs whose signal was aborted before', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const log = new OrderLog(4);
    const token = new CancellationToken();
    token.cancel();
    const jobs = [{ signal: AbortSignal.abort() }, { token }, { signal: AbortSignal.abort(), token, priority: 4 }].map(
      (options, i) => pool.submit(tasks.note, [log.words, i], options),
    );
    for (const job of jobs) await expect(job).rejects.toBeInstanceOf(CancelledError);
    await pool.submit(tasks.note, [log.words, 9]);
    expect(log.values).toEqual([9]);
    expect(jobs.map((job) => [job.state, job.attempts])).toEqual(jobs.map(() => ['CANCELLED', 0]));
  });

  test('a thousand jobs put one listener on the signal they share, and take it off', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const { signal } = new AbortController();
    pool.submitMany(
      tasks.echo,
      Array.from({ length: 1_000 }, (_, i) => [i]),
      { signal },
    );
    expect(getEventListeners(signal, 'abort').length).toBe(1);
    await pool.waitAll();
    expect(getEventListeners(signal, 'abort').length).toBe(0);
  });
});

describe('time limits', () => {
  test('timeoutMs counts what runs, not what is queued; a deadline counts both', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = await occupy(pool);
    const job = pool.submit(tasks.add, [1, 2], { timeoutMs: 300 });
    // its deadline is later than the time-out would have been
    const late = pool.submit(tasks.add, [1, 2], { deadline: Date.now() + 400 });
    await expect(late).rejects.toMatchObject({ code: 'ERR_JOB_TIMEOUT' });
    expect(job.state).toBe('PENDING');
    gate.open();
    expect(await job).toBe(3);
  });

  test('a limit spares the thread of code that looks', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: never });
    for (const options of [{ timeoutMs: 20 }, { deadline: Date.now() + 60 }])
      await expect(pool.submit(tasks.spin, [], options)).rejects.toMatchObject({ code: 'ERR_JOB_TIMEOUT' });
    const next = pool.submit(tasks.echo, [1]);
    expect(await next).toBe(1);
    expect(next.workerId).toBe(0);
  });

  test('a time beyond 2^31 ms does not fire at once', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, idleTimeoutMs: BEYOND_TIMERS_MS, graceMs: BEYOND_TIMERS_MS });
    const limited = { timeoutMs: BEYOND_TIMERS_MS, deadline: Date.now() + BEYOND_TIMERS_MS };
    using gate = await occupy(pool, 1, limited);
    const held = pool.submit(tasks.echo, [1], { delayMs: BEYOND_TIMERS_MS });
    const later = pool.submit(tasks.echo, [1], { startAt: Date.now() + BEYOND_TIMERS_MS });
    const wait = pool.waitAll({ timeoutMs: BEYOND_TIMERS_MS });
    const first = pool.submit(tasks.echo, ['first'], { delayMs: 30 });
    gate.open();
    expect(await Promise.race([first, wait, held, later, ...gate.jobs.map(() => new Promise(() => {}))])).toBe('first');
    expect([held.state, later.state, gate.jobs[0]?.state]).toEqual(['PENDING', 'PENDING', 'COMPLETED']);
    expect(pool.cancelAll()).toBe(2);
    expect(await wait).toBe(true);
  });

  test('a job that is to start at a point of time starts then, or at once where that has passed', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const at = Date.now() + 40;
    const jobs = [at, new Date(at), 0].map((startAt) => pool.submit(() => Date.now(), [], { startAt }));
    const [first, second, past] = await Promise.all(jobs);
    // by two clocks, which differ by some ms
    expect(Math.min(first as number, second as number)).toBeGreaterThanOrEqual(at - 10);
    expect(past).toBeGreaterThan(0);
  });
});

describe('threads', () => {
  test('the end of a thread leaves no promise unsettled', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const ends = Array.from({ length: 6 }, (_, i) => pool.submit(tasks.exit, [i]));
    const others = pool.submitMany(
      tasks.echo,
      Array.from({ length: 200 }, (_, i) => [i]),
    );
    const outcomes = await Promise.allSettled(ends);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(ends.map(() => 'rejected'));
    expect((await Promise.all(others)).length).toBe(200);
  });

  test('a thread that is terminated from outside costs the job it ran, and no other', async () => {
    const threads: Worker[] = [];
    const worker = (): Worker => {
      const thread = new Worker(POOL_WORKER);
      threads.push(thread);
      return thread;
    };
    await using pool = new ThreadPool({ maxWorkers: 1, worker });
    await pool.submit(tasks.echo, [0]);
    using gate = new Gate();
    const running = pool.submit(tasks.deaf, [gate.words]);
    await gate.reachedBy(1);
    const queued = pool.submitMany(tasks.echo, [[1], [2]]);
    await new Promise((resolve) => setImmediate(resolve)); // they could have been sent
    await threads[0]?.terminate();
    await expect(running).rejects.toMatchObject({ code: 'ERR_WORKER_EXITED', exitCode: 1 });
    expect(await Promise.all(queued)).toEqual([1, 2]);
    await threads[1]?.terminate(); // an idle one
    expect(await pool.submit(tasks.echo, [3])).toBe(3);
    expect(pool.metrics()).toMatchObject({ submitted: 5, completed: 4, failed: 1 });
  });

  test('where one thread cannot start, the others do its work, and the process is warned once', async () => {
    const { code, stdout, stderr } = await runProgram(`
      import { Worker } from 'node:worker_threads';
      import { createRequire } from 'node:module';
      import { pathToFileURL } from 'node:url';
      import { ThreadPool, taskModule } from 'thread-system';
      const tasks = taskModule(${BASIC});
      const file = pathToFileURL(createRequire(import.meta.url).resolve('thread-system/pool-worker'));
      process.on('warning', ({ name, message }) => console.log(name + ': ' + message));
      let made = 0;
      const exits = [];
      const worker = () => (++made === 1 ? new Worker(file) : new Worker('process.exit(7)', { eval: true }));
      const pool = new ThreadPool({ maxWorkers: 2, worker });
      await pool.submit(tasks.echo, [0]);
      const failed = new Promise((resolve) => pool.on('workerExited', resolve));
      const words = new Int32Array(new SharedArrayBuffer(8));
      const held = pool.submit(tasks.hold, [words, 1]);
      const jobs = pool.submitMany(tasks.echo, Array.from({ length: 20 }, (_, i) => [i]));
      console.log((await failed).exitCode);
      Atomics.store(words, 0, 1);
      Atomics.notify(words, 0);
      console.log((await Promise.all([held, ...jobs])).length, made);
      await pool.shutdown();`);
    expect(stdout.split('\n')).toEqual([
      'ThreadSystemWarning: Cannot start a worker: its thread ended with exit code 7. Continuing with the other workers; retrying in 1000 ms',
      '7',
      '21 2',
      '',
    ]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^\(node:\d+\) ThreadSystemWarning: [^\n]*\n[^\n]*\n?$/);
  });

  test('idle workers keep their timers and sockets', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const words = new Int32Array(new SharedArrayBuffer(4));
    const port = await pool.submit(
      async (beats: Int32Array) => {
        const { createServer } = await import('node:net');
        const server = createServer((socket) => socket.end('still here'));
        setInterval(() => Atomics.add(beats, 0, 1), 1);
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
        return (server.address() as { port: number }).port;
      },
      [words],
    );
    await until(() => pool.metrics().workers[0]?.state === 'idle');
    const before = Atomics.load(words, 0);
    await until(() => Atomics.load(words, 0) > before + 5);
    expect(await text(connect(port, '127.0.0.1'))).toBe('still here');
  });

  test.each([
    ['beside none', 1],
    ['beside others', 4],
  ])('a module that hangs while it loads can be cancelled and timed out, %s', async (_name, concurrency) => {
    await using pool = new ThreadPool({ maxWorkers: 1, concurrency, graceMs: 20 });
    const hanging = taskModule<{ never(): string }>(fixture('hanging.mjs'));
    const cancelled = pool.submit(hanging.never);
    await until(() => cancelled.state === 'RUNNING');
    expect(cancelled.cancel()).toBe(true);
    await expect(cancelled).rejects.toBeInstanceOf(CancelledError);
    const timed = pool.submit(hanging.never, [], { deadline: Date.now() + 200 });
    await expect(timed).rejects.toMatchObject({ code: 'ERR_JOB_TIMEOUT' });
    const next = pool.submit(tasks.echo, [1]);
    expect(await next).toBe(1);
    expect(next.workerId).toBeGreaterThan(cancelled.workerId ?? 0);
  });
});

describe('errors', () => {
  test.each([[null], [undefined], [0], [''], [false]])('throw %p rejects', async (thrown) => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const job = pool.submit(tasks.throwValue, [thrown]);
    await expect(job).rejects.toMatchObject({ thrown });
    expect(job.error).toBeInstanceOf(Error);
  });

  test('a result that cannot be cloned rejects with an error that says where', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const job = pool.submit(() => ({ rows: [{ format: () => '' }] }) as unknown);
    await expect(job).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE', path: 'result.rows[0].format' });
    expect(job.error).toBeInstanceOf(NotCloneableError);
  });

  test('class, code, cause and own properties of an error arrive, and its stack shows who submitted', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, submitStacks: true });
    const job = pool.submit(function parse() {
      const cause = new SyntaxError('inner');
      throw Object.assign(new RangeError('outer', { cause }), { code: 'E_OUTER', line: 7 });
    });
    const error = await job.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: 'outer', code: 'E_OUTER', line: 7, cause: { message: 'inner' } });
    expect((error as Error).cause).toBeInstanceOf(SyntaxError);
    expect((error as Error).stack).toMatch(/at .*parse[\s\S]*--- submitted as job 'parse' ---[\s\S]*known-faults/);
  });

  test('a late error of one job hits neither the next nor the process', async () => {
    const { code, stdout } = await runProgram(`
      import { ThreadPool, taskModule } from 'thread-system';
      const tasks = taskModule(${BASIC});
      const pool = new ThreadPool({ maxWorkers: 1 });
      const late = new Promise((resolve) => process.once('warning', resolve));
      await pool.submit(tasks.leaveErrorBehind);
      const words = new Int32Array(new SharedArrayBuffer(8));
      const next = pool.submit(tasks.holdAsync, [words, 'unhurt']);
      console.log((await late).name);
      Atomics.store(words, 0, 1);
      console.log(await next, next.workerId);`);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'LateError\nunhurt 0\n' });
  });
});

test('a process ends by itself, although its pool was not shut down', async () => {
  const { code, signal, stdout } = await runProgram(`
    import { ThreadPool } from 'thread-system';
    const pool = new ThreadPool({ minWorkers: 2, maxWorkers: 2 });
    const jobs = Array.from({ length: 100 }, (_, i) => pool.submit((x) => x, [i]));
    console.log((await Promise.all(jobs)).length);`);
  expect({ code, signal, stdout }).toEqual({ code: 0, signal: null, stdout: '100\n' });
});

test('tens of thousands of small wakeups lose none', async () => {
  await using pool = new ThreadPool({ maxWorkers: 2 });
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  let sum = 0;
  const lane = async (pause: number): Promise<void> => {
    for (let i = 0; i < 10_000; i++) {
      const one = await pool.submit(tasks.add, [1, 0]);
      sum += one;
      for (let left = i % pause; left > 0; left--) await turn(); // so that now the one side sleeps, now the other
    }
  };
  await Promise.all([lane(1), lane(3), lane(7)]);
  expect(sum).toBe(30_000);
}, 30_000);

test('what is offered acts: retry, time limit, sharing of work, histogram, reports, children', async () => {
  await using pool = new ThreadPool({ maxWorkers: 2 });
  expect(await pool.submit(tasks.failUntil, [3], { retry: { maxAttempts: 3 } })).toBe(3);
  await expect(pool.submit(tasks.spin, [], { timeoutMs: 5 })).rejects.toMatchObject({ code: 'ERR_JOB_TIMEOUT' });
  const reports: unknown[] = [];
  for await (const value of pool.submit(tasks.report, [[1, 2, 3]]).progress) reports.push(value);
  expect(reports).toEqual([1, 2, 3]);
  const child = await pool.submit(async function (this: CurrentJob) {
    return (await this.submit((x: number) => x + 1, [41])) as number;
  });
  expect(child).toBe(42);
  using gate = await occupy(pool, 2);
  pool.submitMany(
    tasks.echo,
    Array.from({ length: 100 }, (_, i) => [i]),
  );
  gate.open();
  await pool.waitAll();
  const { retried, timedOut, executionMs, workers } = pool.metrics();
  expect({ retried, timedOut }).toEqual({ retried: 2, timedOut: 1 });
  expect(executionMs.max).toBeGreaterThanOrEqual(5);
  expect(workers.every(({ jobs }) => jobs > 0)).toBe(true);
});

test('cancelling and settling 100,000 jobs is not quadratic', async () => {
  const time = async (count: number, how: 'cancel' | 'settle'): Promise<number> => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const { signal } = new AbortController();
    pool.pause();
    const start = performance.now();
    const jobs: Job[] = [];
    for (let i = 0; i < count; i++) jobs.push(pool.submit(tasks.echo, [i], { signal, priority: i % 5 }) as Job);
    // from the end: what a search from the front would be slowest for
    if (how === 'cancel') for (const job of jobs.reverse()) job.cancel();
    pool.resume();
    await pool.waitAll();
    const ms = performance.now() - start;
    expect(pool.metrics()).toMatchObject({ [how === 'cancel' ? 'cancelled' : 'completed']: count });
    return ms;
  };
  for (const how of ['cancel', 'settle'] as const) {
    const few = [await time(10_000, how), await time(10_000, how), await time(10_000, how)];
    // ten times the jobs; a quadratic cost would make it a hundred
    expect(await time(100_000, how)).toBeLessThan(40 * Math.max(...few));
  }
}, 60_000);
