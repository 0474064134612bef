import { expect, test } from '@jest/globals';
import { ThreadPool } from 'thread-system';

// More workers than most machines have processors: jobs that are known to be brief are left to a few of them.
const WORKERS = 32;

const HELD = 0;
const RUN = 1;

/** Brief, unless it has to wait for the word: the pool cannot know which. */
const passOrWait = (words: Int32Array, waits: boolean): number => {
  if (waits) Atomics.wait(words, 0, 0);
  return Atomics.add(words, 1, 1);
};
/** Brief if it is alone; of several, each waits for the others. */
const meet = (words: Int32Array, count: number): number => {
  const place = Atomics.add(words, 0, 1) + 1;
  if (place === count) Atomics.notify(words, 0);
  for (let met = place; met < count; met = Atomics.load(words, 0)) Atomics.wait(words, 0, met);
  return place;
};
const echo = (value: number): number => value;

const twoWords = (): Int32Array => new Int32Array(new SharedArrayBuffer(8));

function openPool(): ThreadPool {
  return new ThreadPool({ minWorkers: WORKERS, maxWorkers: WORKERS });
}

/** Lets the pool learn that a job is brief. */
async function warmUp(submit: () => PromiseLike<unknown>[]): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.all(submit());
}

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

test('jobs that suddenly block, all but one of the workers, keep none waiting behind them', async () => {
  await using pool = openPool();
  const words = twoWords();
  await warmUp(() => times(300, () => pool.submit(passOrWait, [words, false])));
  Atomics.store(words, RUN, 0);
  const jobs = times(400, (index) => pool.submit(passOrWait, [words, index % 10 === 0 && index < (WORKERS - 1) * 10]));
  const held = jobs.filter((_, index) => index % 10 === 0 && index < (WORKERS - 1) * 10);
  await Promise.all(jobs.filter((job) => !held.includes(job)));
  expect(Atomics.load(words, RUN)).toBe(jobs.length - held.length);
  expect(held.every((job) => job.state === 'PENDING' || job.state === 'RUNNING')).toBe(true);
  Atomics.store(words, HELD, 1);
  Atomics.notify(words, HELD);
  await Promise.all(held);
  expect(Atomics.load(words, RUN)).toBe(jobs.length);
});

test('as many jobs as there are workers can wait for each other, though they were brief before', async () => {
  await using pool = openPool();
  await warmUp(() => times(300, () => pool.submit(meet, [twoWords(), 1])));
  const words = twoWords();
  const places = await Promise.all(times(WORKERS, () => pool.submit(meet, [words, WORKERS])));
  expect(places.toSorted((a, b) => a - b)).toEqual(times(WORKERS, (index) => index + 1));
});

test('as many brief jobs as there are workers run though the main thread blocks from then on', async () => {
  await using pool = openPool();
  const words = twoWords();
  await warmUp(() => times(300, () => pool.submit(passOrWait, [words, false])));
  Atomics.store(words, RUN, 0);
  const jobs = times(WORKERS, () => pool.submit(passOrWait, [words, false]));
  // no turn of the event loop; the bound is for a pool that has not sent all
  for (let waits = 0; Atomics.load(words, RUN) < WORKERS && waits < 20_000; waits++) Atomics.wait(words, HELD, 0, 1);
  expect(Atomics.load(words, RUN)).toBe(WORKERS);
  await Promise.all(jobs);
});

test('many brief jobs return each its own result, collected or awaited', async () => {
  await using pool = openPool();
  const inputs = times(10_000, (index) => index);
  for (let turn = 0; turn < 3; turn++) {
    expect(await Promise.all(inputs.map((input) => pool.submit(echo, [input])))).toEqual(inputs);
    const jobs = inputs.map((input) => pool.submit(echo, [input]));
    await pool.waitAll();
    expect(jobs.map((job) => job.result)).toEqual(inputs);
  }
});
