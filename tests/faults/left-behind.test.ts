import { EventEmitter } from 'node:events';
import { cpSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { shutdownAll, ThreadPool } from 'thread-system';
import { TempFolder } from '../package/temp-folder.ts';
import { until } from '../support/gate.ts';
import { runProgram } from '../support/program.ts';
import { tasks } from '../support/tasks.ts';

const entry = new URL('../tasks/own-entry.mjs', import.meta.url);

describe('a pool of child processes whose entry was not shipped', () => {
  const program = `
    import { ThreadPool } from 'thread-system';
    const pool = new ThreadPool({ kind: 'process', minWorkers: 1, maxWorkers: 2 });
    const jobs = [1, 2, 3].map((n) => pool.submit((x) => x, [n]));
    for (const job of jobs) await job.catch((error) => console.log(error.code, error.message));`;

  test.each(['', 'console.log(await pool.shutdown());'])(
    'says what to ship, and lets the program end: %p',
    async (end) => {
      await using folder = await TempFolder.make();
      await build({
        stdin: { contents: program + end, resolveDir: process.cwd(), loader: 'js' },
        outfile: folder.file('out.mjs'),
        bundle: true,
        platform: 'node',
        format: 'esm',
      });
      const [first = '', ...others] = (await folder.node('out.mjs')).trim().split('\n');
      expect(first).toContain(
        `at ${folder.file('pool-process.mjs')}, and it is not there: keep thread-system out of the bundle`,
      );
      expect(first).toMatch(
        /^ERR_WORKER_EXITED Cannot start a worker: no thread could be created: kind 'process' needs /,
      );
      expect(others.slice(0, 2)).toEqual([first, first]);
    },
  );

  test('runs once the file is there', async () => {
    await using folder = await TempFolder.make();
    await build({
      stdin: { contents: program.replace('.catch(', '.then(console.log, '), resolveDir: process.cwd(), loader: 'js' },
      outfile: folder.file('out.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
    });
    cpSync(new URL('../../dist/pool-process.mjs', import.meta.url), folder.file('pool-process.mjs'));
    expect(await folder.node('out.mjs')).toBe('1\n2\n3\n');
  });
});

describe('what was made before something threw is ended', () => {
  test('a thread that cannot be sent its first message', async () => {
    const made: Worker[] = [];
    const exits: number[] = [];
    const worker = (): Worker => {
      const thread = new Worker(entry);
      made.push(thread);
      thread.on('exit', (code) => exits.push(code));
      thread.postMessage = () => {
        throw new Error('not to be sent');
      };
      return thread;
    };
    const pool = new ThreadPool({ maxWorkers: 1, worker });
    await expect(pool.submit(tasks.echo, [1])).rejects.toThrow(/not to be sent$/);
    expect(made).toHaveLength(3);
    await until(() => exits.length === 3);
    await pool.shutdown();
  });

  test('a wakeup: a thousand starts that fail use up none', async () => {
    class NoThread extends EventEmitter {
      postMessage(): never {
        throw new Error('no');
      }
      unref(): void {}
      terminate(): void {}
    }
    const pool = new ThreadPool({ maxWorkers: 1, worker: () => new NoThread() as unknown as Worker });
    for (let i = 0; i < 1_100; i++) await pool.submit(tasks.echo, [i]).catch(() => {});
    await pool.shutdown();
    await using other = new ThreadPool({ maxWorkers: 1 });
    expect(await other.submit(tasks.echo, [1])).toBe(1);
  });

  test('listeners for signals of which one cannot be handled', async () => {
    const { stdout } = await runProgram(`
      import { ThreadPool } from 'thread-system';
      try { ThreadPool.handleSignals({ signals: ['SIGINT', 'SIGKILL'] }); } catch (error) { console.log(error.code); }
      console.log(process.listenerCount('SIGINT'));`);
    expect(stdout).toBe('EINVAL\n0\n');
  });

  test('a pool with a bad option: shutdownAll finds none', async () => {
    for (const options of [{ maxWorkers: 'many' }, { kind: 'fork' }])
      expect(() => new ThreadPool(options as never)).toThrow(TypeError);
    expect(await shutdownAll()).toBeUndefined();
  });
});
