import { afterAll, afterEach } from '@jest/globals';
import type { ThreadPool } from 'thread-system';

/** How long jobs of a test may run after it, in ms, before the pool is replaced. */
const LONGEST_REST_MS = 2_000;

/**
 * Returns a function that gives tests the pool that they share, as the start of a worker is what costs most of a test. It is
 * made when it is first asked for, and anew where a test has left jobs in it that do not end. For tests that look neither at
 * the pool's start nor its end, nor at its metrics, and kill no worker. With `isFresh`, each test gets a pool of its own.
 */
export function sharedPool(make: () => ThreadPool, isFresh = false): () => ThreadPool {
  let pool: ThreadPool | undefined;
  const end = async (): Promise<void> => {
    const ended = pool;
    pool = undefined;
    await ended?.[Symbol.asyncDispose]();
  };
  afterEach(async () => {
    if (pool !== undefined && (isFresh || !(await pool.waitAll({ timeoutMs: LONGEST_REST_MS })))) await end();
  });
  afterAll(end);
  return () => {
    pool ??= make();
    return pool;
  };
}
