import { AsyncLocalStorage } from 'node:async_hooks';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  CancellationToken,
  type CurrentJob,
  type Job,
  NotCloneableError,
  registerErrorClass,
  ThreadPool,
  type ThreadPoolOptions,
} from 'thread-system';
import { DEEP, DEEP_FOR_SMALL, nest, SMALL } from '../support/deep.ts';
import { until } from '../support/gate.ts';

/** As `nest`, for tasks, which see nothing around them. */
const returnNested = (depth: number): unknown => {
  let list: unknown[] = [];
  for (let i = 0; i < depth; i++) list = [list];
  return list;
};

const makePool = (options: ThreadPoolOptions): ThreadPool => new ThreadPool({ maxWorkers: 1, ...options });

/** All that is not about the value goes on: other jobs have the right results, the numbers add up, shutdown resolves. */
async function expectToGoOn(pool: ThreadPool): Promise<void> {
  const jobs = Array.from({ length: 20 }, (_, i) => pool.submit((n: number) => [{ n }], [i]));
  expect(await Promise.all(jobs)).toEqual(jobs.map((_, i) => [{ n: i }]));
  await pool.waitAll();
  const { submitted, pending, active, completed, failed, cancelled } = pool.metrics();
  expect([pending, active]).toEqual([0, 0]);
  expect(completed + failed + cancelled).toBe(submitted);
  await pool.shutdown();
}

const faultOf = async (what: PromiseLike<unknown>): Promise<unknown> => {
  try {
    await what;
  } catch (error) {
    return error;
  }
  return 'no fault';
};

async function expectUnreadable(what: PromiseLike<unknown>, path: string): Promise<void> {
  const error = await faultOf(what);
  expect(error).toBeInstanceOf(NotCloneableError);
  expect(error).toMatchObject({ code: 'ERR_NOT_CLONEABLE', path, cause: { name: 'RangeError' } });
  expect((error as Error).message).toMatch(/^Cannot read .* where it arrived: it is nested too deeply/);
}

const uncaught: unknown[] = [];
const onUncaught = (error: unknown): void => void uncaught.push(error);
beforeAll(() => void process.on('uncaughtException', onUncaught));
afterAll(() => {
  process.off('uncaughtException', onUncaught);
  expect(uncaught).toEqual([]);
});

describe.each(['thread', 'process'] as const)('in a pool of kind %s, a value that this thread cannot read', (kind) => {
  test('fails the job that returned it: also the parsed text of somebody else', async () => {
    const pool = makePool({ kind, maxWorkers: 2 });
    const text = `${'['.repeat(DEEP)}${']'.repeat(DEEP)}`;
    const job = pool.submit((given: string) => JSON.parse(given), [text]);
    const others = Array.from({ length: 50 }, (_, i) => pool.submit((n: number) => n, [i]));
    await expectUnreadable(job, 'result');
    expect(job.state).toBe('FAILED');
    expect(await Promise.all(others)).toEqual(others.map((_, i) => i));
    await expectToGoOn(pool);
  });

  test('fails the job that reported it, once its code has ended; other reports come', async () => {
    const pool = makePool({ kind });
    const reports: unknown[] = [];
    const job = pool.submit(
      function (this: CurrentJob, depth: number) {
        this.report('before');
        let list: unknown[] = [];
        for (let i = 0; i < depth; i++) list = [list];
        this.report(list);
        this.report('after');
        return 'done';
      },
      [DEEP],
    );
    job.onProgress((value) => reports.push(value));
    await expectUnreadable(job, 'report');
    expect(reports).toEqual(['before', 'after']);
    await expectToGoOn(pool);
  });

  test('fails the job that threw it', async () => {
    const pool = makePool({ kind });
    const job = pool.submit(
      (depth: number) => {
        let list: unknown[] = [];
        for (let i = 0; i < depth; i++) list = [list];
        throw list;
      },
      [DEEP],
    );
    await expectUnreadable(job, 'error');
    await expectToGoOn(pool);
  });

  test('is named in the place that it had in an error: the error arrives', async () => {
    const pool = makePool({ kind });
    const job = pool.submit(
      (depth: number) => {
        let list: unknown[] = [];
        for (let i = 0; i < depth; i++) list = [list];
        throw Object.assign(new RangeError('with details', { cause: Object.assign(new Error('inner'), { list }) }), {
          list,
          status: 503,
        });
      },
      [DEEP],
    );
    const error = (await faultOf(job)) as RangeError & { cause: unknown };
    expect(error).toBeInstanceOf(RangeError);
    const lost = { code: 'ERR_NOT_CLONEABLE', path: 'error.list' };
    expect(error.message).toBe('with details');
    expect(error).toMatchObject({ status: 503, list: lost });
    expect((error.cause as Error).message).toBe('inner');
    expect(error.cause).toMatchObject({ list: lost });
    await expectToGoOn(pool);
  });

  test('fails the map that it is a result of', async () => {
    const pool = makePool({ kind });
    await expectUnreadable(pool.map(returnNested, [1, DEEP, 2], { chunk: 1 }), 'result');
    await expectToGoOn(pool);
  });

  test('fails the child that it is an argument or the result of; the parent hears of it', async () => {
    const pool = makePool({ kind });
    const parent = pool.submit(
      async function (this: CurrentJob, depth: number) {
        let list: unknown[] = [];
        for (let i = 0; i < depth; i++) list = [list];
        const told = async (child: PromiseLike<unknown>): Promise<unknown> => {
          try {
            return await child;
          } catch (error) {
            return [(error as Error).name, (error as { path?: string }).path];
          }
        };
        const given = await told(this.submit((value: unknown) => typeof value, [list]));
        const returned = await told(
          this.submit(
            (n: number) => {
              let inner: unknown[] = [];
              for (let i = 0; i < n; i++) inner = [inner];
              return inner;
            },
            [depth],
          ),
        );
        return [given, returned, await told(this.submit((n: number) => n + 1, [1]))];
      },
      [DEEP],
    );
    expect(await parent).toEqual([
      ['NotCloneableError', expect.stringMatching(/^child/)],
      ['NotCloneableError', 'result'],
      2,
    ]);
    await expectToGoOn(pool);
  });

  test('rejects the broadcast that it is a result of', async () => {
    const pool = makePool({ kind });
    await pool.submit(() => 1);
    await expectUnreadable(pool.broadcast(returnNested, [DEEP]), 'result');
    await expectToGoOn(pool);
  });

  test('as the reason of a token: the token is cancelled, its reason names it', async () => {
    const pool = makePool({ kind });
    const own = pool.submit(
      function (this: CurrentJob, depth: number) {
        let list: unknown[] = [];
        for (let i = 0; i < depth; i++) list = [list];
        this.token.cancel(list);
        return 'done';
      },
      [DEEP],
    );
    expect(await own).toBe('done');
    expect(own.token.reason).toMatchObject({ code: 'ERR_NOT_CLONEABLE', path: 'reason' });
    const token = new CancellationToken();
    const shared = pool.submit(
      (given: CancellationToken, depth: number) => {
        let list: unknown[] = [];
        for (let i = 0; i < depth; i++) list = [list];
        given.cancel(list);
        return 'done';
      },
      [token, DEEP],
    );
    expect(await shared).toBe('done');
    await until(() => token.reason !== undefined);
    expect(token.reason).toMatchObject({ code: 'ERR_NOT_CLONEABLE', path: 'reason' });
    await expectToGoOn(pool);
  });
});

describe.each(['thread', 'process'] as const)('in a pool of kind %s, a value that the worker cannot read', (kind) => {
  test('fails the job that it is an argument of, whatever limits it has', async () => {
    const pool = makePool({ kind, ...SMALL });
    const job = pool.submit((value: unknown[]) => value.length, [nest(DEEP_FOR_SMALL)], { timeoutMs: 60_000 });
    const next = pool.submit((n: number) => n, [7]);
    await expectUnreadable(job, 'args');
    expect(job.state).toBe('FAILED');
    expect(await next).toBe(7);
    await expectToGoOn(pool);
  });

  test('fails the jobs of a map whose items it is among, and those with it in their context', async () => {
    const pool = makePool({ kind, ...SMALL });
    const items = [nest(1), nest(DEEP_FOR_SMALL)];
    await expectUnreadable(
      pool.map((item: unknown[]) => item.length, items, { chunk: 1 }),
      'args',
    );
    const store = new AsyncLocalStorage<unknown>();
    const job = store.run(nest(DEEP_FOR_SMALL), () => pool.submit(() => 1, [], { context: { store } }));
    const error = await faultOf(job);
    expect(error).toMatchObject({ code: 'ERR_NOT_CLONEABLE' });
    await expectToGoOn(pool);
  });

  test('rejects the broadcast that it is an argument of', async () => {
    const pool = makePool({ kind, ...SMALL });
    await pool.submit(() => 1);
    await expectUnreadable(
      pool.broadcast((value: unknown[]) => value.length, [nest(DEEP_FOR_SMALL)]),
      'args',
    );
    await expectToGoOn(pool);
  });

  test('fails the start of a worker whose setup it is an argument of', async () => {
    const pool = makePool({ kind, ...SMALL, setup: (value: unknown) => void value, setupArgs: [nest(DEEP_FOR_SMALL)] });
    const error = await faultOf(pool.submit(() => 1));
    expect(error).toMatchObject({
      name: 'WorkerExitError',
      message: expect.stringMatching(/its setup .* failed: Cannot read args where it arrived/),
    });
    await pool.shutdown();
  });

  test('as the reason of a cancel: the job is cancelled, and hears of a reason that names it', async () => {
    const pool = makePool({ kind, ...SMALL, graceMs: Number.POSITIVE_INFINITY });
    const job = pool.submit(async function (this: CurrentJob) {
      this.report('runs');
      // the flag is seen at once, the reason with a message
      while (this.token.reason === undefined) await new Promise((resolve) => setImmediate(resolve));
      return (this.token.reason as { path?: string }).path;
    });
    const reports: unknown[] = [];
    job.onProgress((value) => reports.push(value));
    await until(() => reports.length > 0);
    expect(job.cancel(nest(DEEP_FOR_SMALL))).toBe(true);
    await faultOf(job);
    expect([job.state, job.result]).toEqual(['CANCELLED', 'reason']);
    await expectToGoOn(pool);
  });
});

test('inline, what can be written and not be read fails its job: a result and an argument', async () => {
  const pool = makePool({ kind: 'inline' });
  // objects take more of the stack to read than to write; how deep they must be for that depends on what is below
  const errors: unknown[] = [];
  for (let depth = 1_000; depth <= 3_000; depth += 100) {
    const jobs: Job[] = [
      pool.submit(
        (n: number) => {
          let inner: object = {};
          for (let i = 0; i < n; i++) inner = { inner };
          return inner;
        },
        [depth],
      ) as Job,
    ];
    let given: object = {};
    for (let i = 0; i < depth; i++) given = { given };
    jobs.push(pool.submit((value: object) => typeof value, [given]) as Job);
    for (const job of jobs) if ((await faultOf(job)) !== 'no fault') errors.push(job.error);
  }
  expect(errors.length).toBeGreaterThan(2);
  for (const error of errors) expect(error).toBeInstanceOf(NotCloneableError);
  const paths = errors.map((error) => (error as NotCloneableError).path);
  expect(paths).toContain('result');
  expect(paths).toContain('args');
  await expectToGoOn(pool);
});

/** Its `name` reads what only its constructor sets, which is not called where it arrives. */
class StrictError extends Error {
  readonly #status: number;

  constructor(status: number, message: string) {
    super(message);
    this.#status = status;
  }

  override get name(): string {
    return `StrictError${this.#status}`;
  }
}

describe.each(['thread', 'process', 'inline'] as const)('in a pool of kind %s', (kind) => {
  test('an error whose class has a getter that throws where it arrives is an error as any other', async () => {
    registerErrorClass(StrictError);
    const pool = makePool({ kind });
    const job = pool.submit(() => {
      class StrictError extends Error {
        override get name(): string {
          return 'StrictError503';
        }
      }
      throw Object.assign(new StrictError('Busy', { cause: new StrictError('inner') }), { status: 503 });
    });
    const error = (await faultOf(job)) as Error;
    expect(error).toBeInstanceOf(StrictError);
    expect([error.name, error.message]).toEqual(['StrictError503', 'Busy']);
    expect(error).toMatchObject({ status: 503 });
    const cause = error.cause as Error;
    expect([cause.name, cause.message]).toEqual(['StrictError503', 'inner']);
    await expectToGoOn(pool);
  });
});
