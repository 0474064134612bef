import { ThreadPool, taskModule } from '../../dist/index.js';
import { awaited, fileOf } from './contender.mjs';

const name = 'thread-system';
const ours = new URL('../tasks/thread-system.mjs', import.meta.url);
export const tasks = taskModule(ours);
const taskOf = (task, file = fileOf(task, ours)) => taskModule(file)[task];

/** @typedef {import('./contender.mjs').Contender} Contender */

/**
 * Opens a pool whose jobs are kept, collected by `waitAll`, and read; of two threads, unless `options` say otherwise.
 *
 * @returns {Contender}
 */
export function openCollected(task, options = undefined) {
  const pool = openPool(options);
  const code = taskOf(task);
  return {
    ...asContender(pool, code, 'waitAll'),
    async runAll(inputs) {
      const jobs = [];
      for (const input of inputs) jobs.push(pool.submit(code, [input]));
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
export function openAwaited(task, options = { minWorkers: 2 }, file = undefined) {
  return asContender(openPool(options), taskOf(task, file), 'awaited');
}

/**
 * Opens a pool with one job: a function that is sent as its text.
 *
 * @returns {Contender}
 */
export function openFunction() {
  return asContender(openPool({}), (x) => x, 'a function');
}

export function openPool(options = { minWorkers: 2 }) {
  return new ThreadPool({ maxWorkers: 2, ...options });
}

function asContender(pool, code, setting) {
  const run = (input, transfer) =>
    transfer === undefined ? pool.submit(code, [input]) : pool.submit(code, [input], { transfer });
  return awaited({ name, setting, run, close: () => pool.shutdown() });
}
