import { AsyncLocalStorage } from 'node:async_hooks';
import { channel } from 'node:diagnostics_channel';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type CurrentJob, type Job, ThreadPool, type ThreadPoolOptions } from 'thread-system';
import { FileGate, gated } from '../support/file-gate.ts';
import { occupy } from '../support/gate.ts';
import { runProgram } from '../support/program.ts';
import { tasks } from '../support/tasks.ts';

type Message = Record<string, unknown> & { pool: ThreadPool; job: Job };
type Attempts = { startedAt: number; executionMs: number; workerId: number; error?: unknown }[];

const unsubscribers: (() => void)[] = [];
afterEach(() => {
  for (const unsubscribe of unsubscribers.splice(0)) unsubscribe();
});

function subscribe(name: string, fn: (message: Message) => void): void {
  const listener = (message: unknown): void => fn(message as Message);
  channel(`thread-system:${name}`).subscribe(listener);
  unsubscribers.push(() => channel(`thread-system:${name}`).unsubscribe(listener));
}

/** The messages of a channel, from now on. */
function messagesOf(name: string): Message[] {
  const messages: Message[] = [];
  subscribe(name, (message) => messages.push(message));
  return messages;
}

describe.each(['thread', 'process', 'inline'] as const)('in a pool of kind %s', (kind) => {
  const makePool = (options: ThreadPoolOptions = {}): ThreadPool => new ThreadPool({ kind, maxWorkers: 1, ...options });

  test('job.submitted is published where submit is called, and its carrier reaches the task and its children', async () => {
    await using pool = makePool();
    const request = new AsyncLocalStorage<string>();
    subscribe('job.submitted', ({ job, carrier }) => {
      if (request.getStore() !== undefined)
        Object.assign(carrier as object, { request: request.getStore(), id: job.id });
    });
    const family = async function family(this: CurrentJob): Promise<unknown[]> {
      const child = await this.submit(function seen(this: CurrentJob) {
        return { ...this.context };
      });
      return [{ ...this.context }, child];
    };
    const job = request.run('r1', () => pool.submit(family));
    const without = pool.submit(family);
    const context = { request: 'r1', id: job.id };
    expect(await job).toEqual([context, context]);
    expect(await without).toEqual([{}, {}]);
  });

  test('job.submitted is published for each job of a map in the context in which that was made', async () => {
    await using pool = makePool();
    const request = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    subscribe('job.submitted', () => seen.push(request.getStore()));
    const made = request.run('r1', () => [
      pool.map(tasks.echo, [1, 2, 3, 4, 5, 6, 7, 8, 9], { chunk: 1, concurrency: 2 }),
      pool.map(tasks.failUntil, [1, 2], { chunk: 2, retry: { maxAttempts: 2 } }),
    ]);
    for (const map of made) await map;
    expect(seen).toEqual(Array.from({ length: 11 }, () => 'r1'));
  });

  test('job.settled tells each attempt, and job.retried each that failed', async () => {
    await using pool = makePool();
    const [settled, retried] = [messagesOf('job.settled'), messagesOf('job.retried')];
    const job: Job = pool.submit(tasks.failUntil, [2], { retry: { maxAttempts: 2 } });
    const failing: Job = pool.submit(tasks.fail, ['no']);
    const never: Job = pool.submit(tasks.echo, [1]);
    never.cancel();
    await Promise.allSettled([job, failing]);
    expect(retried).toMatchObject([{ pool, job, attempt: 1, delayMs: 0, workerId: 0 }]);
    const of = (one: Job): Attempts => settled.find((message) => message.job === one)?.['attempts'] as Attempts;
    expect(settled).toHaveLength(3);
    expect(of(job)).toMatchObject([{ workerId: 0, error: expect.any(Error) }, { workerId: 0 }]);
    expect(of(job)[1]).toEqual({ startedAt: job.startedAt, executionMs: job.executionMs, workerId: 0 });
    expect(of(failing)).toMatchObject([{ startedAt: failing.startedAt, error: failing.error }]);
    expect(of(never)).toEqual([]);
  });

  test('workers, cancels, and the life of the pool are published', async () => {
    const names = ['pool.created', 'worker.starting', 'worker.started', 'job.started', 'job.cancelling'];
    const told: string[] = [];
    const detail = new Map<string, Message>();
    for (const name of [...names, 'job.settled', 'worker.exited', 'pool.closed'])
      subscribe(name, (message) => {
        told.push(name);
        detail.set(name, message);
      });
    const started = new Promise<void>((resolve) => subscribe('job.started', () => resolve()));
    const pool = makePool();
    using gate = new FileGate();
    const job: Job = pool.submit(gated.untilCancelled, [gate.path, 1]);
    const settled = job.catch(() => {});
    await Promise.all([gate.reachedBy(1), started]);
    job.cancel('enough');
    await settled;
    await pool.shutdown();
    expect(told).toEqual([...names, 'job.settled', 'worker.exited', 'pool.closed']);
    for (const message of detail.values()) expect(message.pool).toBe(pool);
    expect(detail.get('worker.starting')).toMatchObject({ workerId: 0 });
    expect(detail.get('worker.exited')).toMatchObject({ workerId: 0, reason: 'shutdown', jobs: 1 });
    expect(detail.get('job.started')).toMatchObject({ job, workerId: 0, startedAt: expect.any(Number) });
    expect(detail.get('job.cancelling')).toMatchObject({ job, reason: 'enough' });
  });
});

test('a subscriber is found by a pool that has long been running', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  await pool.submit(tasks.echo, [1]);
  using gate = await occupy(pool);
  const settled = messagesOf('job.settled');
  const waiting: Job = pool.submit(tasks.echo, [2]);
  waiting.cancel();
  gate.open();
  await gate.jobs[0];
  expect(settled.map(({ job }) => job)).toEqual([waiting, gate.jobs[0]]);
});

test('a full queue and late errors are published', async () => {
  const full = messagesOf('queue.full');
  const late = messagesOf('late-error');
  await using pool = new ThreadPool({ maxWorkers: 1, maxQueue: 0 });
  using gate = await occupy(pool);
  const refused: Job = pool.submit(tasks.echo, [1]);
  await refused.catch(() => {});
  expect(full).toMatchObject([{ pool, job: refused, outcome: 'refused' }]);
  const off = pool.on('lateError', () => {});
  gate.open();
  await gate.jobs[0];
  const error = new Promise((resolve) => pool.on('lateError', resolve));
  const left = pool.submit(tasks.leaveErrorBehind);
  await left;
  await error;
  expect(late).toMatchObject([{ pool, job: { id: left.id } }]);
  off();
});

test('a subscriber to settled jobs does not count as one that has seen a failure', async () => {
  const { stdout } = await runProgram(`
    import { subscribe } from 'node:diagnostics_channel';
    import { ThreadPool } from 'thread-system';
    process.on('warning', ({ message }) => console.log(message));
    subscribe('thread-system:job.settled', ({ attempts }) => console.log(attempts[0].error.message));
    const pool = new ThreadPool({ maxWorkers: 1 });
    pool.submit(() => { throw new Error('unseen'); });
    await pool.waitAll();
    await pool.shutdown();`);
  expect(stdout).toMatch(/^unseen$/m);
  expect(stdout).toContain("Await the job, read its error, or listen to 'jobFailed'");
});
