import { peers } from './contenders/peers.mjs';
import { median } from './statistics.mjs';
import { spin } from './tasks/functions.mjs';

/** @typedef {import('./contenders/contender.mjs').Contender} Contender */

/**
 * What one contender did: the median of the rounds, the least and the most.
 *
 * @typedef {object} Figure
 * @property {string} name
 * @property {string} setting
 * @property {number} value
 * @property {number} low
 * @property {number} high
 */

/**
 * What a workload is run with.
 *
 * @typedef {object} Run
 * @property {(standard: number) => number} rounds how many, where the workload itself would take `standard`.
 * @property {boolean} quick whether to look only that it works, and that no limit is missed by far.
 * @property {(count: number, quick?: number) => number} size a count, or the smaller one
 *   that is enough when quick: a tenth, unless it is given.
 */

/** @returns {Figure} */
export function figure({ name, setting }, values) {
  return { name, setting, value: median(values), low: Math.min(...values), high: Math.max(...values) };
}

/** How long each contender runs before the first round, and before a single one. */
const WARM_UP_MS = 1000;
const SHORT_WARM_UP_MS = 150;

/**
 * Measures each contender once a round, in an order that each round begins with another. Before each, garbage is
 * collected, so that no one pays for another's; then it runs once without being measured, as a full collection shrinks the
 * young generation. Before the first round all have run, so that the engine has compiled their code.
 *
 * @template T
 * @param {readonly T[]} contenders
 * @param {(contender: T) => Promise<number>} measure
 * @param {number} rounds
 * @returns {Promise<number[][]>} for each contender, its values.
 */
export async function trampoline(contenders, measure, rounds) {
  const warmUpMs = rounds > 1 ? WARM_UP_MS : SHORT_WARM_UP_MS;
  for (const contender of contenders) {
    const start = performance.now();
    do await measure(contender);
    while (performance.now() - start < warmUpMs);
  }
  const values = contenders.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const index = (turn + round) % contenders.length;
      globalThis.gc();
      await measure(contenders[index]);
      values[index].push(await measure(contenders[index]));
    }
  }
  return values;
}

/**
 * Finds the setting of each peer that serves it best: each one, in a pool of its own, runs `measure` until warm and then
 * once more. When quick, each has the setting that is usually its best.
 *
 * @param {string} task
 * @param {(contender: Contender) => Promise<number>} measure
 * @param {{ better: 'more' | 'less', quick: boolean }} how
 * @returns {Promise<Contender[]>} a pool of each peer, in its best setting.
 */
export async function openPeers(task, measure, { better, quick }) {
  const best = [];
  for (const library of peers) {
    if (quick) {
      best.push(library.open(task, library.usual));
      continue;
    }
    const tried = [];
    for (const setting of library.settings) {
      const contender = library.open(task, setting);
      await measure(contender);
      globalThis.gc();
      tried.push({ setting, value: await measure(contender) });
      await contender.close();
    }
    tried.sort((a, b) => (better === 'more' ? b.value - a.value : a.value - b.value));
    best.push(library.open(task, tried[0].setting));
  }
  return best;
}

export async function closeAll(contenders) {
  for (const contender of contenders) await contender.close();
}

/** How long `work` takes, in ms, and what it gave. */
export async function timed(work) {
  const start = performance.now();
  const result = await work();
  return { ms: performance.now() - start, result };
}

/** How many turns of `spin` take `ms`, in the shortest of a few runs. */
export function turnsOf(ms) {
  const turns = 1_000_000;
  let shortest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 30; i++) {
    const start = performance.now();
    spin(turns);
    shortest = Math.min(shortest, performance.now() - start);
  }
  return Math.round((turns * ms) / shortest);
}
