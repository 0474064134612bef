import { JobPriority, JobState } from '../../dist/index.js';
import { openPool, tasks } from '../contenders/thread-system.mjs';
import { figure } from '../measure.mjs';
import { median } from '../statistics.mjs';

export const name = 'urgent';

const URGENT_JOBS = 20;
const APART_MS = 5;

export async function run(how) {
  const settled = [];
  const overtaken = [];
  const overtakenMs = [];
  const pool = openPool({ maxWorkers: 1, minWorkers: 1 });
  const counter = new Int32Array(new SharedArrayBuffer(4));
  await pool.submit(tasks.shareCounter, [counter]);
  for (let round = -1; round < how.rounds(5); round++) {
    globalThis.gc();
    const flight = await fly(pool, counter, how.size(1_000_000, 200_000));
    if (round < 0) continue;
    settled.push(median(flight.settledMs));
    overtaken.push(Math.max(...flight.overtaken));
    overtakenMs.push(Math.max(...flight.overtaken) / flight.startsPerMs);
  }
  await pool.shutdown();
  const ours = { name: 'thread-system', setting: 'maxWorkers 1' };
  const row = { better: 'less', judged: 'value' };
  return [
    {
      ...row,
      workload: 'HIGHEST behind 1,000,000 LOWEST in flight: settled after',
      unit: 'ms',
      figures: [figure(ours, settled)],
      limit: { atMost: 0.5 },
      aim: '0.2 ms',
      note: `One worker, the same for all rounds, held back until all are submitted; ${URGENT_JOBS} urgent jobs a round, ${APART_MS} ms apart; the median of each round.`,
    },
    {
      ...row,
      workload: 'the same: LOWEST jobs that start after its submission, as ms of work',
      unit: 'ms',
      figures: [figure(ours, overtakenMs)],
      limit: { atMost: 1 },
      aim: 'one window, about 1 ms of work',
      note:
        `The most of each round's urgent jobs; as jobs: ${overtaken.map((count) => count.toLocaleString('en')).join(', ')}. ` +
        'Each LOWEST job raises a shared counter as it starts. Jobs become ms by the rate of starts over the flight.',
    },
  ];
}

async function fly(pool, counter, count) {
  Atomics.store(counter, 0, 0);
  const lowest = { priority: JobPriority.LOWEST };
  const highest = { priority: JobPriority.HIGHEST };
  const jobs = [];
  // held back until all are submitted: the worker would else have run most of them by then
  pool.pause();
  for (let i = 0; i < count; i++) jobs.push(pool.submit(tasks.countStart, [i], lowest));
  pool.resume();
  await new Promise((resolve) => setTimeout(resolve, APART_MS));
  const settledMs = [];
  const overtaken = [];
  const flightStart = performance.now();
  const startedBefore = Atomics.load(counter, 0);
  while (settledMs.length < URGENT_JOBS && jobs[count - 1].state === JobState.PENDING) {
    const started = Atomics.load(counter, 0);
    const start = performance.now();
    const seen = await pool.submit(tasks.countStarted, [], highest);
    if (Atomics.load(counter, 0) < count) {
      settledMs.push(performance.now() - start);
      overtaken.push(seen - started);
    }
    await new Promise((resolve) => setTimeout(resolve, APART_MS));
  }
  const startsPerMs = (Atomics.load(counter, 0) - startedBefore) / (performance.now() - flightStart);
  await pool.waitAll();
  for (let i = 0; i < count; i++) if (jobs[i].result !== i) throw new Error(`Job ${i} gave ${jobs[i].result}`);
  if (Atomics.load(counter, 0) !== count) throw new Error(`${counter[0]} jobs started of ${count}`);
  if (settledMs.length === 0) throw new Error('The flight ended before the first urgent job');
  return { settledMs, overtaken, startsPerMs };
}
