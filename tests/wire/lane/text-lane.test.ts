import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { NotCloneableError, ThreadPool } from 'thread-system';
import { tasks } from '../../support/tasks.ts';

/** Strings short and long, of one byte a character and of two; also longer than a batch may be. */
const anyText = fc.oneof(
  fc.string({ maxLength: 100 }),
  fc.string({ maxLength: 100, unit: 'binary' }),
  fc.tuple(fc.constantFrom('a', '\u00ff', '\u0100', '\ud800'), fc.nat(2500)).map(([unit, n]) => unit.repeat(n)),
);

describe('strings', () => {
  test('arrive whole and in their order, however long they are and whatever stands between them', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const lists = fc.array(fc.array(fc.oneof(anyText, fc.integer(), fc.constant(null)), { maxLength: 6 }), {
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(lists, async (rows) => {
        expect(await Promise.all(rows.map((row) => pool.submit(tasks.many, row)))).toEqual(rows);
      }),
      { numRuns: 60 },
    );
  });

  test('those of a job that is taken back, or cannot be sent, are not taken for those of the next', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const warmUp = (): PromiseLike<unknown>[] => Array.from({ length: 300 }, (_, i) => pool.submit(tasks.many, [i]));
    for (let turn = 0; turn < 3; turn++) await Promise.all(warmUp()); // known to be short, they go to the lane as they come
    const rows = Array.from({ length: 120 }, (_, i) => [`text ${i} of some length`, i % 7 === 0 ? () => i : i]);
    const jobs = rows.map((row) => pool.submit(tasks.many, row));
    const cancelled = jobs.filter((job, i) => i % 3 === 0 && job.cancel());
    expect(cancelled.length).toBeGreaterThan(10);
    const ends = await Promise.allSettled(jobs);
    for (const [i, end] of ends.entries()) {
      if (end.status === 'fulfilled') expect(end.value).toEqual(rows[i]);
      else if (jobs[i]?.state === 'FAILED') expect(end.reason).toBeInstanceOf(NotCloneableError);
      else expect(jobs[i]?.state).toBe('CANCELLED');
    }
    expect(jobs.filter((job) => job.state === 'FAILED').length).toBeGreaterThan(5);
    expect(jobs.filter((job) => job.state === 'COMPLETED').length).toBeGreaterThan(60);
  });

  test('that are more than there is room for find another way', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const texts = Array.from({ length: 6_000 }, (_, i) => `${i} `.repeat(i % 200) + (i % 11 === 0 ? '\u0100' : ''));
    for (let round = 0; round < 3; round++)
      expect(await Promise.all(texts.map((text) => pool.submit(tasks.echo, [text])))).toEqual(texts);
  });
});
