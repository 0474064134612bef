import * as functions from '../tasks/functions.mjs';

const plain = new URL('../tasks/functions.mjs', import.meta.url);

/**
 * One pool, in one of its library's settings, that runs one task.
 *
 * @typedef {object} Contender
 * @property {string} name the library.
 * @property {string} setting its setting, in words.
 * @property {(input: unknown, transfer?: ArrayBuffer[]) => PromiseLike<unknown>} run
 * @property {(inputs: readonly unknown[], options?: { move?: boolean }) => Promise<unknown[]>} runAll runs all at once and
 *   collects the results; with `move`, each input's buffer is transferred.
 * @property {() => Promise<unknown>} close
 */

/**
 * A library, and the settings among which its best is looked for.
 *
 * @typedef {object} Library
 * @property {string} name
 * @property {readonly Setting[]} settings
 * @property {readonly Setting[]} longJobSettings those for jobs of some ms, where many jobs ahead at one thread only idle
 *   the other.
 * @property {Setting} usual the one that is most often the best for small jobs.
 * @property {boolean} [takesFile] whether a task's file need not import the library.
 * @property {(task: string, setting: Setting, start?: Start) => Contender} open makes a pool of two threads.
 */

/**
 * Which task a pool runs, and how it starts.
 *
 * @typedef {object} Start
 * @property {URL} [file] of the task, a module of functions; where a library's threads need a file of their own, that one
 *   imports it.
 * @property {number} [minThreads] how many threads there are before they are needed; 2.
 */

/**
 * @typedef {object} Setting
 * @property {string} label
 * @property {object} options
 * @property {boolean} [mapExecute] poolifier's own way to submit a list.
 */

/** A contender whose jobs are awaited, all of them. @returns {Contender} */
export const awaited = ({ name, setting, run, close }) => ({
  name,
  setting,
  run,
  runAll: (inputs, options) => awaitAll(run, inputs, options),
  close,
});

/**
 * The file of a task. It imports nothing where the task needs nothing: what a task imports, its thread has to load.
 *
 * @param {string} task
 * @param {URL} others the file of those that need something of the library.
 */
export const fileOf = (task, others) => (task in functions ? plain : others);

/** How a pool of piscina, or of tinypool, which is made of it, runs an input. */
export const runIn = (pool) => (input, transferList) =>
  transferList === undefined ? pool.run(input) : pool.run(input, { transferList });

/** Submits every input by itself and awaits all. */
export function awaitAll(run, inputs, { move = false } = {}) {
  const results = [];
  if (move) for (const input of inputs) results.push(run(input, [input.buffer]));
  else for (const input of inputs) results.push(run(input));
  return Promise.all(results);
}
