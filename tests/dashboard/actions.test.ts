import { describe, expect, test } from '@jest/globals';
import { type Job, ThreadPool } from 'thread-system';
import { dashboard } from 'thread-system/dashboard';
import { occupy } from '../support/gate.ts';
import { tasks } from '../support/tasks.ts';
import { poolIn, Served, snapshotWhere } from './served.ts';

const HEADERS = { authorization: 'Bearer s3cret' };
const ALL = ['cancel', 'pause', 'priority', 'retry'] as const;

class Acting implements AsyncDisposable {
  readonly #served: Served;

  constructor(served: Served) {
    this.#served = served;
  }

  static async on(pool: ThreadPool): Promise<Acting> {
    return new Acting(await Served.at(dashboard({ main: pool }, { token: 's3cret', actions: ALL, everyMs: 20 })));
  }

  get url(): string {
    return `${this.#served.url}/stream`;
  }

  async post(
    route: string,
    query: Record<string, string | number> = {},
  ): Promise<readonly [status: number, error: string | undefined]> {
    const given = Object.entries({ pool: 'main', ...query }).map(([name, value]): [string, string] => [
      name,
      String(value),
    ]);
    const response = await fetch(`${this.#served.url}/${route}?${new URLSearchParams(given)}`, {
      method: 'POST',
      headers: HEADERS,
    });
    const text = await response.text();
    return [response.status, text === '' ? undefined : (JSON.parse(text) as { error: string }).error];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#served[Symbol.asyncDispose]();
  }
}

describe.each(['thread', 'process'] as const)('of a pool of kind %s', (kind) => {
  test('a running job is cancelled', async () => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    await using acting = await Acting.on(pool);
    const job = pool.submit(function loop(this: { throwIfCancelled(): void }): void {
      for (;;) this.throwIfCancelled();
    });
    await snapshotWhere(acting.url, (snapshot) => poolIn(snapshot).running.length === 1, HEADERS);
    expect(await acting.post('cancel', { id: job.id })).toEqual([204, undefined]);
    await expect(job).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'cancelled from the dashboard' });
    expect(await acting.post('cancel', { id: job.id })).toEqual([404, `There is no unsettled job ${job.id}`]);
  });

  test('a call that failed is tried again', async () => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    await using acting = await Acting.on(pool);
    const job = pool.submit(tasks.fail, ['no'], { name: 'payment', priority: 5 });
    job.catch(() => {});
    const failed = await snapshotWhere(
      acting.url,
      (snapshot) => poolIn(snapshot).failures?.[0]?.canRetry === true,
      HEADERS,
    );
    expect(poolIn(failed).failures).toMatchObject([{ jobId: job.id, jobName: 'payment', count: 1 }]);
    const again = new Promise<{ job: Job }>(
      (resolve) => void pool.once('jobFailed', (each) => resolve({ job: each as Job })),
    );
    expect(await acting.post('retry', { id: job.id })).toEqual([204, undefined]);
    const { job: other } = await again;
    expect(other).toMatchObject({ name: 'payment', priority: 5, error: { message: 'no' } });
    expect(await acting.post('retry', { id: job.id })).toEqual([
      404,
      `There is no call of job ${job.id} to be repeated`,
    ]);
  });
});

test('a waiting job gets another priority, one that runs does not', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  await using acting = await Acting.on(pool);
  using gate = await occupy(pool);
  const job = pool.submit(tasks.add, [1, 2]);
  expect(await acting.post('priority', { id: job.id, priority: 7.5 })).toEqual([204, undefined]);
  expect(job.priority).toBe(7.5);
  const [running] = gate.jobs;
  expect(await acting.post('priority', { id: running?.id ?? 0, priority: 1 })).toEqual([
    409,
    'The job has begun: its priority no longer matters',
  ]);
  expect(await acting.post('priority', { id: job.id, priority: 'high' })).toEqual([400, 'priority must be a number']);
  expect(await acting.post('priority', { id: job.id })).toEqual([400, 'priority must be a number']);
  gate.open();
  await job;
});

test('a pool is paused and resumed', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  await using acting = await Acting.on(pool);
  expect(await acting.post('pause')).toEqual([204, undefined]);
  expect(pool.state).toBe('paused');
  expect(await acting.post('resume')).toEqual([204, undefined]);
  expect(pool.state).toBe('open');
  expect(await acting.post('pause', { pool: '__proto__' })).toEqual([404, "There is no pool '__proto__'"]);
});

test('a schedule is paused and resumed', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  await using acting = await Acting.on(pool);
  const schedule = pool.schedule(tasks.add, [1, 2], { everyMs: 3_600_000 });
  await snapshotWhere(acting.url, (snapshot) => poolIn(snapshot).schedules.length === 1, HEADERS);
  expect(await acting.post('pause', { schedule: 1 })).toEqual([204, undefined]);
  expect([schedule.state, schedule.next, pool.state]).toEqual(['paused', undefined, 'open']);
  expect(await acting.post('resume', { schedule: 1 })).toEqual([204, undefined]);
  expect(schedule.state).toBe('active');
  expect(await acting.post('pause', { schedule: 2 })).toEqual([404, 'There is no schedule 2']);
  schedule.cancel();
});

test('what moved its arguments, and a part of a map, cannot be tried again', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  await using acting = await Acting.on(pool);
  const buffer = new ArrayBuffer(8);
  await pool.submit(tasks.fail, [buffer as never], { transfer: [buffer] }).catch(() => {});
  await Promise.resolve(
    pool.map(
      (x: number) => {
        throw new Error(`item ${x}`);
      },
      [1],
    ),
  ).catch(() => {});
  const snapshot = await snapshotWhere(acting.url, (each) => poolIn(each).failures?.length === 2, HEADERS);
  expect(poolIn(snapshot).failures?.map(({ canRetry }) => canRetry)).toEqual([false, false]);
});

test('a pool that is shut down refuses', async () => {
  const pool = new ThreadPool({ maxWorkers: 1 });
  await using acting = await Acting.on(pool);
  const job = pool.submit(tasks.fail, ['no']);
  job.catch(() => {});
  await pool.shutdown();
  for (const [route, query] of [
    ['pause', {}],
    ['resume', {}],
    ['retry', { id: job.id }],
  ] as const)
    expect(await acting.post(route, query)).toEqual([409, "The pool 'main' is shut down"]);
  expect(await acting.post('profile', { ms: 5 })).toEqual([409, 'Cannot profile: the pool is shut down']);
  expect(await acting.post('heap', { worker: 0 })).toEqual([404, 'There is no worker 0']);
  expect(await acting.post('cancel', { id: job.id })).toEqual([404, `There is no unsettled job ${job.id}`]);
});
