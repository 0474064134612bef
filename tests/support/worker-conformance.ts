import { describe, expect, test } from '@jest/globals';
import {
  CancellationToken,
  CancelledError,
  JobTimeoutError,
  ThreadPool,
  type ThreadPoolOptions,
  WorkerExitError,
} from 'thread-system';
import type { Kind } from './conformance.ts';
import { FileGate, gated } from './file-gate.ts';
import { runProgram } from './program.ts';
import { sharedPool } from './shared-pool.ts';
import { tasks } from './tasks.ts';

/** What every kind of pool does alike whose workers are threads of their own: code that blocks, or ends its thread. */
export function describeWorkers(kind: Kind): void {
  const makePool = (options: ThreadPoolOptions = {}): ThreadPool =>
    new ThreadPool({ kind, maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY, ...options });

  describe('a CPU loop', () => {
    const plainPool = sharedPool(() => makePool({ idleTimeoutMs: Number.POSITIVE_INFINITY }));

    test('that looks at its job stops when it is cancelled, and its worker is kept', async () => {
      const pool = plainPool();
      using gate = new FileGate();
      const job = pool.submit(gated.spin, [gate.path]);
      await gate.reachedBy(1);
      expect(job.state).toBe('RUNNING');
      expect(job.cancel('enough')).toBe(true);
      await expect(job).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'enough' });
      const next = pool.submit(tasks.add, [1, 2]);
      expect(await next).toBe(3);
      expect([job.workerId, next.workerId]).toEqual([0, 0]);
    });

    test('that looks at its job stops when its time is over', async () => {
      const pool = plainPool();
      using gate = new FileGate();
      const job = pool.submit(gated.spin, [gate.path], { timeoutMs: 50 });
      await expect(job).rejects.toBeInstanceOf(JobTimeoutError);
      const next = pool.submit(tasks.add, [1, 2]);
      expect(await next).toBe(3);
      expect(next.workerId).toBe(0);
    });

    test('that looks at a token it was given stops, whichever side cancels', async () => {
      await using pool = makePool({ maxWorkers: 2 });
      using gate = new FileGate();
      const [mine, theirs] = [new CancellationToken(), new CancellationToken()];
      const first = pool.submit(gated.spinUntil, [gate.path, mine]);
      await gate.reachedBy(1);
      mine.cancel();
      expect(await first).toBe('seen');
      const second = pool.submit(gated.spinUntil, [gate.path, theirs]);
      await gate.reachedBy(2);
      await pool.submit(gated.cancelToken, [theirs, 'found']);
      expect(await second).toBe('seen');
    });

    test('that never looks is ended with its worker after the grace, and the next job runs on another', async () => {
      await using pool = makePool({ graceMs: 20 });
      using gate = new FileGate();
      const job = pool.submit(gated.deaf, [gate.path]);
      const after = pool.submit(tasks.add, [1, 2]);
      await gate.reachedBy(1);
      job.cancel('too long');
      await expect(job).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'too long' });
      expect(await after).toBe(3);
      expect(after.workerId).not.toBe(job.workerId);
    });

    test('that never looks is ended with its worker although other jobs are open there', async () => {
      await using pool = makePool({ concurrency: 2, graceMs: 150 });
      using gate = new FileGate();
      const open = pool.submit(gated.hold, [gate.path]);
      await gate.reachedBy(1);
      const job = pool.submit(gated.deaf, [gate.path]);
      await gate.reachedBy(2);
      job.cancel('too long');
      await expect(job).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'too long' });
      await expect(open).rejects.toMatchObject({
        code: 'ERR_WORKER_EXITED',
        cause: { message: "Job 'deaf' did not stop within 150 ms of being asked to" },
      });
    });

    test('with concurrency leaves the others to be cancelled that were sent behind it', async () => {
      await using pool = makePool({ concurrency: 2 });
      using gate = new FileGate();
      const busy = pool.submit(gated.block, [gate.path, 'done']);
      await gate.reachedBy(1);
      const behind = pool.submit(tasks.echo, [1]);
      behind.cancel('not needed');
      gate.open();
      await expect(behind).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'not needed' });
      expect(await busy).toBe('done');
      expect(pool.metrics().workers.map(({ id }) => id)).toEqual([0]);
    });
  });

  describe('a worker that dies', () => {
    test('by process.exit() fails the job that ran, and no other', async () => {
      await using pool = makePool();
      const before = pool.submitMany(tasks.echo, [[{ n: 1 }], ['two'], [3]]);
      const victim = pool.submit(tasks.exit, [7]);
      const after = pool.submitMany(tasks.echo, [[4], [{ n: 5 }]]);
      await expect(victim).rejects.toBeInstanceOf(WorkerExitError);
      await expect(victim).rejects.toMatchObject({ code: 'ERR_WORKER_EXITED', exitCode: 7 });
      expect(victim).toMatchObject({ state: 'FAILED', attempts: 1 });
      expect(await Promise.all(before)).toEqual([{ n: 1 }, 'two', 3]);
      expect(await Promise.all(after)).toEqual([4, { n: 5 }]);
      expect(after[0]?.workerId).not.toBe(victim.workerId);
    });

    test('is tried again only with retry.onWorkerExit', async () => {
      await using pool = makePool();
      const again = pool.submit(gated.surviveAt, [2], { retry: { maxAttempts: 3, onWorkerExit: true } });
      expect(await again).toBe(2);
      expect(again.attempts).toBe(2);
      const once = pool.submit(gated.surviveAt, [2], { retry: { maxAttempts: 3 } });
      await expect(once).rejects.toMatchObject({ exitCode: 1 });
    });

    test('by lack of memory says so, and the next job runs', async () => {
      await using pool = makePool({ resourceLimits: { maxOldGenerationSizeMb: 16 } });
      const job = pool.submit(() => {
        const kept: unknown[] = [];
        for (;;) kept.push([kept.length]); // small: of larger ones, some versions of V8 notice too late
      });
      await expect(job).rejects.toMatchObject({
        code: 'ERR_WORKER_EXITED',
        cause: { code: 'ERR_WORKER_OUT_OF_MEMORY' },
      });
      expect(await pool.submit(tasks.add, [1, 2])).toBe(3);
    });

    test('takes with it the others that were open there', async () => {
      await using pool = makePool({ concurrency: 2 });
      using gate = new FileGate();
      const open = pool.submit(gated.hold, [gate.path]);
      await gate.reachedBy(1);
      await expect(pool.submit(tasks.exit, [3])).rejects.toMatchObject({ exitCode: 3 });
      await expect(open).rejects.toMatchObject({ code: 'ERR_WORKER_EXITED', exitCode: 3 });
    });

    test('at its start, each time, fails the jobs that wait', async () => {
      await using pool = makePool({ execArgv: ['--require', '/there/is/no/such/module.cjs'] });
      const job = pool.submit(tasks.echo, [1]);
      await expect(job).rejects.toThrow(/Cannot start a worker/);
      expect(job.attempts).toBe(0);
    });
  });

  describe('an uncaught error', () => {
    test('of a settled job comes as lateError, with the job; its worker is kept', async () => {
      await using pool = makePool();
      const late = new Promise<object>((resolve) => pool.on('lateError', resolve));
      const job = pool.submit(tasks.leaveErrorBehind);
      expect(await job).toBe('returned');
      using gate = new FileGate();
      const keepsTurning = pool.submit(gated.hold, [gate.path, 'same worker']);
      expect(await late).toMatchObject({ error: { message: 'left behind' }, job: { id: job.id } });
      gate.open();
      expect(await keepsTurning).toBe('same worker');
      expect(keepsTurning.workerId).toBe(0);
    });

    test('of a running job fails that job, and not the one beside it', async () => {
      await using pool = makePool({ concurrency: 2 });
      using gate = new FileGate();
      const beside = pool.submit(gated.hold, [gate.path, 'fine']);
      await gate.reachedBy(1);
      await expect(pool.submit(tasks.throwWhileOpen)).rejects.toThrow('uncaught while open');
      gate.open();
      expect(await beside).toBe('fine');
    });
  });

  describe('shutdown', () => {
    test("with 'abort' ends code that never looks, without grace", async () => {
      const pool = makePool();
      using gate = new FileGate();
      const job = pool.submit(gated.deaf, [gate.path]);
      const pending = pool.submit(tasks.echo, [1]);
      await gate.reachedBy(1);
      expect(await pool.shutdown({ mode: 'abort' })).toEqual({ completed: 0, failed: 0, cancelled: 2 });
      expect(job.error).toBeInstanceOf(CancelledError);
      expect(pending.state).toBe('CANCELLED');
      expect(pool.metrics().workers).toEqual([]);
    });

    test('past its time aborts the rest', async () => {
      const pool = makePool();
      using gate = new FileGate();
      pool.submit(gated.deaf, [gate.path]);
      await gate.reachedBy(1);
      expect(await pool.shutdown({ timeoutMs: 10 })).toEqual({ completed: 0, failed: 0, cancelled: 1 });
    });

    test('of a pool whose worker has only begun to start ends it too', async () => {
      const pool = makePool({ minWorkers: 1 });
      expect(await pool.shutdown({ mode: 'abort' })).toEqual({ completed: 0, failed: 0, cancelled: 0 });
      expect(pool.metrics().workers).toEqual([]);
    });

    test('is not needed: a program whose jobs have all settled exits by itself', async () => {
      const { code, stdout } = await runProgram(`
        import { ThreadPool } from 'thread-system';
        const idle = new ThreadPool({ kind: '${kind}', minWorkers: 1, maxWorkers: 1 });
        const pool = new ThreadPool({ kind: '${kind}', maxWorkers: 1 });
        console.log(await pool.submit((x) => x * 2, [21]));`);
      expect({ code, stdout }).toEqual({ code: 0, stdout: '42\n' });
    });
  });
}
