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
});
