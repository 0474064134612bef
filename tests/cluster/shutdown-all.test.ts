import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ThreadPool } from 'thread-system';
import { ClusterHost, ClusterPool } from 'thread-system/cluster';
import { runProgram } from '../support/program.ts';
import { RedisServer } from '../support/redis-server.ts';
import { HostProcess, NoteFile, newQueue, tasks, until } from './cluster-fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

test.each(['drain', 'finishRunning', 'abort'] as const)(
  'in mode %s gives back what a host runs and has fetched: no job is cancelled',
  async (mode) => {
    const queue = newQueue();
    const { connection } = server;
    for (const batch of [false, { max: 8 }] as const) {
      await using pool = new ClusterPool({ connection, queue, batch });
      const first = await HostProcess.start(server, { queue, maxWorkers: 1, window: 3, id: 'first' });
      using notes = new NoteFile(); // which no job finds before the first host has ended
      const { path } = notes;
      const jobs = pool.submitMany(
        tasks.waitFor,
        Array.from({ length: 6 }, () => [path] as const),
      );
      await until(() => jobs.some(({ state }) => state === 'RUNNING'));
      expect(await first.shutDownAll({ mode, timeoutMs: 10 })).toBe(0);
      writeFileSync(path, '');
      await using _second = await HostProcess.start(server, { queue, id: 'second' });
      expect(await Promise.all(jobs)).toEqual(jobs.map(() => path));
      expect(jobs.map(({ attempts, hostId }) => [attempts, hostId])).toEqual(jobs.map(() => [1, 'second']));
    }
  },
);

test('ends pools that the program no longer refers to: jobs are left to the hosts, or cancelled', async () => {
  const queue = newQueue();
  const { connection } = server;
  const { code, stdout } = await runProgram(
    `import { shutdownAll } from 'thread-system';
    import { ClusterPool, remoteTasks } from 'thread-system/cluster';
    const submit = async () => {
      const pool = new ClusterPool({ connection: ${JSON.stringify(connection)}, queue: '${queue}' });
      const job = pool.submit(remoteTasks().echo, ['here']);
      await job.added;
      return { id: job.id, code: job.catch(({ code }) => code) };
    };
    const ids = [];
    for (const options of [{ timeoutMs: 5 }, { mode: 'finishRunning' }, { mode: 'abort' }]) {
      const { id, code } = await submit();
      for (let i = 0; i < 8; i++) { gc(); await new Promise((resolve) => setImmediate(resolve)); }
      await shutdownAll(options);
      console.log(id, await code);
    }`,
    { flags: ['--expose-gc'] },
  );
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
  expect({ code, codes: lines.map(([, error]) => error) }).toEqual({
    code: 0,
    codes: ['ERR_DETACHED', 'ERR_JOB_CANCELLED', 'ERR_JOB_CANCELLED'],
  });
  await using pool = new ClusterPool({ connection, queue });
  const left = await pool.job(lines[0]?.[0] ?? '');
  await using _host = await HostProcess.start(server, { queue });
  expect(await left?.finally()).toBe('here');
});

describe.each(['drain', 'finishRunning', 'abort'] as const)('a pool that is shut down in mode %s', (mode) => {
  test('by others than its host: the host gives back what it has, says so once, and leaves', async () => {
    const [{ connection }, queue] = [server, newQueue()];
    await using cluster = new ClusterPool({ connection, queue, batch: false });
    const pool = new ThreadPool({ maxWorkers: 1 });
    const said: string[] = [];
    const note = (line: string): void => void said.push(line);
    const logger = { debug: note, info: note, warn: note, error: note };
    const host = new ClusterHost({ connection, queue, tasks, pool, window: 3, id: 'first', logger });
    const left: unknown[] = [];
    host.on('drained', () => left.push('drained'));
    const jobs = cluster.submitMany(
      tasks.work,
      Array.from({ length: 6 }, () => [100] as const),
    );
    await until(() => jobs.some(({ state }) => state === 'RUNNING'));
    await pool.shutdown({ mode });
    await host.closed;
    expect(left).toEqual(['drained']);
    expect(said.filter((line) => line.includes('leaves'))).toEqual([
      'first: The pool was shut down: the host leaves the queue',
    ]);
    expect(host.metrics().fetched).toBeLessThanOrEqual(2 * jobs.length);
    await using _second = new ClusterHost({ connection, queue, tasks, maxWorkers: 2, id: 'second' });
    expect(await Promise.all(jobs)).toEqual(jobs.map(() => 100));
    expect(jobs.map(({ attempts }) => attempts)).toEqual(jobs.map(() => 1));
    expect(() => new ClusterHost({ connection, queue, tasks, pool })).toThrow(
      'Cannot create cluster host: the pool is shut down',
    );
  });
});

test('a pool that is paused is not shut down: what its own machine cancels there is cancelled', async () => {
  const [{ connection }, queue] = [server, newQueue()];
  await using cluster = new ClusterPool({ connection, queue });
  await using pool = new ThreadPool({ maxWorkers: 1 });
  pool.pause();
  await using _host = new ClusterHost({ connection, queue, tasks, pool });
  const job = cluster.submit(tasks.noop);
  await until(() => pool.metrics().pending === 1);
  pool.cancelAll();
  await expect(job).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED' });
});
