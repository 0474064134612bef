// No-op jobs, a number in and a number out, on two threads: submitted one by one, collected together, results read.
// Prints jobs per second of this library and of piscina at the best of its settings, as medians of rounds in turn.
//
//   npm run bench [-- rounds]
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { ThreadPool, taskModule } from '../dist/index.js';

const rounds = Number(process.argv[2] ?? 7);
const file = new URL('./noop.mjs', import.meta.url);
const { noop } = taskModule(file);
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** Runs `count` jobs and answers how many a second. Every result is checked. */
async function rate(count, run) {
  const start = performance.now();
  const results = await run(count);
  const seconds = (performance.now() - start) / 1000;
  for (let i = 0; i < count; i++) if (results[i] !== i) throw new Error(`job ${i} gave ${results[i]}`);
  return count / seconds;
}

function threadSystem() {
  const pool = new ThreadPool({ maxWorkers: 2, minWorkers: 2 });
  return {
    name: 'thread-system',
    jobs: 500_000,
    close: () => pool.shutdown(),
    async run(count) {
      const jobs = [];
      for (let i = 0; i < count; i++) jobs.push(pool.submit(noop, [i]));
      await pool.waitAll();
      return jobs.map((job) => job.result);
    },
  };
}

function piscina(settings) {
  const pool = new Piscina({ filename: fileURLToPath(file), name: 'noop', minThreads: 2, maxThreads: 2, ...settings });
  const { concurrentTasksPerWorker = 1, atomics = 'sync' } = settings;
  return {
    name: `piscina, atomics ${atomics}, ${concurrentTasksPerWorker} tasks a worker`,
    jobs: 30_000,
    close: () => pool.destroy(),
    async run(count) {
      const jobs = [];
      for (let i = 0; i < count; i++) jobs.push(pool.run(i));
      return Promise.all(jobs);
    },
  };
}

const contenders = [threadSystem()];
for (const atomics of ['sync', 'async', 'disabled'])
  for (const concurrentTasksPerWorker of [1, 16, 1000]) contenders.push(piscina({ atomics, concurrentTasksPerWorker }));

const rates = new Map(contenders.map((contender) => [contender, []]));
for (let round = -1; round < rounds; round++) {
  // the first round warms up; each begins with another contender
  for (let i = 0; i < contenders.length; i++) {
    const contender = contenders[(i + round + contenders.length) % contenders.length];
    const perSecond = await rate(contender.jobs, contender.run);
    if (round >= 0) rates.get(contender).push(perSecond);
  }
}
await Promise.all(contenders.map((contender) => contender.close()));

const rows = contenders.map((contender) => ({
  name: contender.name,
  jobsPerSecond: Math.round(median(rates.get(contender))),
}));
console.table(rows);
const [ours, ...peers] = rows;
const best = peers.reduce((a, b) => (b.jobsPerSecond > a.jobsPerSecond ? b : a));
console.log(
  `thread-system: ${(ours.jobsPerSecond / best.jobsPerSecond).toFixed(1)} x the best setting of piscina (${best.name})`,
);
