import { setTimeout } from 'node:timers/promises';
import { tasks } from '../contenders/thread-system.mjs';
import { withPool } from './with-pool.mjs';

/**
 * How one cost grows with one size.
 *
 * @typedef {object} Curve
 * @property {string} name
 * @property {string} title what is measured.
 * @property {string} size what is varied.
 * @property {readonly number[]} points the sizes, ascending.
 * @property {number} atMost the exponent that must hold: 1 is linear, 0 means that the cost does not depend on the size.
 * @property {(size: number) => Promise<number>} measure a cost, in ms.
 * @property {string} [note]
 */

const args = [1];
const LEVEL_JOBS = 200_000;
const WORKER_JOBS = 200_000;

/** @type {readonly Curve[]} */
export const curves = [
  {
    name: 'jobs',
    title: 'no-op jobs, submitted one by one, until `waitAll`',
    size: 'jobs',
    points: [100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000],
    atMost: 1,
    measure: (count) => warm((pool) => submitAll(pool, count, () => undefined)),
    note: 'All are submitted at once; nobody keeps the jobs.',
  },
  {
    name: 'priorities',
    title: `${LEVEL_JOBS.toLocaleString('en')} jobs that wait in a paused pool, until the last has ended`,
    size: 'different priorities',
    points: [1, 10, 100, 1_000, 10_000, 100_000],
    atMost: 0.2,
    measure: (levels) =>
      warm(async (pool) => {
        const order = new Map();
        const optionsOf = (index) => {
          const priority = (index * 7919) % levels;
          if (!order.has(priority)) order.set(priority, { priority });
          return order.get(priority);
        };
        pool.pause();
        const ended = submitAll(pool, LEVEL_JOBS, optionsOf);
        pool.resume();
        await ended;
      }),
  },
  {
    name: 'dependencies',
    title: 'a chain of jobs, each of which depends on the one before',
    size: 'jobs in the chain',
    points: [10, 100, 1_000, 10_000, 100_000],
    atMost: 1,
    measure: (count) =>
      warm(async (pool) => {
        let last = pool.submit(tasks.noop, args);
        for (let index = 1; index < count; index++) last = pool.submit(tasks.noop, args, { dependsOn: [last] });
        await pool.waitAll();
      }),
  },
  {
    name: 'bytes',
    title: 'one `Uint8Array` to a task and back, cloned both ways',
    size: 'bytes',
    points: [8, 64, 512, 4_096, 32_768, 262_144, 2_097_152, 16_777_216, 67_108_864],
    atMost: 1,
    measure: (size) => {
      const bytes = new Uint8Array(size);
      const turns = Math.max(3, Math.min(1_000, Math.round(67_108_864 / size)));
      return warm(async (pool) => {
        for (let turn = 0; turn < turns; turn++) {
          const { length } = await pool.submit(tasks.noop, [bytes]);
          if (length !== size) throw new Error(`${length} bytes came back, not ${size}`);
        }
      }).then((ms) => ms / turns);
    },
  },
  {
    name: 'map',
    title: '`map` over an array of numbers',
    size: 'items',
    points: [100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000],
    atMost: 1,
    measure: (count) => {
      const items = Array.from({ length: count }, (_, index) => index);
      return warm(async (pool) => {
        const results = await pool.map(tasks.noop, items);
        if (results.length !== count || results[count - 1] !== count - 1) throw new Error('map lost items');
      });
    },
  },
  {
    name: 'start',
    title: 'a new pool, until all its workers are ready',
    size: 'workers',
    points: [1, 2, 4, 8, 16, 32, 64],
    atMost: 1,
    measure: (count) => {
      const start = performance.now();
      return withPool(count, async () => performance.now() - start);
    },
  },
  {
    name: 'workers',
    title: `${WORKER_JOBS.toLocaleString('en')} no-op jobs through so many workers`,
    size: 'workers',
    points: [1, 2, 4, 8, 16, 32, 64],
    atMost: 0.5,
    measure: (count) => warm((pool) => submitAll(pool, WORKER_JOBS, () => undefined), count),
    note: 'On the cores that there are: more workers than cores gain nothing, and show what they cost.',
  },
];

/**
 * Runs `work` twice without the clock, or for half a second, so that the engine has compiled what it runs, and then once with it.
 *
 * @param {(pool: ThreadPool) => Promise<unknown>} work
 */
function warm(work, workers = 2) {
  return withPool(workers, async (pool) => {
    const from = performance.now();
    do await work(pool);
    while (performance.now() - from < 500);
    globalThis.gc();
    await setTimeout(50); // what the collection has left to its helpers
    const start = performance.now();
    await work(pool);
    return performance.now() - start;
  });
}

async function submitAll(pool, count, optionsOf) {
  const { completed } = pool.metrics();
  for (let index = 0; index < count; index++) pool.submit(tasks.noop, args, optionsOf(index));
  await pool.waitAll();
  const ended = pool.metrics().completed - completed;
  if (ended !== count) throw new Error(`${ended} jobs have completed, not ${count}`);
}
