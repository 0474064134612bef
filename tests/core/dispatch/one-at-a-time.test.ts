import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { ThreadPool } from 'thread-system';

const echo = (value: number): number => value;
/** Far more than any machine runs before timers and sockets have had ten turns, unless they have none. */
const MOST_JOBS = 2_000_000;

describe.each(['thread', 'process', 'inline'] as const)(
  'a program that awaits one short job at a time, kind %s,',
  (kind) => {
    test('gets each result, and the event loop turns meanwhile', async () => {
      await using pool = new ThreadPool({ kind, maxWorkers: 1 });
      let turns = 0;
      const counting = (async () => {
        for (; turns < 10; turns++) await setImmediate();
      })();
      let jobs = 0;
      for (; turns < 10 && jobs < MOST_JOBS; jobs++) expect(await pool.submit(echo, [jobs])).toBe(jobs);
      expect(jobs).toBeLessThan(MOST_JOBS);
      await counting;
    });
  },
);

test('a short job that suddenly takes long, submitted alone, is awaited without holding the event loop up', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const words = new Int32Array(new SharedArrayBuffer(4));
  const waitFor = (until: Int32Array, value: number): number => {
    Atomics.wait(until, 0, value);
    return value;
  };
  for (let job = 0; job < 1_000; job++) await pool.submit(waitFor, [words, 1]); // returns at once, as the word is 0
  const job = pool.submit(waitFor, [words, 0]);
  await setImmediate();
  expect(['PENDING', 'RUNNING']).toContain(job.state);
  Atomics.store(words, 0, 1);
  Atomics.notify(words, 0);
  expect(await job).toBe(0);
});
