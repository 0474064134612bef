import { Worker } from 'node:worker_threads';
import { describe, expect, test } from '@jest/globals';
import { type Job, ThreadPool } from 'thread-system';
import { FileLog } from '../support/file-gate.ts';
import { occupy, until } from '../support/gate.ts';
import { runProgram } from '../support/program.ts';
import { tasks } from '../support/tasks.ts';

const entry = new URL('../tasks/own-entry.mjs', import.meta.url);
const noThread = (): Error => Object.assign(new Error('EAGAIN'), { code: 'ERR_WORKER_INIT_FAILED' });

/** Makes a thread each time that `isAllowed` says so of its number, from 1. */
function makeSome(isAllowed: (number: number) => boolean): () => Worker {
  let made = 0;
  return () => {
    if (!isAllowed(++made)) throw noThread();
    return new Worker(entry);
  };
}

const submitMany = (pool: ThreadPool, count: number): Job[] =>
  pool.submitMany(
    tasks.echo,
    Array.from({ length: count }, (_, i) => [i]),
  );

test('a thread that lacks the loaders of its process, as under Yarn PnP, is said to need them', async () => {
  const { stdout } = await runProgram(
    `import { ThreadPool } from 'thread-system';
    for (const env of [{ LEVEL: 'debug' }, { ...process.env }, undefined]) {
      const pool = new ThreadPool({ maxWorkers: 1, env, execArgv: ['--require', '/nowhere.cjs'] });
      console.log(await pool.submit((x) => x, [1]).catch((error) => error.message.split('\\n').at(-1)));
    }`,
    { env: { NODE_OPTIONS: '--require node:path' } },
  );
  const [without = '', ...others] = stdout.trimEnd().split('\n');
  expect(without).toMatch(/; the option env has no NODE_OPTIONS, .*: write env: \{ \.\.\.process\.env, … \}$/);
  expect(others).toHaveLength(2);
  expect(others.filter((message) => message.includes('NODE_OPTIONS'))).toEqual([]);
});

describe('where some threads cannot start, those that live do the work', () => {
  test.each<[string, (number: number) => boolean]>([
    ['all after the eighth', (number) => number <= 8],
    ['the first', (number) => number > 1],
    ['the first two', (number) => number > 2],
    ['every second', (number) => number % 2 === 0],
    ['two of three', (number) => number % 3 === 0],
  ])('%s fails', async (_which, isAllowed) => {
    await using pool = new ThreadPool({ maxWorkers: 12, worker: makeSome(isAllowed) });
    expect(await Promise.all(submitMany(pool, 48))).toHaveLength(48);
    expect(pool.metrics()).toMatchObject({ completed: 48, failed: 0 });
  });

  test('although none is ready yet, or all are busy', async () => {
    await using pool = new ThreadPool({ maxWorkers: 4, worker: makeSome((number) => number <= 2) });
    using gate = await occupy(pool, 2);
    const jobs = submitMany(pool, 10);
    await until(() => pool.metrics().pending > 0);
    gate.open();
    expect(await Promise.all(jobs)).toHaveLength(10);
  });

  test.each(['thread', 'process'] as const)('although the setup of others fails (%s)', async (kind) => {
    await using pool = new ThreadPool({
      kind,
      maxWorkers: 4,
      setup: function halfOfThem(this: { workerId: number }) {
        if (this.workerId % 2 === 0) throw new Error('not here');
      },
    });
    expect(await Promise.all(submitMany(pool, 20))).toHaveLength(20);
    expect(pool.metrics()).toMatchObject({ completed: 20, failed: 0 });
  });

  test('at the start of a pool with minWorkers, which is made all the same', async () => {
    await using pool = new ThreadPool({ minWorkers: 3, maxWorkers: 4, worker: makeSome((number) => number !== 2) });
    expect(await Promise.all(submitMany(pool, 10))).toHaveLength(10);
  });

  test('and the process is warned once', async () => {
    const { stdout } = await runProgram(`
      import { Worker } from 'node:worker_threads';
      import { createRequire } from 'node:module';
      import { pathToFileURL } from 'node:url';
      import { ThreadPool } from 'thread-system';
      const file = pathToFileURL(createRequire(import.meta.url).resolve('thread-system/pool-worker'));
      process.on('warning', ({ name, message }) => console.log(name + ': ' + message));
      let made = 0;
      const worker = () => { if (++made > 3) throw new Error('EAGAIN'); return new Worker(file); };
      const pool = new ThreadPool({ maxWorkers: 8, worker });
      await Promise.all(Array.from({ length: 100 }, (_, i) => pool.submit((x) => x, [i])));
      console.log(pool.metrics().completed);`);
    expect(stdout.split('\n')).toEqual([
      'ThreadSystemWarning: Cannot start a worker: no thread could be created: EAGAIN. Continuing with the other workers; retrying in 1000 ms',
      '100',
      '',
    ]);
  });
});

describe('where none lives', () => {
  test('a start that fails is tried again, and costs no job', async () => {
    await using pool = new ThreadPool({
      maxWorkers: 1,
      idleTimeoutMs: 0,
      worker: makeSome((number) => number % 3 === 1),
    });
    expect(await pool.submit(tasks.echo, [1])).toBe(1);
    await until(() => pool.metrics().workers.length === 0); // it was idle: the next start fails, twice
    expect(await pool.submit(tasks.echo, [2])).toBe(2);
    expect(pool.metrics()).toMatchObject({ completed: 2, failed: 0 });
  });

  test('starts that fail again and again fail the jobs, with the cause; the pool recovers', async () => {
    let isAllowed = false;
    await using pool = new ThreadPool({ maxWorkers: 2, worker: makeSome(() => isAllowed) });
    for (const job of submitMany(pool, 3)) {
      await expect(job).rejects.toMatchObject({
        code: 'ERR_WORKER_EXITED',
        message: 'Cannot start a worker: no thread could be created: EAGAIN',
        cause: { code: 'ERR_WORKER_INIT_FAILED' },
      });
      expect(job.attempts).toBe(0);
    }
    isAllowed = true;
    expect(await pool.submit(tasks.echo, [1])).toBe(1);
  });

  test('processes that die as they start, one after the other, fail the jobs, and the next one runs', async () => {
    using log = new FileLog();
    const preload = `data:text/javascript,import { appendFileSync, readFileSync } from 'node:fs'; import { isMainThread } from 'node:worker_threads';
      if (isMainThread) { appendFileSync('${log.path}', 'x'); if (readFileSync('${log.path}', 'utf8').length <= 2) process.exit(9); }`;
    await using pool = new ThreadPool({ kind: 'process', maxWorkers: 1, execArgv: ['--import', preload] });
    expect(await pool.submit(tasks.echo, [1])).toBe(1);
    expect(log.lines).toEqual(['xxx']);
  });
});
