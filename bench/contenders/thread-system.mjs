import { ThreadPool, taskModule } from '../../dist/index.js';
import { awaited } from './contender.mjs';

const name = 'thread-system';
export const tasks = taskModule(new URL('../tasks/thread-system.mjs', import.meta.url));

/** @typedef {import('./contender.mjs').Contender} Contender */

/**
 * Opens a pool of two threads whose jobs are kept, collected by `waitAll`, and read.
 *
 * @returns {Contender}
 */
export function openCollected(task) {
  const pool = openPool();
  return {
    ...asContender(pool, task, 'waitAll'),
    async runAll(inputs) {
      const jobs = [];
      for (const input of inputs) jobs.push(pool.submit(tasks[task], [input]));
      await pool.waitAll();
      return jobs.map((job) => job.result);
    },
  };
}

/**
 * Opens a pool of two threads whose jobs are awaited, all of them.
 *
 * @returns {Contender}
 */
export function openAwaited(task, options = { minWorkers: 2 }) {
  return asContender(openPool(options), task, 'awaited');
}

export function openPool(options = { minWorkers: 2 }) {
  return new ThreadPool({ maxWorkers: 2, ...options });
}

function asContender(pool, task, setting) {
  const run = (input, transfer) =>
    transfer === undefined ? pool.submit(tasks[task], [input]) : pool.submit(tasks[task], [input], { transfer });
  return awaited({ name, setting, run, close: () => pool.shutdown() });
}
