import { expect, test } from '@jest/globals';
import { Channel, type Job, Mutex, Semaphore, ThreadPool, taskModule } from 'thread-system';
import { until } from '../support/gate.ts';
import { fixture } from '../support/tasks.ts';

const tasks = taskModule<{
  lockAgainAndAgain(mutex: Mutex, ready: Int32Array): never;
  acquireAgainAndAgain(semaphore: Semaphore, ready: Int32Array): never;
  sendAgainAndAgain(channel: Channel<number>, ready: Int32Array): never;
  operate(words: Int32Array): never;
}>(fixture('terminated.mjs'));

const ROUNDS = 20;

/** Has a job terminated while its code runs, again and again. */
async function terminate(submit: (pool: ThreadPool, ready: Int32Array) => Job<unknown>, after: () => Promise<void>) {
  await using pool = new ThreadPool({ maxWorkers: 1, graceMs: 0 });
  for (let round = 0; round < ROUNDS; round++) {
    const words = new Int32Array(new SharedArrayBuffer(64));
    const job = submit(pool, words);
    await until(() => Atomics.load(words, 0) === 1);
    job.cancel();
    await expect(job).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED' });
    await after();
  }
}

test('a mutex is free again, wherever the thread was terminated that locks it', async () => {
  const mutex = new Mutex();
  await terminate(
    (pool, ready) => pool.submit(tasks.lockAgainAndAgain, [mutex, ready]),
    async () => (await mutex.lock()).release(),
  );
  expect(mutex.isLocked).toBe(false);
});

test('a semaphore has all its permits again, wherever the thread was terminated that acquires some', async () => {
  const semaphore = new Semaphore(2);
  await terminate(
    (pool, ready) => pool.submit(tasks.acquireAgainAndAgain, [semaphore, ready]),
    async () => {
      const leases = [await semaphore.acquire(), await semaphore.acquire()];
      expect(semaphore.value).toBe(0);
      for (const lease of leases) lease.release();
    },
  );
});

test('a channel has all its places, wherever the thread was terminated that sends and receives', async () => {
  const channel = new Channel<number>({ capacity: 3 });
  await terminate(
    (pool, ready) => pool.submit(tasks.sendAgainAndAgain, [channel, ready]),
    async () => {
      while (channel.size > 0) await channel.receive();
      for (let i = 0; i < 3; i++) await channel.send(i);
      expect(channel.trySend(3)).toBe(false);
      for (let i = 0; i < 3; i++) expect(await channel.receive()).toBe(i);
      expect(channel.tryReceive()).toBe(Channel.EMPTY);
    },
  );
});

test('V8 terminates no thread between an atomic operation and the plain write after it', async () => {
  const all: Int32Array[] = [];
  await terminate(
    (pool, words) => {
      all.push(words);
      return pool.submit(tasks.operate, [words]);
    },
    async () => {},
  );
  const odd = all.filter((words) => [1, 3, 5, 7, 9].some((at) => words[at] !== words[at + 1]));
  expect(odd).toEqual([]);
});
