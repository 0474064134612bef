import { describe, expect, test } from '@jest/globals';
import { shutdownAll, Thread, ThreadPool } from 'thread-system';
import { Gate } from '../support/gate.ts';
import { runProgram } from '../support/program.ts';
import { tasks } from '../support/tasks.ts';

describe('shutdownAll', () => {
  test('ends all pools, and asks threads and their children to stop', async () => {
    using gate = new Gate();
    const pools = [new ThreadPool({ maxWorkers: 1 }), new ThreadPool({ maxWorkers: 1 })];
    const jobs = pools.map((pool) => pool.submit(tasks.echo, [1]));
    const follow = async function (this: { token: { wait(): Promise<boolean> } }, words: Int32Array): Promise<string> {
      Atomics.add(words, 1, 1);
      await this.token.wait();
      return 'stopped';
    };
    const thread = Thread.run('t', follow, [gate.words]);
    const child = thread.run('c', follow, [gate.words]);
    await gate.reachedBy(2);
    await shutdownAll();
    expect(jobs.map(({ state }) => state)).toEqual(['COMPLETED', 'COMPLETED']);
    for (const pool of pools) expect(() => pool.submit(tasks.echo, [1])).toThrow('the pool is shut down');
    expect([thread, child].map(({ stopped }) => stopped.isSet)).toEqual([true, true]);
    expect(await thread.join()).toBe('stopped');
    expect(await child.join()).toBe('stopped');
    await shutdownAll();
  });

  test("in mode 'abort' ends deaf code at once", async () => {
    using gate = new Gate();
    const pool = new ThreadPool({ maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY });
    const job = pool.submit(tasks.deaf, [gate.words]);
    const thread = Thread.run('t', tasks.deaf, [gate.words], { graceMs: Number.POSITIVE_INFINITY });
    const child = thread.run('c', tasks.deaf, [gate.words], { graceMs: Number.POSITIVE_INFINITY });
    await gate.reachedBy(3);
    await shutdownAll({ mode: 'abort' });
    expect([job, thread.job, child.job].map(({ state }) => state)).toEqual(Array(3).fill('CANCELLED'));
  });

  test('past its time aborts deaf threads too', async () => {
    using gate = new Gate();
    const thread = Thread.run('t', tasks.deaf, [gate.words], { graceMs: Number.POSITIVE_INFINITY });
    await gate.reachedBy(1);
    await shutdownAll({ timeoutMs: 5 });
    expect(thread.job.state).toBe('CANCELLED');
  });

  test('ends pools that the program no longer refers to, while their jobs run or wait', async () => {
    const { code, stdout } = await runProgram(
      `import { shutdownAll, ThreadPool } from 'thread-system';
      const codes = [];
      const forget = (...rest) => new ThreadPool({ maxWorkers: 1 }).submit(...rest).catch(({ code }) => codes.push(code));
      forget(() => new Promise(() => {}));
      forget(() => {}, [], { delayMs: 1e9 });
      for (let i = 0; i < 8; i++) { gc(); await new Promise((resolve) => setImmediate(resolve)); }
      await shutdownAll({ mode: 'abort' });
      console.log(...codes);`,
      { flags: ['--expose-gc'] },
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'ERR_JOB_CANCELLED ERR_JOB_CANCELLED\n' });
  });

  test('refuses bad options, and ends nothing then', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await expect(shutdownAll({ mode: 'now' as never })).rejects.toThrow(
      "Cannot shut down all pools: mode must be one of drain, finishRunning, abort, received 'now'",
    );
    expect(await pool.submit(tasks.echo, [1])).toBe(1);
  });
});

/** A program with 2 workers, whose jobs wait until the program has sent itself a signal. */
const program = (options: string, more: string): string => `
  import { ThreadPool } from 'thread-system';
  const pool = new ThreadPool({ maxWorkers: 2 });
  const words = new Int32Array(new SharedArrayBuffer(8));
  const hold = (words) => { Atomics.add(words, 1, 1); Atomics.wait(words, 0, 0); };
  const open = () => { Atomics.store(words, 0, 1); Atomics.notify(words, 0); };
  process.on('exit', () => console.log('exit'));
  const stop = ThreadPool.handleSignals(${options});
  for (let i = 0; i < 6; i++) pool.submit(hold, [words]);
  const tell = () => {
    const { completed, cancelled, pending, active } = pool.metrics();
    console.log({ completed, cancelled, pending, active });
  };
  pool.on('idle', tell);
  while (Atomics.load(words, 1) < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  ${more}`;

describe('handleSignals', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    'on %s drains, and then lets the signal end the process',
    async (signal) => {
      const text = program(
        '',
        `process.once('${signal}', () => setImmediate(open)); process.kill(process.pid, '${signal}');`,
      );
      const { code, signal: by, stdout } = await runProgram(text);
      expect({ code, by, stdout }).toEqual({
        code: null,
        by: signal,
        stdout: '{ completed: 6, cancelled: 0, pending: 0, active: 0 }\n',
      });
    },
  );

  test('with a mode cancels what waits', async () => {
    const more = `process.once('SIGTERM', () => setImmediate(open)); process.kill(process.pid, 'SIGTERM');`;
    const { signal, stdout } = await runProgram(program(`{ mode: 'finishRunning' }`, more));
    expect({ signal, stdout }).toEqual({
      signal: 'SIGTERM',
      stdout: '{ completed: 2, cancelled: 4, pending: 0, active: 0 }\n',
    });
  });

  test('past its time aborts, and so does a second signal', async () => {
    const once = `process.kill(process.pid, 'SIGTERM');`;
    const twice = `process.once('SIGTERM', () => setImmediate(() => process.kill(process.pid, 'SIGTERM'))); ${once}`;
    for (const [options, more] of [
      ['{ timeoutMs: 20 }', once],
      ['', twice],
    ] as const) {
      const { signal, stdout } = await runProgram(program(options, more));
      expect({ signal, stdout }).toEqual({
        signal: 'SIGTERM',
        stdout: '{ completed: 0, cancelled: 6, pending: 0, active: 0 }\n',
      });
    }
  });

  test('takes the signals it is given, and what it returns takes its handlers off', async () => {
    const { code, stdout } = await runProgram(`
      import { ThreadPool } from 'thread-system';
      const stop = ThreadPool.handleSignals({ signals: ['SIGUSR2'] });
      const counts = () => ['SIGINT', 'SIGTERM', 'SIGUSR2'].map((signal) => process.listenerCount(signal));
      console.log(counts());
      stop();
      console.log(counts());`);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '[ 0, 0, 1 ]\n[ 0, 0, 0 ]\n' });
  });

  test('does not keep the process', async () => {
    expect(
      await runProgram(`import { ThreadPool } from 'thread-system'; ThreadPool.handleSignals(); new ThreadPool();`),
    ).toMatchObject({ code: 0, signal: null, stderr: '' });
  });

  test.each<[unknown, string]>([
    [{ mode: 'now' }, "mode must be one of drain, finishRunning, abort, received 'now'"],
    [{ timeoutMs: -1 }, 'timeoutMs must be 0 or more milliseconds, received -1'],
    [{ signals: 'SIGINT' }, "signals must be an array, received 'SIGINT'"],
    [{ signals: ['SIGWHAT'] }, "signals must be names of signals, but contains 'SIGWHAT'"],
    [{ signlas: [] }, "there is no option 'signlas'"],
    [null, 'options must be an object, received null'],
  ])('refuses %p', (options, message) => {
    expect(() => ThreadPool.handleSignals(options as never)).toThrow('Cannot handle signals: ');
    expect(() => ThreadPool.handleSignals(options as never)).toThrow(message);
  });
});

describe('handleSignals({ before })', () => {
  const program = (before: string): string => `
    import { ThreadPool } from 'thread-system';
    const pool = new ThreadPool({ maxWorkers: 1 });
    ThreadPool.handleSignals({ before: ${before} });
    pool.on('jobCompleted', () => console.log('job'));
    await pool.submit(() => 1);
    process.on('warning', ({ message }) => console.log(message));
    process.kill(process.pid, 'SIGTERM');
    setInterval(() => {}, 1e9);`;

  test('is awaited before the pools are shut down', async () => {
    const before = `async () => { await pool.submit(() => 3); console.log('before', pool.state); }`;
    const { stdout } = await runProgram(program(before));
    expect(stdout).toBe('job\njob\nbefore open\n');
  });

  test('that fails is a warning', async () => {
    const { stdout } = await runProgram(program(`() => { throw new Error('no server'); }`));
    expect(stdout).toBe('job\nA listener of before threw: no server\n');
  });

  test('that does not end is not awaited after a second signal', async () => {
    const before = `() => { console.log('before'); process.kill(process.pid, 'SIGTERM'); return new Promise(() => {}); }`;
    const { stdout } = await runProgram(program(before));
    expect(stdout).toBe('job\nbefore\n');
  });

  test('must be a function', () => {
    expect(() => ThreadPool.handleSignals({ before: 5 as never })).toThrow('before must be a function, received 5');
  });
});
