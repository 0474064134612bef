import { expect, test } from '@jest/globals';
import { ThreadPool } from 'thread-system';
import { tasks } from '../../support/tasks.ts';

test('arguments and results go round the lanes many times, in order, at every offset', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const values = Array.from({ length: 30_000 }, (_, i) =>
    i % 7 === 0 ? 'x'.repeat(i % 61) : i % 501 === 0 ? { i } : i,
  );
  const jobs = values.map((value) => pool.submit(tasks.echo, [value]));
  await pool.waitAll();
  expect(jobs.map((job) => job.result)).toEqual(values);
});
