// What a job costs in CPU time while the flight recorder runs, beside the same pool without: `npm run trace-cost`.
// Pairs of rounds, one after the other, as a machine that others use is not the same for long; the median of their ratios.
import { ThreadPool } from 'thread-system';

const JOBS = 200_000;
const PAIRS = 5;

const noop = () => 0;

async function cpuUsOf(pool) {
  const before = process.cpuUsage();
  await Promise.all(
    pool.submitMany(
      noop,
      Array.from({ length: JOBS }, () => []),
    ),
  );
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

const median = (numbers) => numbers.sort((a, b) => a - b)[numbers.length >> 1];

const off = new ThreadPool({ maxWorkers: 1 });
const traced = new ThreadPool({ maxWorkers: 1 });
const on = new ThreadPool({ maxWorkers: 1 });
await traced.trace(() => {});
await on.trace({ lastMs: 1 });
for (const pool of [off, traced, on]) await cpuUsOf(pool); // until everything is compiled

const ratios = { 'after a trace': [], 'while recording': [] };
for (let pair = 0; pair < PAIRS; pair++) {
  const offUs = await cpuUsOf(off);
  ratios['after a trace'].push((await cpuUsOf(traced)) / offUs);
  ratios['while recording'].push((await cpuUsOf(on)) / offUs);
}
for (const [name, list] of Object.entries(ratios))
  console.log(`${name}: ${median(list).toFixed(2)} x the CPU time of a job without`);
await Promise.all([off, traced, on].map((pool) => pool.shutdown()));
