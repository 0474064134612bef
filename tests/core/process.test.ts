import { describe, expect, test } from '@jest/globals';
import { runProgram } from '../support/program.ts';

describe('a process', () => {
  test('with no unsettled job exits by itself, shutdown or not', async () => {
    const { code, stdout } = await runProgram(`
      import { ThreadPool, CancellationToken } from 'thread-system';
      const idle = new ThreadPool({ minWorkers: 2, maxWorkers: 2 });
      const pool = new ThreadPool({ maxWorkers: 2 });
      console.log(await pool.submit((x) => x * 2, [21]));
      const token = new CancellationToken();
      token.wait(); // an untimed wait keeps nobody`);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '42\n' });
  });

  test('stays for an unsettled job', async () => {
    const { code, stdout } = await runProgram(`
      import { ThreadPool } from 'thread-system';
      const pool = new ThreadPool({ maxWorkers: 1 });
      const slow = () => new Promise((resolve) => setTimeout(resolve, 200, 'slow'));
      pool.on('jobCompleted', (job) => console.log(job.result));
      pool.submit(slow);`);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'slow\n' });
  });

  test('stays for a shutdown that somebody awaits, and for a wait with a time', async () => {
    const { code, stdout } = await runProgram(`
      import { ThreadPool, CancellationToken } from 'thread-system';
      const pool = new ThreadPool({ minWorkers: 1, maxWorkers: 1 });
      console.log(JSON.stringify(await pool.shutdown()));
      console.log(await new CancellationToken().wait({ timeoutMs: 5 }));`);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '{"completed":0,"failed":0,"cancelled":0}\nfalse\n' });
  });

  test('hears a rejection that nobody handles only of a job that somebody awaited', async () => {
    const program = (use: string) => `
      import { ThreadPool } from 'thread-system';
      process.on('unhandledRejection', (error) => console.log('unhandled ' + error.message));
      const pool = new ThreadPool({ maxWorkers: 1 });
      pool.on('jobFailed', () => {});
      const job = pool.submit(() => { throw new Error('no'); });
      ${use}`;
    expect((await runProgram(program(''))).stdout).toBe('');
    expect((await runProgram(program('job.then(() => {});'))).stdout).toBe('unhandled no\n');
  });

  test('whose test fakes the time runs its jobs all the same', async () => {
    const { code, stdout } = await runProgram(`
      import { mock } from 'node:test';
      import { ThreadPool } from 'thread-system';
      mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate'] });
      const pool = new ThreadPool({ maxWorkers: 1 });
      for (let i = 0; i < 200; i++) await pool.submit((x) => x, [i % 2 ? i : { i }]);
      console.log('all ran');`);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'all ran\n' });
  });

  test('may be a text given to -e', async () => {
    const { stdout } = await runProgram(`
      import { execFileSync } from 'node:child_process';
      const text = 'import { ThreadPool } from "thread-system"; console.log(await new ThreadPool({ maxWorkers: 1 }).submit(() => 1));';
      process.stdout.write(execFileSync(process.execPath, ['--input-type=module', '-e', text], { encoding: 'utf8' }));`);
    expect(stdout).toBe('1\n');
  });

  test('may require the library', async () => {
    const { stdout } = await runProgram(`
      import { createRequire } from 'node:module';
      import * as esm from 'thread-system';
      const cjs = createRequire(import.meta.url)('thread-system');
      console.log(cjs.ThreadPool === esm.ThreadPool, await new cjs.ThreadPool({ maxWorkers: 1 }).submit((x) => x, [1]));`);
    expect(stdout).toMatch(/^(true|false) 1\n$/);
  });
});

test('a pool that was shut down leaves no trace, although its tasks live on', async () => {
  const { stdout } = await runProgram(
    `import { ThreadPool } from 'thread-system';
    const task = (x) => x;
    let alive = 0;
    const gone = new FinalizationRegistry(() => alive--);
    for (let i = 0; i < 6; i++) {
      const pool = new ThreadPool({ maxWorkers: 1 });
      alive++;
      gone.register(pool, i);
      await pool.submit(task, [1], { priority: i % 3 });
      await pool.shutdown();
    }
    for (let turn = 0; turn < 100 && alive > 1; turn++) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    console.log(alive <= 1, task(1));`,
    { flags: ['--expose-gc'] },
  );
  expect(stdout.trim()).toBe('true 1');
});
