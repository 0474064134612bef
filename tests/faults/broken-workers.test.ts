import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type CurrentJob, type Job, ThreadPool, WorkerExitError } from 'thread-system';
import { runProgram } from '../support/program.ts';
import { tasks } from '../support/tasks.ts';

jest.setTimeout(60_000);

const late: unknown[] = [];
const onWarning = ({ name }: Error): void => void (name === 'LateError' && late.push(name));
beforeAll(() => void process.on('warning', onWarning));
afterAll(() => {
  process.off('warning', onWarning);
  expect(late.length).toBeLessThan(1_000); // no flood of them
});

/** What a task may do to the thread that it runs on. Each leaves the loop there unable to go on, at one step or another. */
const attacks = {
  'what iterates an array': () => {
    Array.prototype[Symbol.iterator] = () => {
      throw new Error('replaced');
    };
  },
  Atomics: () => {
    for (const name of ['load', 'store', 'wait', 'compareExchange', 'exchange'])
      Reflect.set(Atomics, name, () => {
        throw new Error('replaced');
      });
  },
  'Map and Set': () => {
    for (const [ofClass, name] of [
      [Map, 'get'],
      [Map, 'set'],
      [Map, 'has'],
      [Map, 'delete'],
      [Set, 'has'],
      [Set, 'delete'],
    ] as const)
      Reflect.set(ofClass.prototype, name, () => {
        throw new Error('replaced');
      });
  },
  'the index 0 of all arrays': () => {
    Object.defineProperty(Array.prototype, 0, {
      configurable: true,
      set: () => {
        throw new Error('replaced');
      },
    });
  },
  'what Node calls at the end of each callback': () => {
    Array.prototype.pop = () => {
      throw new Error('replaced');
    };
  },
  'the buffers of Node': () => {
    for (const name of ['toString', 'write', 'latin1Slice', 'latin1Write', 'utf8Slice'])
      Reflect.set(Buffer.prototype, name, () => {
        throw new Error('replaced');
      });
  },
  'Reflect and Object': () => {
    for (const name of ['keys', 'getPrototypeOf', 'defineProperty', 'hasOwn', 'entries'])
      Reflect.set(Object, name, () => {
        throw new Error('replaced');
      });
    Reflect.set(Reflect, 'apply', () => {
      throw new Error('replaced');
    });
  },
} as const satisfies Record<string, () => void>;

describe.each(['thread', 'process'] as const)('in a pool of kind %s', (kind) => {
  test.each(Object.entries(attacks))(
    'a task that replaces %s hangs nobody: each job settles, others go on',
    async (_, attack) => {
      const pool = new ThreadPool({ kind, maxWorkers: 1 });
      let lateErrors = 0;
      pool.on('lateError', () => lateErrors++);
      const jobs: Job<unknown>[] = [pool.submit(attack)];
      await pool.waitAll();
      jobs.push(pool.submit((x: number) => x, [1]));
      jobs.push(
        pool.submit(
          (text: string) => text,
          ['a text that is longer than what goes in place, which is sixty characters'],
        ),
      );
      jobs.push(pool.submit((x: object) => x, [{ a: [new Map()] }]));
      jobs.push(
        pool.submit(async function (this: CurrentJob) {
          this.report(1);
          return 2;
        }),
      );
      await pool.waitAll();
      for (const job of jobs) expect(['COMPLETED', 'FAILED']).toContain(job.state);
      for (const { error } of jobs) if (error instanceof WorkerExitError) expect(error.cause).toBeDefined();
      // whatever thread it has by now, it is soon one that works
      for (let tries = 0; tries < 10; tries++) {
        const job = pool.submit((n: number) => n, [5]) as Job<unknown>;
        await pool.waitAll();
        if (job.state === 'COMPLETED') break;
      }
      const { submitted, pending, active, completed, failed, cancelled } = pool.metrics();
      expect([pending, active, completed + failed + cancelled]).toEqual([0, 0, submitted]);
      expect(lateErrors).toBeLessThanOrEqual(500); // a hundred a second of a thread: no flood
      await pool.shutdown();
    },
  );
});

test('a loop that fails before it has begun a job is not started again and again', async () => {
  const started: number[] = [];
  const pool = new ThreadPool({
    maxWorkers: 1,
    minWorkers: 1,
    setup: () => {
      // what the loop asks for first when it is to wait
      Reflect.set(Atomics, 'wait', undefined);
      Reflect.set(Atomics, 'store', undefined);
    },
  });
  pool.on('workerStarted', ({ workerId }) => started.push(workerId));
  const job = pool.submit((n: number) => n, [1]) as Job<unknown>;
  await pool.waitAll();
  expect(['COMPLETED', 'FAILED']).toContain(job.state);
  await pool.shutdown();
  expect(started.length).toBeLessThan(5);
});

test('a task that reports down to the end of its stack leaves the lane in step', async () => {
  // of a small stack, which has an end as a large one has, after fewer reports
  await using pool = new ThreadPool({ maxWorkers: 1, resourceLimits: { stackSizeMb: 1 } });
  const dive = function (this: CurrentJob, value: unknown): number {
    const down = (depth: number): number => {
      this.report(value);
      return depth < 0 ? 0 : 1 + down(depth + 1);
    };
    let ends = 0;
    for (let i = 0; i < 20; i++) {
      try {
        down(i);
      } catch {
        ends++;
      }
    }
    return ends;
  };
  for (const value of [1, 'text', { a: [1] }, new Map([[1, 2]])]) {
    expect(await pool.submit(dive, [value])).toBe(20);
    expect(await pool.submit((x: object) => x, [{ next: new Map([[1, value]]) }])).toEqual({
      next: new Map([[1, value]]),
    });
  }
});

describe('the pool hears of the end of a thread that the option `worker` has made, whatever listeners it has', () => {
  test.each([
    ['on', 'exit'],
    ['prependListener', 'exit'],
    ['on', 'error'],
  ])('%s(%s) with a listener that throws', async (method, event) => {
    const { stdout } = await runProgram(`
      import { Worker } from 'node:worker_threads';
      import { ThreadPool } from 'thread-system';
      process.on('uncaughtException', (error) => console.log('uncaught', error.message));
      const pool = new ThreadPool({ maxWorkers: 1, worker: () => {
        const worker = new Worker(new URL(${JSON.stringify(new URL('../tasks/own-entry.mjs', import.meta.url).href)}));
        const listen = () => worker.${method}('${event}', () => { throw new Error('mine'); });
        listen();
        worker.once('online', listen); // and later, too
        return worker;
      } });
      const job = pool.submit((how) => {
        if (how === 'exit') process.exit(3);
        const all = [];
        for (;;) all.push(new Array(1e6).fill(all.length));
      }, ['${event === 'exit' ? 'exit' : 'exit'}']);
      await job.catch(({ name, exitCode }) => console.log(name, exitCode));
      console.log(await pool.submit(() => 'next'));
      await pool.shutdown();
      console.log('shut down');
    `);
    expect(stdout).toContain('WorkerExitError 3');
    expect(stdout).toContain('next');
    expect(stdout).toContain('shut down');
    if (event === 'exit') expect(stdout).toContain('uncaught mine');
  });
});

test('jobs that a broken thread had not begun run elsewhere; the others say what broke', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  await pool.submit(tasks.add, [1, 2]);
  const attack = pool.submit(() => {
    // what an answer is written by
    Reflect.set(Atomics, 'store', () => {
      throw new Error('replaced');
    });
    for (const name of ['wait', 'load', 'compareExchange'])
      Reflect.set(Atomics, name, () => {
        throw new Error('replaced');
      });
  }) as Job<unknown>;
  const others = Array.from({ length: 30 }, (_, i) => pool.submit((n: number) => n, [i]));
  expect(await Promise.all(others)).toEqual(others.map((_, i) => i));
  expect(['COMPLETED', 'FAILED']).toContain(attack.state);
});
