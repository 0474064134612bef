import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import {
  Barrier,
  Condition,
  type CurrentJob,
  Latch,
  Mutex,
  type NotCloneableError,
  Semaphore,
  Signal,
  ThreadPool,
} from 'thread-system';
import { describeChannels } from '../support/channel-conformance.ts';
import { describeConformance } from '../support/conformance.ts';
import { eventually, FileGate, gated } from '../support/file-gate.ts';
import { until } from '../support/gate.ts';
import { sharedPool } from '../support/shared-pool.ts';
import { describeTalking } from '../support/talking-conformance.ts';
import { fixture, tasks } from '../support/tasks.ts';
import { describeTraces, describeTracesOfDeaths } from '../support/trace-conformance.ts';
import { describeWorkers } from '../support/worker-conformance.ts';
import { describeWorkersOf } from '../support/workers-conformance.ts';

describeConformance('process');
describeTalking('process');
describeWorkersOf('process');
describeChannels('process');
describeTraces('process');
describeTracesOfDeaths('process');
describeWorkers('process');

/** Whether there is such a process, a zombie included. */
function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('a child process', () => {
  test('runs the jobs of a worker, and is another one for each worker', async () => {
    await using pool = new ThreadPool({ kind: 'process', maxWorkers: 2 });
    using gate = new FileGate();
    const jobs = [pool.submit(gated.hold, [gate.path]), pool.submit(gated.hold, [gate.path])];
    await gate.reachedBy(2);
    expect(new Set([...gate.pids, process.pid]).size).toBe(3);
    gate.open();
    await Promise.all(jobs);
  });

  test.each(['drain', 'finishRunning', 'abort'] as const)("is gone after shutdown in mode '%s'", async (mode) => {
    const pool = new ThreadPool({ kind: 'process', maxWorkers: 2, graceMs: Number.POSITIVE_INFINITY });
    using gate = new FileGate();
    pool.submit(mode === 'abort' ? gated.deaf : gated.hold, [gate.path]);
    pool.submit(gated.hold, [gate.path]);
    await gate.reachedBy(2);
    const { pids } = gate;
    const end = pool.shutdown({ mode });
    if (mode !== 'abort') gate.open();
    await end;
    expect(pids.filter(isThere)).toEqual([]);
  });

  test('is gone once a job that did not stop has settled', async () => {
    await using pool = new ThreadPool({ kind: 'process', maxWorkers: 1, graceMs: 0 });
    using gate = new FileGate();
    // blocked in native code, which no thread can be taken out of
    const job = pool.submit(
      async (path: string) => {
        const { spawnSync } = await import('node:child_process');
        const { writeFileSync } = await import('node:fs');
        writeFileSync(`${path}/reached`, String(process.pid));
        // ends when this process is gone
        const text = `setInterval(() => { try { process.kill(${process.pid}, 0) } catch { process.exit() } }, 20)`;
        spawnSync(process.execPath, ['-e', text]);
      },
      [gate.path],
    );
    await gate.reachedBy(1);
    const [pid = 0] = gate.pids;
    job.cancel();
    await expect(job).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED' });
    expect(isThere(pid)).toBe(false);
  });

  test.each(['SIGSEGV', 'SIGABRT', 'SIGKILL'] as const)(
    'that dies by %s of its own fails the job that ran, and no other',
    async (signal) => {
      await using pool = new ThreadPool({ kind: 'process', maxWorkers: 1 });
      expect(await pool.submit(tasks.echo, ['before'])).toBe('before');
      const crash = pool.submit(
        (name: string) => {
          process.kill(process.pid, name);
          for (;;);
        },
        [signal],
      );
      const after = pool.submit(tasks.echo, ['after']);
      await expect(crash).rejects.toMatchObject({
        code: 'ERR_WORKER_EXITED',
        cause: { message: `The process was ended by ${signal}` },
      });
      expect(await after).toBe('after');
      expect(after.workerId).not.toBe(crash.workerId);
    },
  );

  test('that is killed from outside fails the job that ran, and the pool refills', async () => {
    await using pool = new ThreadPool({ kind: 'process', minWorkers: 1, maxWorkers: 1 });
    using gate = new FileGate();
    const exits: unknown[] = [];
    pool.on('workerExited', ({ workerId }) => exits.push(workerId));
    const job = pool.submit(gated.hold, [gate.path]);
    await gate.reachedBy(1);
    for (const pid of gate.pids) process.kill(pid, 'SIGKILL');
    await expect(job).rejects.toThrow(
      /ended with exit code 1 while the job was running: The process was ended by SIGKILL$/,
    );
    expect(exits).toEqual([0]);
    expect(await pool.submit(tasks.echo, [1])).toBe(1);
  });

  test('that dies with several jobs settles each by its answer, or by the end', async () => {
    await using pool = new ThreadPool({ kind: 'process', maxWorkers: 1, concurrency: 4 });
    for (let round = 0; round < 5; round++) {
      const answered = pool.submitMany(tasks.echo, [[{ round }], ['big'.repeat(100_000)]]);
      const crash = pool.submit(() => {
        process.kill(process.pid, 'SIGKILL');
        for (;;);
      });
      await expect(crash).rejects.toMatchObject({ code: 'ERR_WORKER_EXITED' });
      for (const job of answered) {
        await Promise.allSettled([job]);
        if (job.state === 'FAILED') expect(job.error).toMatchObject({ code: 'ERR_WORKER_EXITED' });
      }
    }
    expect(pool.metrics()).toMatchObject({ submitted: 15, pending: 0, active: 0 });
  });

  test('does not outlive the process of its pool, whatever it does', async () => {
    const root = fileURLToPath(new URL('../../', import.meta.url));
    const folder = mkdtempSync(join(root, 'build', 'test-orphan-'));
    using gate = new FileGate();
    try {
      const file = join(folder, 'program.mjs');
      writeFileSync(
        file,
        `import { ThreadPool, taskModule } from 'thread-system';
         const tasks = taskModule(${JSON.stringify(fixture('gated.mjs').href)});
         const pool = new ThreadPool({ kind: 'process', maxWorkers: 2 });
         pool.submit(tasks.deaf, [${JSON.stringify(gate.path)}]);
         pool.submit(tasks.hold, [${JSON.stringify(gate.path)}]);
         console.log('submitted');`,
      );
      const parent = spawn(process.execPath, [file], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, NODE_OPTIONS: '' },
      });
      const exited = new Promise((resolve) => parent.once('exit', resolve));
      await new Promise((resolve) => createInterface(parent.stdout).once('line', resolve));
      await gate.reachedBy(2);
      const { pids } = gate;
      expect(pids.every(isThere)).toBe(true);
      parent.kill('SIGKILL');
      await exited;
      await eventually(() => !pids.some(isThere));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('is given env and execArgv', async () => {
    await using pool = new ThreadPool({
      kind: 'process',
      maxWorkers: 1,
      env: { ONLY: 'this' },
      execArgv: ['--stack-trace-limit=7'],
    });
    const seen = await pool.submit(() => ({
      only: process.env['ONLY'],
      home: process.env['PATH'],
      argv: process.execArgv,
    }));
    expect(seen).toEqual({ only: 'this', home: undefined, argv: ['--stack-trace-limit=7'] });
  });

  test('that cannot be made fails the job that it was to run', async () => {
    const folder = mkdtempSync(join(fileURLToPath(new URL('../../', import.meta.url)), 'build', 'test-flags-'));
    try {
      const file = join(folder, 'no-node.cjs');
      writeFileSync(file, `if (!require('node:worker_threads').isMainThread) process.execPath = '/no/such/node';`);
      await using pool = new ThreadPool({
        kind: 'process',
        maxWorkers: 1,
        env: { ...process.env, NODE_OPTIONS: `--require ${file}` },
      });
      await expect(pool.submit(tasks.echo, [1])).rejects.toThrow(/Cannot start a worker: .*\/no\/such\/node ENOENT/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

test('a task that reports without end is cancelled all the same', async () => {
  await using pool = new ThreadPool({ kind: 'process', maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY });
  const job = pool.submit(function (this: CurrentJob): never {
    for (let i = 0; ; i++) {
      this.report(i);
      this.throwIfCancelled();
    }
  });
  await new Promise<void>((resolve) => void job.onProgress(() => resolve()));
  job.cancel('seen enough');
  await expect(job).rejects.toMatchObject({ reason: 'seen enough' });
});

describe('what no other process can have', () => {
  const shared = new SharedArrayBuffer(8);
  // these kill no worker: that there is only the first is a part of what is tested
  const plainPool = sharedPool(
    () => new ThreadPool({ kind: 'process', maxWorkers: 1, idleTimeoutMs: Number.POSITIVE_INFINITY }),
  );

  test.each([
    ['a Semaphore', 'args[0].inner[0]', () => new Semaphore(1)],
    ['a Mutex', 'args[0].inner[0]', () => new Mutex()],
    ['a Condition', 'args[0].inner[0]', () => new Condition(new Mutex())],
    ['a Signal', 'args[0].inner[0]', () => new Signal()],
    ['a Latch', 'args[0].inner[0]', () => new Latch(1)],
    ['a Barrier', 'args[0].inner[0]', () => new Barrier(1)],
    ['a SharedArrayBuffer', 'args[0].inner[0]', () => shared],
    ['a typed array over one', 'args[0].inner[0]', () => new Int32Array(shared)],
  ] as const)('is refused as an argument, by its path: %s', async (_name, path, make) => {
    const pool = plainPool();
    const job = pool.submit(tasks.echo, [{ inner: [make()] } as unknown]);
    await expect(job).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE', path });
    await expect(job).rejects.toThrow(
      / to another process: an instance of \w+, being shared memory, cannot be cloned$/,
    );
    expect(job.attempts).toBe(0);
    expect(await pool.submit(tasks.echo, ['unharmed'])).toBe('unharmed');
    expect(pool.metrics().workers.map(({ id }) => id)).toEqual([0]);
  });

  test('is refused as an argument although it is moved: a MessagePort', async () => {
    const pool = plainPool();
    const { port1, port2 } = new MessageChannel();
    const transfer = [port1] as never;
    const job = pool.submit(tasks.echo, [{ port: port1 } as unknown], { transfer });
    await expect(job).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE', path: 'args[0].port' });
    port2.close();
    expect(await pool.submit(tasks.echo, ['unharmed'])).toBe('unharmed');
  });

  test('is refused as a result and a report, by its path, and in an error is named', async () => {
    const pool = plainPool();
    const result = pool.submit(() => ({ list: [new SharedArrayBuffer(4)] }));
    await expect(result).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE', path: 'result.list[0]' });
    const report = pool.submit(function (this: CurrentJob) {
      this.report({ words: new Int32Array(new SharedArrayBuffer(4)) });
      return 'goes on';
    });
    await expect(report).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE', path: 'report.words' });
    const error = pool.submit(() => {
      throw Object.assign(new Error('with memory'), { words: new SharedArrayBuffer(4) });
    });
    await expect(error).rejects.toMatchObject({
      message: 'with memory',
      words: '[an instance of SharedArrayBuffer, which cannot be cloned]',
    });
    expect(await pool.submit(tasks.echo, ['unharmed'])).toBe('unharmed');
    expect(pool.metrics().workers.map(({ id }) => id)).toEqual([0]);
  });

  test.each<[string, 'messages' | 'receiveSync', 'before' | 'while']>([
    ['before the job runs, and read by messages', 'messages', 'before'],
    ['before the job runs, and read by receiveSync', 'receiveSync', 'before'],
    ['to code that waits in messages', 'messages', 'while'],
    ['to code that waits in receiveSync', 'receiveSync', 'while'],
  ])('is read as an error if it is posted: %s', async (_name, way, when) => {
    const pool = plainPool();
    const job = pool.submit(way === 'messages' ? readNext : readNextSync);
    if (when === 'while') await until(() => job.state === 'RUNNING');
    job.post({ list: [new SharedArrayBuffer(4)] });
    job.post('the next');
    expect(await job).toEqual([{ code: 'ERR_NOT_CLONEABLE', path: 'message.list[0]' }, 'the next']);
    expect(pool.metrics().workers.map(({ id }) => id)).toEqual([0]);
  });
});

/** Reads two messages: an error in place of one, then one. */
async function readNext(this: CurrentJob): Promise<unknown[]> {
  const seen: unknown[] = [];
  while (seen.length < 2) {
    try {
      for await (const message of this.messages) {
        seen.push(message);
        break;
      }
    } catch (error) {
      const { code, path } = error as NotCloneableError;
      seen.push({ code, path });
    }
  }
  return seen;
}

function readNextSync(this: CurrentJob): unknown[] {
  const seen: unknown[] = [];
  while (seen.length < 2) {
    try {
      seen.push(this.receiveSync());
    } catch (error) {
      const { code, path } = error as NotCloneableError;
      seen.push({ code, path });
    }
  }
  return seen;
}
