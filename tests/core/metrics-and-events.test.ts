import { describe, expect, test } from '@jest/globals';
import { type Job, JobPriority, type PoolMetrics, ThreadPool } from 'thread-system';
import { Gate, occupy, until } from '../support/gate.ts';
import { runProgram } from '../support/program.ts';
import { fixture, tasks } from '../support/tasks.ts';

function expectBalanced(metrics: PoolMetrics): void {
  const { submitted, pending, active, completed, failed, cancelled } = metrics;
  expect(pending + active + completed + failed + cancelled).toBe(submitted);
}

describe('metrics', () => {
  test('count jobs by state and priority, and balance at every moment', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    expectBalanced(pool.metrics());
    using gate = await occupy(pool);
    pool.submit(tasks.echo, [1], { priority: JobPriority.HIGH });
    pool.submit(tasks.fail, ['no'], { priority: JobPriority.HIGH }).catch(() => {});
    pool.submit(tasks.echo, [2]).cancel();
    const during = pool.metrics();
    expect(during).toMatchObject({ submitted: 4, active: 1, pending: 2, completed: 0, failed: 0, cancelled: 1 });
    expectBalanced(during);
    gate.open();
    await pool.waitAll();
    const after = pool.metrics();
    expect(after).toMatchObject({ submitted: 4, active: 0, pending: 0, completed: 2, failed: 1, cancelled: 1 });
    expect(after.byPriority).toEqual({
      2: { submitted: 2, completed: 1, failed: 0, cancelled: 1 },
      3: { submitted: 2, completed: 1, failed: 1, cancelled: 0 },
    });
    expectBalanced(after);
  });

  test('tell how long jobs waited and ran, and what the workers did', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = await occupy(pool);
    const waiting = pool.submit(tasks.echo, [1]);
    gate.open();
    await pool.waitAll();
    const { queuedMs, executionMs, workers, throughput, uptimeMs } = pool.metrics();
    expect(queuedMs.count).toBe(2);
    expect(executionMs.count).toBe(2);
    expect(queuedMs.max).toBeGreaterThanOrEqual(waiting.queuedMs - 0.001);
    expect(executionMs.p50).toBeLessThanOrEqual(executionMs.p99);
    expect(executionMs.p99).toBeLessThanOrEqual(executionMs.max);
    expect(executionMs.mean).toBeLessThanOrEqual(executionMs.max);
    expect(workers).toEqual([
      { id: 0, threadId: expect.any(Number), state: 'idle', jobs: 2, utilization: expect.any(Number) },
    ]);
    expect(workers[0]?.utilization).toBeGreaterThan(0);
    expect(workers[0]?.utilization).toBeLessThanOrEqual(1);
    expect(throughput).toBeGreaterThan(0);
    expect(uptimeMs).toBeGreaterThan(0);
  });

  test('tell percentiles within 3 %, the mean and the longest exactly', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const spin = (turns: number): number => {
      let x = 1;
      for (let i = 0; i < turns; i++) x = (Math.imul(x, 1664525) + 1013904223) | 0;
      return x;
    };
    const jobs = Array.from({ length: 400 }, (_, n) => pool.submit(spin, [2 ** (n % 21)]));
    await pool.waitAll();
    const metrics = pool.metrics();
    for (const name of ['queuedMs', 'executionMs'] as const) {
      const told = metrics[name];
      const times = jobs.map((job) => job[name]).sort((a, b) => a - b);
      const exact = (fraction: number): number => times[Math.ceil(times.length * fraction) - 1] ?? Number.NaN;
      for (const [percentile, fraction] of [
        ['p50', 0.5],
        ['p90', 0.9],
        ['p99', 0.99],
      ] as const) {
        const error = Math.abs(told[percentile] - exact(fraction));
        expect(error).toBeLessThanOrEqual(exact(fraction) / 32 + 0.0001); // half a step; durations are whole 0.1 us
      }
      expect(told.max).toBe(exact(1));
      expect(told.mean).toBeCloseTo(times.reduce((sum, ms) => sum + ms, 0) / times.length, 6);
    }
  });

  test('are a frozen snapshot', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const before = pool.metrics();
    await pool.submit(tasks.echo, [1]);
    expect(before.submitted).toBe(0);
    expect(Object.isFrozen(before) && Object.isFrozen(before.workers) && Object.isFrozen(before.byPriority)).toBe(true);
  });
});

describe('workers', () => {
  test('start on demand and end when idle, down to minWorkers', async () => {
    await using pool = new ThreadPool({ maxWorkers: 3, minWorkers: 1, idleTimeoutMs: 5 });
    const exits: number[] = [];
    pool.on('workerExited', ({ workerId }) => exits.push(workerId));
    expect(pool.metrics().workers).toHaveLength(1);
    using gate = await occupy(pool, 3);
    const { jobs } = gate;
    expect(pool.metrics().workers.filter((worker) => worker.state === 'busy')).toHaveLength(3);
    gate.open();
    await Promise.all(jobs);
    await until(() => pool.metrics().workers.length === 1);
    expect(exits.length).toBeGreaterThanOrEqual(2); // on a busy machine one may have been idle before
    expect(await pool.submit(tasks.add, [1, 2])).toBe(3);
  });

  test('are minWorkers again after one has died', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2, minWorkers: 2 });
    pool.on('jobFailed', () => {});
    await pool.submit(tasks.exit, [1]).catch(() => {});
    await until(() => pool.metrics().workers.filter((worker) => worker.state === 'idle').length === 2);
  });

  test('with room for several jobs each: one that is blocked is not given what cannot be taken back', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2, concurrency: 2 });
    using gate = await occupy(pool);
    const bytes = new Uint8Array(10);
    const job = pool.submit(tasks.byteLength, [bytes], { transfer: [bytes.buffer] });
    expect(await job).toBe(10);
    expect(job.workerId).not.toBe(gate.jobs[0]?.workerId);
  });

  test('are no more than maxWorkers, and as many as there is work for', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    expect(pool.metrics().workers).toEqual([]);
    await pool.submit(tasks.echo, [1]);
    expect(pool.metrics().workers).toHaveLength(1);
    using gate = await occupy(pool, 2);
    pool.submit(tasks.echo, [1]);
    await Promise.resolve();
    expect(pool.metrics().workers).toHaveLength(2);
    gate.open();
  });
});

describe('events', () => {
  test('do not reach a listener that was taken off', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    let count = 0;
    const unregister = pool.on('jobCancelled', () => {
      count++;
      unregister();
    });
    pool.pause();
    const jobs = [1, 2, 3].map((value) => pool.submit(tasks.echo, [value]));
    pool.cancelAll();
    await Promise.allSettled(jobs);
    expect(count).toBe(1);
  });

  test('tell of each job, in order, after its state has changed', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const told: string[] = [];
    const note = (event: string) => (job: Job) => told.push(`${event} ${job.name} ${job.state}`);
    pool.on('jobStarted', note('started'));
    pool.on('jobCompleted', note('completed'));
    pool.on('jobFailed', note('failed'));
    pool.on('jobCancelled', note('cancelled'));
    const idle = new Promise<void>((resolve) => pool.on('idle', resolve));
    pool.submit(tasks.echo, [1], { name: 'a' });
    pool.submit(tasks.fail, ['no'], { name: 'b' });
    pool.submit(tasks.echo, [1], { name: 'c' }).cancel();
    await idle;
    expect(told).toEqual(
      [
        'cancelled c CANCELLED',
        'started a COMPLETED',
        'completed a COMPLETED',
        'started b FAILED',
        'failed b FAILED',
      ].map((line) => expect.stringMatching(line.replace(/started (\w) \w+/, 'started $1 \\w+'))),
    );
  });

  test('jobStarted comes while the job runs', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    // in an array: a promise resolved with a job would wait for it
    const started = new Promise<[Job]>((resolve) => pool.on('jobStarted', (begun) => resolve([begun])));
    using gate = new Gate();
    const job = pool.submit(tasks.hold, [gate.words]);
    expect((await started)[0]).toBe(job);
    expect(job.state).toBe('RUNNING');
    gate.open();
    await job;
  });

  test('a listener may be taken off, and one that throws stops nothing', async () => {
    const { stdout } = await runProgram(`
      import { ThreadPool } from 'thread-system';
      const pool = new ThreadPool({ maxWorkers: 1 });
      process.on('warning', (warning) => console.log(warning.name + ': ' + warning.message));
      const off = pool.on('jobCompleted', () => console.log('off'));
      pool.on('jobCompleted', () => { throw new Error('bad listener'); });
      pool.on('jobCompleted', (job) => console.log('on ' + job.result));
      off();
      await pool.submit((x) => x, [1]);`);
    expect(stdout).toBe("on 1\nThreadSystemWarning: A listener of 'jobCompleted' threw: bad listener\n");
  });

  test('workerStarted and workerExited name the worker', async () => {
    const pool = new ThreadPool({ maxWorkers: 1 });
    const told: unknown[] = [];
    pool.on('workerStarting', (detail) => told.push(detail));
    pool.on('workerStarted', (detail) => told.push(detail));
    pool.on('workerExited', (detail) => told.push(detail));
    await pool.submit(tasks.echo, [1]);
    await pool.shutdown();
    const life = { jobs: 1, startedAt: expect.any(Number), readyAt: expect.any(Number) };
    expect(told).toEqual([
      { workerId: 0, threadId: expect.any(Number) },
      { workerId: 0, threadId: expect.any(Number) },
      { workerId: 0, exitCode: 1, error: undefined, reason: 'shutdown', ...life },
    ]);
    expect(told[0]).toEqual(told[1]);
  });

  test('an unknown event is refused', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    // @ts-expect-error no such event
    expect(() => pool.on('done', () => {})).toThrow(
      /Cannot listen to 'done' \(did you mean 'jobCompleted'\?\): the events are jobStarted, /,
    );
  });
});

describe('a failed job that nobody looks at', () => {
  const head = `
    import { ThreadPool, taskModule } from 'thread-system';
    const tasks = taskModule(new URL(${JSON.stringify(fixture('basic.mjs').href)}));
    const pool = new ThreadPool({ maxWorkers: 1 });
    process.on('warning', (warning) => console.log(warning.name + ': ' + warning.message.slice(0, 60)));`;

  test('crashes nothing, is counted, and causes a warning once a pool', async () => {
    const { code, stdout } = await runProgram(`${head}
      pool.submit(tasks.fail, ['first']);
      pool.submit(tasks.fail, ['second']);
      await pool.waitAll();
      setImmediate(() => console.log(pool.metrics().failed));`);
    expect(stdout).toBe("2\nUnobservedJobFailure: Job 'fail' (id 1) failed and its error was never observed: R\n");
    expect(code).toBe(0);
  });

  test('causes no warning where somebody listens, or awaits it, or reads its error', async () => {
    const { stdout } = await runProgram(`${head}
      const job = pool.submit(tasks.fail, ['awaited']);
      await job.catch(() => {});
      const read = pool.submit(tasks.fail, ['read']);
      await pool.waitAll();
      console.log(read.error.message);
      const off = pool.on('jobFailed', () => {});
      pool.submit(tasks.fail, ['heard']);
      await pool.waitAll();`);
    expect(stdout).toBe('read\n');
  });
});
