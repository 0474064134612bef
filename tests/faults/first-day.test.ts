import { expect, test } from '@jest/globals';
import { ThreadPool } from 'thread-system';

type Mistake = readonly [name: string, make: (pool: ThreadPool) => unknown, says: string];

const fixture = new URL('./fixtures/first-day.mjs', import.meta.url).href;
const { mistakes } = (await import(fixture)) as { readonly mistakes: readonly Mistake[] };

test.each(mistakes)('%s: the error says what to write instead', async (_, make, says) => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const error = await settled(() => make(pool));
  expect(error).toHaveProperty('message', expect.stringContaining(says));
});

test('a second shutdown is no mistake: it resolves as the first', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  pool.submit(() => 1);
  const first = pool.shutdown();
  expect(await pool.shutdown()).toEqual({ completed: 1, failed: 0, cancelled: 0 });
  expect(pool.shutdown()).toBe(first);
});

/** Returns what a call throws, or what it returns rejects with, or a job that it returns fails with. */
async function settled(call: () => unknown): Promise<unknown> {
  try {
    const value = call();
    return await (Array.isArray(value) ? Promise.all(value) : value);
  } catch (error) {
    return error;
  }
}
