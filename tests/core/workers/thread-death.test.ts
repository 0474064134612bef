import { describe, expect, test } from '@jest/globals';
import { type CurrentJob, type Job, ThreadPool, WorkerExitError } from 'thread-system';
import { Gate, occupy, occupyAsync } from '../../support/gate.ts';
import { OrderLog } from '../../support/order-log.ts';
import { runProgram } from '../../support/program.ts';
import { fixture, tasks } from '../../support/tasks.ts';

describe('a thread that dies', () => {
  test('fails only the job it was running, and is replaced', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const before = pool.submitMany(tasks.echo, [[{ n: 1 }], ['two'], [3]]);
    const victim = pool.submit(tasks.exit, [7]);
    const after = pool.submitMany(tasks.echo, [[4], [{ n: 5 }]]);
    await expect(victim).rejects.toMatchObject({ name: 'WorkerExitError', code: 'ERR_WORKER_EXITED', exitCode: 7 });
    expect(victim.error).toBeInstanceOf(WorkerExitError);
    expect(String(victim.error)).toMatch("The thread of job 'exit' ended with exit code 7 while the job was running");
    expect(victim.attempts).toBe(1);
    expect(await Promise.all(before)).toEqual([{ n: 1 }, 'two', 3]);
    expect(await Promise.all(after)).toEqual([4, { n: 5 }]);
    expect(after[0]?.workerId).not.toBe(victim.workerId);
  });

  test('after answers for jobs on which others depend, settles each once', async () => {
    const pool = new ThreadPool({ maxWorkers: 1 });
    await Promise.all(pool.submitMany(tasks.echo, Array(300).fill([0]))); // its run time is known: many are sent ahead
    const words = new Int32Array(new SharedArrayBuffer(4));
    const jobs = Array.from({ length: 20 }, (_, i) => pool.submit(tasks.echo, [i]));
    const dependents = jobs.map((job, i) => pool.submit(tasks.echo, [-i], { dependsOn: [job] }));
    const last = pool.submit(
      (done: Int32Array): never => {
        Atomics.store(done, 0, 1);
        Atomics.notify(done, 0);
        process.exit(3);
      },
      [words],
    );
    await Promise.resolve(); // all are sent
    // so that the thread is gone, most likely, before its answers are read
    Atomics.wait(words, 0, 0, 2_000);
    Atomics.wait(words, 0, 1, 200);
    await expect(last).rejects.toMatchObject({ code: 'ERR_WORKER_EXITED' });
    expect(await Promise.all(jobs)).toEqual(jobs.map((_, i) => i));
    expect(await Promise.all(dependents)).toEqual(dependents.map((_, i) => -i));
    expect(pool.metrics()).toMatchObject({ submitted: 341, completed: 340, failed: 1, pending: 0, active: 0 });
    await pool.shutdown();
  });

  test('gives back what was sent ahead to it, in its places', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const log = new OrderLog(800);
    for (let i = 0; i < 300; i++) pool.submit(tasks.many, [i]);
    await pool.waitAll();
    const victims: Job[] = [];
    pool.on('jobFailed', (job) => void victims.push(job));
    for (let i = 0; i < 800; i++) {
      if (i % 200 === 100) pool.submit(tasks.exit, [1]);
      pool.submit(tasks.note, [log.words, i]);
    }
    await pool.waitAll();
    expect(victims.map((job) => job.state)).toEqual(['FAILED', 'FAILED', 'FAILED', 'FAILED']);
    expect(log.values).toEqual(Array.from({ length: 800 }, (_, i) => i));
  });

  test('by lack of memory says so', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, resourceLimits: { maxOldGenerationSizeMb: 16 } });
    const job = pool.submit(() => {
      const kept: unknown[] = [];
      for (;;) kept.push([kept.length]); // small: of larger ones, some versions of V8 notice too late
    });
    await expect(job).rejects.toMatchObject({ code: 'ERR_WORKER_EXITED', cause: { code: 'ERR_WORKER_OUT_OF_MEMORY' } });
    expect(await pool.submit(tasks.add, [1, 2])).toBe(3);
  });

  test('as it rings for all workers leaves no answer of another unheard', async () => {
    for (let round = 0; round < 20; round++) {
      await using pool = new ThreadPool({ maxWorkers: 2, minWorkers: 2 });
      using gate = await occupy(pool);
      using dying = new Gate();
      const victim = pool.submit(
        function (this: CurrentJob, words: Int32Array) {
          Atomics.add(words, 1, 1);
          Atomics.wait(words, 0, 0);
          this.report('last words'); // rings
          process.exit(3);
        },
        [dying.words],
      );
      await dying.reachedBy(1);
      // no turn of this thread's event loop: the ring and the end of the thread are heard together
      dying.open();
      for (const end = performance.now() + 20; performance.now() < end; );
      await expect(victim).rejects.toMatchObject({ exitCode: 3 });
      gate.open();
      expect(await gate.jobs[0]).toBeUndefined();
    }
  });

  test('takes a transferred buffer with it: that job fails rather than run without', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const bytes = new Uint8Array(8);
    const job = pool.submit(tasks.byteLength, [bytes], { transfer: [bytes.buffer] });
    expect(await job).toBe(8);
    expect(bytes.byteLength).toBe(0);
  });

  test('at its start, each time, fails the jobs that wait', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, execArgv: ['--require', '/there/is/no/such/module.cjs'] });
    const jobs = pool.submitMany(tasks.echo, [[1], [2]]);
    for (const job of jobs)
      await expect(job).rejects.toMatchObject({
        code: 'ERR_WORKER_EXITED',
        message: expect.stringMatching(/Cannot start a worker/),
      });
    expect(pool.metrics()).toMatchObject({ failed: 2, pending: 0 });
  });

  test('at its start, again and again, does not hold up a shutdown', async () => {
    const pool = new ThreadPool({ maxWorkers: 2, execArgv: ['--require', '/there/is/no/such/module.cjs'] });
    pool.on('jobFailed', () => {});
    pool.submitMany(tasks.echo, [[1], [2], [3], [4], [5], [6]]);
    expect(await pool.shutdown()).toEqual({ completed: 0, failed: 6, cancelled: 0 });
  });

  test('that cannot even be made costs the same', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, execArgv: ['--no-such-flag'] });
    await expect(pool.submit(tasks.echo, [1])).rejects.toMatchObject({ code: 'ERR_WORKER_EXITED' });
  });
});

test('a thread that cannot be made in place of one that died costs nothing, until a job needs it', async () => {
  const { code, stdout, stderr } = await runProgram(`
    import { Worker } from 'node:worker_threads';
    import { createRequire } from 'node:module';
    import { pathToFileURL } from 'node:url';
    import { ThreadPool } from 'thread-system';
    const file = pathToFileURL(createRequire(import.meta.url).resolve('thread-system/pool-worker'));
    let made = 0;
    const worker = () => {
      if (++made === 2) throw new Error('no thread to be had');
      return new Worker(file);
    };
    const pool = new ThreadPool({ minWorkers: 1, maxWorkers: 1, worker });
    const exited = new Promise((resolve) => pool.on('workerExited', resolve));
    await pool.submit(() => process.exit(3)).catch((error) => console.log(error.exitCode));
    await exited;
    console.log(await pool.submit(() => 'the next one'), made);`);
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '3\nthe next one 3\n', stderr: '' });
});

describe('an uncaught error', () => {
  test('of a job that is settled comes as lateError; its thread is kept, and no other job is hurt', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const late = new Promise<{ error: Error; job: { id: number | string } | undefined }>((resolve) =>
      pool.on('lateError', resolve),
    );
    const job = pool.submit(tasks.leaveErrorBehind);
    expect(await job).toBe('returned');
    using gate = await occupyAsync(pool);
    const { jobs } = gate;
    const { error, job: of } = await late;
    expect(error).toMatchObject({ message: 'left behind' });
    expect(of).toEqual({ id: job.id });
    gate.open();
    await jobs[0];
    expect(jobs[0]?.workerId).toBe(0);
  });

  test('of a task that first returned no promise, and then one, fails that job', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const fickle = (isAsync: boolean) => {
      if (!isAsync) return undefined;
      setTimeout(() => {
        throw new Error('boom');
      }, 1);
      return new Promise(() => {});
    };
    await pool.submit(fickle, [false]);
    await expect(pool.submit(fickle, [true])).rejects.toThrow('boom');
  });

  test('that nobody listens for is a process warning', async () => {
    const { stdout } = await runProgram(`
      import { ThreadPool, taskModule } from 'thread-system';
      const tasks = taskModule(${JSON.stringify(fixture('basic.mjs').href)});
      const pool = new ThreadPool({ maxWorkers: 1 });
      await pool.submit(tasks.leaveErrorBehind);
      const wait = setInterval(() => {}, 1000);
      process.once('warning', (warning) => {
        console.log(warning.name + ': ' + warning.message);
        clearInterval(wait);
      });`);
    expect(stdout).toBe(
      "LateError: Uncaught error in a worker, from job 1, which has already settled: left behind. Listen to 'lateError' to handle it\n",
    );
  });

  test('of a job that runs fails that job, and not the one beside it', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, concurrency: 2 });
    using gate = await occupyAsync(pool);
    const { jobs } = gate;
    const job = pool.submit(tasks.throwWhileOpen);
    await expect(job).rejects.toThrow('uncaught while open');
    expect(jobs[0]?.state).toBe('RUNNING');
    gate.open();
    await jobs[0];
  });
});

test('a busy worker dies with its job while another gets on', async () => {
  await using pool = new ThreadPool({ maxWorkers: 2 });
  using gate = await occupy(pool);
  const { jobs } = gate;
  await expect(pool.submit(tasks.exit, [0])).rejects.toMatchObject({ exitCode: 0 });
  gate.open();
  await Promise.all(jobs);
});
