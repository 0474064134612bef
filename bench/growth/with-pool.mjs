import { ThreadPool } from '../../dist/index.js';

/**
 * Calls `use` with a pool whose workers are ready, and ends the pool.
 *
 * @template T
 * @param {number} workers
 * @param {(pool: ThreadPool) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withPool(workers, use) {
  const pool = new ThreadPool({ minWorkers: workers, maxWorkers: workers });
  try {
    await pool.warmUp();
    return await use(pool);
  } finally {
    await pool.shutdown();
  }
}
