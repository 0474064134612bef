import { describe, expect, test } from '@jest/globals';
import { ThreadPool, taskModule } from 'thread-system';
import { runProgram } from '../support/program.ts';
import { sharedPool } from '../support/shared-pool.ts';
import { fixture } from '../support/tasks.ts';

interface Hostile {
  throwHostile(): void;
  rejectHostile(): Promise<void>;
  throwAtTwo(value: number): number;
  throwAround(job: unknown, next: () => unknown): void;
  echo<T>(value: T): T;
}
const hostile = taskModule<Hostile>(fixture('hostile.cjs'));
const moduleOf = (file: string) => taskModule<{ task(): number }>(fixture(file)).task;
const MESSAGE = /an object that throws when it is read/;

describe.each(['thread', 'process', 'inline'] as const)(
  'what throws whenever it is read, thrown in kind %s',
  (kind) => {
    const plainPool = sharedPool(() => new ThreadPool({ kind, maxWorkers: 1 }));

    test.each<[string, (pool: ThreadPool) => PromiseLike<unknown>]>([
      ['by a task', (pool) => pool.submit(hostile.throwHostile)],
      ['by an async task', (pool) => pool.submit(hostile.rejectHostile)],
      ['for an item of a map', (pool) => pool.map(hostile.throwAtTwo, [1, 2, 3])],
      ['by a CommonJS module as it is loaded', (pool) => pool.submit(moduleOf('hostile-module.cjs'))],
      ['by an ES module as it is loaded', (pool) => pool.submit(moduleOf('hostile-module.mjs'))],
    ])('%s, fails that job, and no other', async (_, run) => {
      const pool = plainPool();
      const sound = pool.submit(hostile.echo, [1]);
      await expect(Promise.resolve(run(pool))).rejects.toThrow(MESSAGE);
      expect(await sound).toBe(1);
      expect(await pool.submit(hostile.echo, [2])).toBe(2);
      expect(pool.metrics().workerExits.died).toBe(0);
    });

    test('by a module as it is loaded, is told with the module', async () => {
      await using pool = new ThreadPool({ kind, maxWorkers: 1 });
      await expect(Promise.resolve(pool.submit(moduleOf('hostile-module.cjs')))).rejects.toThrow(
        /^Cannot load task module file:.*hostile-module\.cjs: an object that throws when it is read$/,
      );
    });

    test('around a task, fails its job alone', async () => {
      await using pool = new ThreadPool({ kind, maxWorkers: 1, around: hostile.throwAround });
      await expect(Promise.resolve(pool.submit(hostile.echo, [1]))).rejects.toThrow(MESSAGE);
      expect(pool.metrics().workerExits.died).toBe(0);
    });
  },
);

test.each(['thread', 'process', 'inline'])(
  'thrown by a listener, on either side, it is a warning (%s)',
  async (kind) => {
    const { stdout, stderr } = await runProgram(
      `
      import { ThreadPool } from 'thread-system';
      process.on('warning', ({ message }) => console.log(message));
      const pool = new ThreadPool({ kind: '${kind}', maxWorkers: 1 });
      const fail = () => { throw new Proxy(new Error(), { getPrototypeOf: fail, get: fail }); };
      pool.on('jobCompleted', fail);
      const job = pool.submit(function () {
        const fail = () => { throw new Proxy(new Error(), { getPrototypeOf: fail, get: fail }); };
        return new Promise((resolve) => {
          this.onMessage((message) => {
            queueMicrotask(() => resolve(message));
            fail();
          });
        });
      });
      job.post('heard');
      console.log(await job);
      await pool.shutdown();`,
    );
    expect(stdout).toContain('heard');
    const rest = 'threw: an object that throws when it is read';
    expect(stdout).toContain(`A listener of 'jobCompleted' ${rest}`);
    expect(stdout + stderr).toContain(`A listener of messages of job 'anonymous' ${rest}`);
  },
);
