import { describe, expect, test } from '@jest/globals';
import { CancellationToken, type CurrentJob, Job, ThreadPool, type ThreadPoolOptions, taskModule } from 'thread-system';
import type { Kind } from './conformance.ts';
import { sharedPool } from './shared-pool.ts';
import { fixture } from './tasks.ts';

/** The types of `tests/tasks/talking.mjs`. */
interface TalkingTasks {
  collect(count: number): Promise<unknown[]>;
  collectReporting(count: number): Promise<unknown[]>;
  collectSync(count: number, timeoutMs?: number): unknown[];
  workUntil(last: unknown): unknown[];
  listen(count: number): Promise<unknown[]>;
  readByTurns(): Promise<unknown[]>;
  listenAndThrow(): Promise<string>;
  readOneEachAttempt(): Promise<unknown[]>;
  call(name: string, ...args: unknown[]): Promise<unknown>;
  callSync(name: string, ...args: unknown[]): unknown;
  callMany(name: string, count: number): Promise<unknown[]>;
  callSyncBetween(): unknown[];
  callInDetachedCode(): Promise<void>;
  runDetached(): Promise<unknown>;
  reportMoved(): number[];
  yieldMoved(): Generator<Uint8Array, number, undefined>;
  misplaceMove(where: string): unknown;
}

const tasks = taskModule<TalkingTasks>(fixture('talking.mjs'));

/** Resolves once the job's code has reported something. */
const begun = (job: Job<unknown, unknown>): Promise<void> =>
  new Promise((resolve) => void job.onProgress(() => resolve()));

class NotFound extends Error {
  readonly code = 'ERR_NOT_FOUND';
}

/** What a job and the thread of its pool say to each other, in every kind of pool. */
export function describeTalking(kind: Kind): void {
  const isInline = kind === 'inline';
  const makePool = (options: ThreadPoolOptions = {}): ThreadPool => new ThreadPool({ kind, maxWorkers: 1, ...options });
  /** For messages that need no worker that has yet to start: those are posted before the code begins. */
  const plainPool = sharedPool(makePool);

  describe('a message', () => {
    test('waits for its job to begin, and comes in order with those that are posted later', async () => {
      await using pool = makePool();
      const job = pool.submit(tasks.collectReporting, [4]);
      expect([job.post('first'), job.post({ second: [2] })]).toEqual([true, true]);
      await begun(job);
      expect([job.post(new Map([['third', 3]])), job.post(undefined)]).toEqual([true, true]);
      expect(await job).toEqual(['first', { second: [2] }, new Map([['third', 3]]), undefined]);
      expect(job.post('too late')).toBe(false);
    });

    test('is as it was when it was posted', async () => {
      const pool = plainPool();
      const message = { n: 1 };
      const behind = pool.submit(tasks.collect, [1], { delayMs: 1 });
      behind.post(message);
      message.n = 2;
      expect(await behind).toEqual([{ n: 1 }]);
    });

    test('of a job that was not submitted goes with it', async () => {
      const pool = plainPool();
      const job = new Job(tasks.collect, [1]);
      expect(job.post('early')).toBe(true);
      expect(await pool.submitJob(job as Job)).toEqual(['early']);
      const cancelled = new Job(tasks.collect, [1]);
      cancelled.cancel();
      expect(cancelled.post('late')).toBe(false);
    });

    test('that came before it was asked for is read in synchronous code', async () => {
      await using pool = makePool();
      const job = pool.submit(tasks.collectSync, [3, 0]);
      job.post('first');
      job.post('second');
      expect(await job).toEqual(['first', 'second', undefined]);
    });

    test('goes to a listener, in the scope of the job, and those that came before do too', async () => {
      await using pool = makePool({ concurrency: 4 });
      const jobs = [pool.submit(tasks.listen, [2]), pool.submit(tasks.listen, [2])];
      for (const [index, job] of jobs.entries()) job.post(index);
      for (const [index, job] of jobs.entries()) job.post(index + 10);
      expect(await Promise.all(jobs)).toEqual([
        [
          [0, true],
          [10, true],
        ],
        [
          [1, true],
          [11, true],
        ],
      ]);
    });

    test('is read once, however it is read', async () => {
      await using pool = makePool();
      const job = pool.submit(tasks.readByTurns);
      for (const message of ['a', 'b', 'c']) job.post(message);
      expect(await job).toEqual(['a', 'b', 'c']);
    });

    test('reaches the job it was posted to, whichever jobs run beside it', async () => {
      await using pool = makePool({ concurrency: 3 });
      const jobs = Array.from({ length: 9 }, (_, index) => {
        const job = pool.submit(tasks.collect, [2]);
        job.post(index);
        return job;
      });
      for (const [index, job] of jobs.entries()) job.post(index + 100);
      expect(await Promise.all(jobs)).toEqual(jobs.map((_, index) => [index, index + 100]));
    });

    test('that was not read is dropped with its job', async () => {
      await using pool = makePool();
      const first = pool.submit(tasks.collect, [0]);
      for (let i = 0; i < 10; i++) first.post(i);
      await first;
      const second = pool.submit(tasks.collect, [1]);
      second.post('own');
      expect(await second).toEqual(['own']);
    });

    test('that no attempt has read waits for the next, and one that was read does not', async () => {
      await using pool = makePool();
      const job = pool.submit(tasks.readOneEachAttempt, [], { retry: { maxAttempts: 4 } });
      for (const message of ['one', 'two', 'last']) job.post(message);
      expect(await job).toEqual([3, 'last']);
    });

    test('may carry a token, and moves what it is told to move', async () => {
      await using pool = makePool();
      const token = new CancellationToken();
      const job = pool.submit(async function (this: CurrentJob) {
        const seen: unknown[] = [];
        for await (const message of this.messages) {
          const { token: given, bytes } = message as { token: CancellationToken; bytes: Uint8Array };
          seen.push(given.isCancelled, bytes.length);
          await given.wait();
          seen.push(given.isCancelled);
          if (seen.length === 6) return seen;
        }
        return [];
      });
      const post = (bytes: Uint8Array<ArrayBuffer>): number => {
        job.post({ token, bytes }, [bytes.buffer]);
        return bytes.length;
      };
      expect(post(new Uint8Array(9))).toBe(0); // before it began
      await new Promise((resolve) => setImmediate(resolve));
      token.cancel();
      expect(post(new Uint8Array(8))).toBe(0);
      expect(await job).toEqual([expect.any(Boolean), 9, true, true, 8, true]);
    });

    test('that cannot be cloned throws where it is posted', async () => {
      await using pool = makePool();
      const job = pool.submit(tasks.collectReporting, [1]);
      const post = (): boolean => job.post({ deep: [() => 1] });
      expect(post).toThrow(expect.objectContaining({ code: 'ERR_NOT_CLONEABLE', path: 'message.deep[0]' }));
      await begun(job);
      expect(post).toThrow(expect.objectContaining({ code: 'ERR_NOT_CLONEABLE', path: 'message.deep[0]' }));
      expect(() => job.post(1, {} as never)).toThrow(TypeError);
      job.post('fine');
      expect(await job).toEqual(['fine']);
    });

    test('is awaited until the job is cancelled', async () => {
      const pool = plainPool();
      const job = pool.submit(tasks.collectReporting, [1]);
      await begun(job);
      job.cancel('enough');
      await expect(job).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'enough' });
      expect(job.error).not.toHaveProperty('cause');
    });

    test('harms nothing if its listener throws', async () => {
      await using pool = makePool();
      const job = pool.submit(tasks.listenAndThrow);
      job.post('any');
      expect(await job).toBe('unharmed');
    });

    if (isInline) {
      test('cannot be waited for by code that blocks the thread of its pool', async () => {
        const pool = plainPool();
        await expect(pool.submit(tasks.collectSync, [1])).rejects.toThrow(
          /^Cannot wait for a message in job 'collectSync': it blocks the thread of its pool, which is of kind 'inline'/,
        );
      });
    } else {
      test('reaches a synchronous loop, and code that blocks until one comes', async () => {
        const pool = plainPool();
        const loop = pool.submit(tasks.workUntil, ['stop']);
        await begun(loop);
        for (const message of [1, { two: 2 }, 'stop', 'dropped']) loop.post(message);
        expect(await loop).toEqual([1, { two: 2 }, 'stop']);
        const blocked = pool.submit(tasks.collectSync, [2]);
        await begun(blocked);
        blocked.post('a');
        await new Promise((resolve) => setImmediate(resolve));
        blocked.post('b');
        expect(await blocked).toEqual(['a', 'b']);
      });

      test('is waited for in blocking code until the time is over, or the job is cancelled', async () => {
        const pool = plainPool();
        expect(await pool.submit(tasks.collectSync, [1, 1])).toEqual([undefined]);
        const job = pool.submit(tasks.collectSync, [1]);
        await begun(job);
        job.cancel('enough');
        await expect(job).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'enough' });
      });

      test('that was not read by a worker that dies waits for the next attempt', async () => {
        await using pool = makePool();
        const job = pool.submit(tasks.readOneEachAttempt, [], { retry: { maxAttempts: 3, onWorkerExit: true } });
        job.post('exit');
        job.post('last');
        expect(await job).toEqual([2, 'last']);
      });
    }
  });

  describe('a function of the pool', () => {
    const functions = {
      add: (a: number, b: number): number => a + b,
      double: async (x: number): Promise<{ twice: number }> => ({ twice: 2 * x }),
      fail: (): never => {
        throw new NotFound('no such row');
      },
      reject: async (): Promise<never> => {
        throw new RangeError('later');
      },
      never: (): Promise<never> => new Promise(() => {}),
      uncloneable: (): unknown => ({ inner: () => 0 }),
    };
    const poolOfFunctions = sharedPool(() => makePool({ functions }));

    test.each(['call', 'callSync'] as const)(
      'is called by %s with its arguments, and gives its result',
      async (how) => {
        const pool = poolOfFunctions();
        expect(await pool.submit(tasks[how], ['add', 1, 2])).toBe(3);
        if (how === 'call' || !isInline) expect(await pool.submit(tasks[how], ['double', 21])).toEqual({ twice: 42 });
      },
    );

    test.each(['call', 'callSync'] as const)('that fails throws in the task, by %s, what it threw', async (how) => {
      const pool = poolOfFunctions();
      await expect(pool.submit(tasks[how], ['fail'])).rejects.toMatchObject({
        message: 'no such row',
        code: 'ERR_NOT_FOUND',
      });
      if (how === 'call' || !isInline) await expect(pool.submit(tasks[how], ['reject'])).rejects.toThrow(RangeError);
      await expect(pool.submit(tasks[how], ['uncloneable'])).rejects.toMatchObject({
        code: 'ERR_NOT_CLONEABLE',
        path: 'result.inner',
      });
      await expect(pool.submit(tasks[how], ['ad', 1])).rejects.toThrow(
        "Cannot call 'ad': the pool has no function of that name (did you mean 'add'?); its functions are add, double,",
      );
      await expect(pool.submit(tasks[how], ['toString'])).rejects.toThrow(TypeError);
    });

    test('is not there in a pool that has none', async () => {
      const pool = plainPool();
      await expect(pool.submit(tasks.call, ['add'])).rejects.toThrow(
        "Cannot call 'add': the pool was made without the option functions",
      );
    });

    test('answers many calls at once, each its own', async () => {
      await using pool = makePool({ functions: { echo: async (index: number) => index } });
      expect(await pool.submit(tasks.callMany, ['echo', 300])).toEqual(Array.from({ length: 300 }, (_, i) => i));
    });

    test('is cancelled with the job that awaits it', async () => {
      await using pool = makePool({ functions }); // of a job that has been sent, no start is announced
      const job = pool.submit(tasks.call, ['never']);
      const called = new Promise<void>((resolve) => void pool.on('jobStarted', () => resolve()));
      await called;
      job.cancel('enough');
      await expect(job).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'enough' });
    });

    test('cannot be called by code whose job has ended', async () => {
      const pool = poolOfFunctions();
      await pool.submit(tasks.callInDetachedCode);
      await expect(pool.submit(tasks.runDetached)).rejects.toThrow(
        "Cannot call 'add' for job 'callInDetachedCode': its code has ended",
      );
    });

    if (isInline) {
      test('that returns a promise cannot be called by code that blocks the thread of its pool', async () => {
        const pool = poolOfFunctions();
        await expect(pool.submit(tasks.callSync, ['double', 1])).rejects.toThrow(
          /^Cannot call 'double' by callSync: it returns a promise, .* kind 'inline'; use call$/,
        );
      });
    } else {
      test('that blocks its caller lets the job be cancelled, and what is posted meanwhile arrive', async () => {
        const released = new CancellationToken();
        const whenReleased = (): Promise<string> =>
          new Promise((resolve) => void released.onCancel(() => resolve('released')));
        await using pool = makePool({ functions: { ...functions, whenReleased } });
        const job = pool.submit(tasks.callSyncBetween);
        await begun(job);
        job.post('first');
        job.post('second');
        released.cancel();
        expect(await job).toEqual(['released', ['first', 'second'], 3]);
        const blocked = pool.submit(tasks.callSync, ['never']);
        const started = new Promise<void>((resolve) => void pool.on('jobStarted', () => resolve()));
        await Promise.race([started, new Promise((resolve) => setImmediate(resolve))]);
        blocked.cancel('enough');
        await expect(blocked).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'enough' });
      });
    }
  });

  describe('what is moved', () => {
    test('by a report, or by yield, arrives whole and is gone where it was', async () => {
      const pool = plainPool();
      const job = pool.submit(tasks.reportMoved);
      const reports: Uint8Array[] = [];
      job.onProgress((bytes) => reports.push(bytes as Uint8Array));
      expect(await job).toEqual([0, 0]);
      expect(reports.map((bytes) => [bytes.length, bytes[999]])).toEqual([
        [1_000, 1],
        [1_000, 2],
      ]);
      const yielding = pool.submit(tasks.yieldMoved);
      expect(await collectAll(yielding.progress)).toEqual([new Uint8Array(1_000).fill(3)]);
      expect(await yielding).toBe(0);
    });

    const poolOfMoves = sharedPool(() => makePool({ functions: { add: () => 0 } }));
    test.each(['inside a report', 'inside a result', 'a call'])('%s is a TypeError', async (where) => {
      const pool = poolOfMoves();
      await expect(pool.submit(tasks.misplaceMove, [where])).rejects.toThrow(TypeError);
    });
  });
}

async function collectAll<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}
