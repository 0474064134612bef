import { describe, expect, test } from '@jest/globals';
import { Condition, type Job, Mutex, Semaphore, ThreadPool, taskModule } from 'thread-system';
import { until } from '../support/gate.ts';
import { fixture } from '../support/tasks.ts';

interface Contest {
  readonly words: Int32Array;
  readonly seed: number;
  readonly mayBlock: boolean;
  readonly rounds: number;
}

interface Contend {
  countUnderLock(contest: Contest & { mutex: Mutex }): Promise<number>;
  sharePermits(contest: Contest & { semaphore: Semaphore }): Promise<number>;
  produce(contest: Contest & Store): Promise<void>;
  consume(contest: Contest & Store): Promise<number>;
  die(victim: { mutex: Mutex; semaphore: Semaphore; how: string; words: Int32Array }): Promise<never>;
  standInLine(victim: { mutex: Mutex; words: Int32Array }): void;
}

interface Store {
  readonly mutex: Mutex;
  readonly notFull: Condition;
  readonly notEmpty: Condition;
}

const tasks = taskModule<Contend>(fixture('contend.mjs'));
const here = (await import(fixture('contend.mjs').pathname)) as Contend;

const THREADS = 3;
const SEED = Number(process.env['STRESS_SEED'] ?? Math.trunc(Math.random() * 2 ** 31));

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
const wordsOf = (count: number): Int32Array => new Int32Array(new SharedArrayBuffer(4 * count));

/** Runs the same on every thread: twice in each of the workers, twice here. */
function contest<R>(there: (seed: number) => PromiseLike<R>, onMain: (seed: number) => Promise<R>): Promise<R[]> {
  const inTasks = Array.from({ length: 2 * THREADS }, (_, i) => there(SEED + i));
  return Promise.all([...inTasks, ...[0, 1].map((i) => onMain(SEED + 1000 + i))]);
}

/** Two open jobs a worker: one that waits by a promise is not in the way of one that blocks. */
const poolOf = () => new ThreadPool({ maxWorkers: THREADS, concurrency: 2 });

describe(`under stress of every mix of waiters (STRESS_SEED=${SEED})`, () => {
  test('a mutex is held by one at a time, and no wakeup is lost', async () => {
    await using pool = poolOf();
    const mutex = new Mutex();
    const words = wordsOf(1);
    const shared = { mutex, words, rounds: 2000 };
    const counts = await contest(
      (seed) => pool.submit(tasks.countUnderLock, [{ ...shared, seed, mayBlock: false }]),
      (seed) => here.countUnderLock({ ...shared, seed, mayBlock: false }),
    );
    expect(words[0]).toBe(sum(counts));
    expect(mutex.isLocked).toBe(false);
  }, 60_000);

  test('a mutex that is blocked on as well', async () => {
    await using pool = new ThreadPool({ maxWorkers: THREADS });
    const mutex = new Mutex();
    const words = wordsOf(1);
    const shared = { mutex, words, rounds: 2000 };
    const counts = await contest(
      (seed) => pool.submit(tasks.countUnderLock, [{ ...shared, seed, mayBlock: true }]),
      (seed) => here.countUnderLock({ ...shared, seed, mayBlock: false }),
    );
    expect(words[0]).toBe(sum(counts));
    expect(mutex.isLocked).toBe(false);
  }, 60_000);

  test('a semaphore keeps its permits', async () => {
    await using pool = new ThreadPool({ maxWorkers: THREADS });
    const semaphore = new Semaphore(2);
    const words = wordsOf(2);
    const shared = { semaphore, words, rounds: 2000 };
    await contest(
      (seed) => pool.submit(tasks.sharePermits, [{ ...shared, seed, mayBlock: true }]),
      (seed) => here.sharePermits({ ...shared, seed, mayBlock: false }),
    );
    expect(semaphore.value).toBe(2);
    expect([words[0], Math.min(2, words[1] ?? 0)]).toEqual([0, words[1]]);
  }, 60_000);

  test('conditions tell those who wait for room and for items, and all items arrive', async () => {
    await using pool = new ThreadPool({ maxWorkers: 4 });
    const mutex = new Mutex();
    const store = { mutex, notFull: new Condition(mutex), notEmpty: new Condition(mutex) };
    const rounds = 1500;
    const words = wordsOf(3);
    words.set([0, 3, 3 * rounds]);
    const shared = { ...store, words, rounds };
    const producers = [0, 1].map((i) => pool.submit(tasks.produce, [{ ...shared, seed: SEED + i, mayBlock: true }]));
    const consumers = [2, 3].map((i) => pool.submit(tasks.consume, [{ ...shared, seed: SEED + i, mayBlock: true }]));
    const [, own] = await Promise.all([
      here.produce({ ...shared, seed: SEED + 4, mayBlock: false }),
      here.consume({ ...shared, seed: SEED + 5, mayBlock: false }),
      ...producers,
    ]);
    expect(sum([own, ...(await Promise.all(consumers))])).toBe(3 * rounds);
    expect([...words]).toEqual([0, 3, 0]);
    expect(mutex.isLocked).toBe(false);
  }, 60_000);
});

describe('a thread that dies', () => {
  /** A task on its way to its death: there once it holds, or waits for, both. */
  async function victim(pool: ThreadPool, how: 'holding' | 'queued', things: { mutex: Mutex; semaphore: Semaphore }) {
    const words = wordsOf(2);
    const job: Job<never> = pool.submit(tasks.die, [{ ...things, how, words }]);
    await until(() => Atomics.load(words, 0) === 1);
    const end = async () => {
      Atomics.store(words, 1, 1);
      await expect(job).rejects.toMatchObject({ code: 'ERR_WORKER_EXITED' });
    };
    return { end };
  }

  test('holding a mutex and a permit leaves them to the next, which is notified', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const things = { mutex: new Mutex(), semaphore: new Semaphore(1) };
    const { end } = await victim(pool, 'holding', things);
    const waiting = things.mutex.lock();
    const blocked = pool.submit(
      ({ mutex, semaphore }: typeof things) => {
        const lock = mutex.lockSync();
        semaphore.acquireSync().release();
        lock.release();
        return lock.abandoned;
      },
      [things],
    );
    await until(() => blocked.state === 'RUNNING');
    await end();
    const lock = await waiting;
    expect(lock.abandoned).toBe(true);
    lock.release();
    expect(await blocked).toBe(false);
    expect(things.mutex.isLocked).toBe(false);
    expect(things.semaphore.value).toBe(1);
    using again = await things.mutex.lock();
    expect(again.abandoned).toBe(false);
  });

  test('waiting in the queue leaves the permit to those behind', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const things = { mutex: new Mutex(), semaphore: new Semaphore(1) };
    const [lock, permit] = await Promise.all([things.mutex.lock(), things.semaphore.acquire()]);
    const { end } = await victim(pool, 'queued', things);
    const behind = Promise.all([things.mutex.lock(), things.semaphore.acquire()]);
    await end();
    lock.release();
    permit.release();
    const [next, nextPermit] = await behind;
    expect(next.abandoned).toBe(false);
    next.release();
    nextPermit.release();
    expect([things.mutex.isLocked, things.semaphore.value]).toEqual([false, 1]);
  });

  test('that was granted the lock while it died passes it on', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: 0 });
    for (let i = 0; i < 10; i++) {
      const mutex = new Mutex();
      const lock = await mutex.lock();
      const words = wordsOf(1);
      const job = pool.submit(tasks.standInLine, [{ mutex, words }]);
      await until(() => Atomics.load(words, 0) === 1);
      const behind = mutex.lock();
      job.cancel();
      lock.release();
      await job.catch(() => {});
      (await behind).release();
      expect(mutex.isLocked).toBe(false);
    }
  });
});
