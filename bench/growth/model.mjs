/**
 * What a job costs beside its own work.
 *
 * @typedef {object} Cost
 * @property {number} us how long a job computes, in µs.
 * @property {number} main CPU time of the main thread for a job, in µs.
 * @property {number} workers CPU time of all other threads for a job, without its own work, in µs.
 * @property {number} rate jobs a second.
 */

/**
 * Jobs a second on so many cores with a worker each. Two things bound them: the main thread is one thread, and all CPU time comes from
 * the cores.
 *
 * @param {Cost} cost
 * @param {number} cores
 */
export function rateOn({ us, main, workers }, cores) {
  return 1e6 * Math.min(1 / main, cores / (main + workers + us));
}
