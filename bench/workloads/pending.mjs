import { openPool, tasks } from '../contenders/thread-system.mjs';
import { figure } from '../measure.mjs';

export const name = 'pending';

const SUBMITS = 10_000;
const SAMPLES = 20;
const QUICK_SAMPLES = 5;
const args = [1];

export async function run(how) {
  const many = how.size(1_000_000, 200_000);
  globalThis.gc();
  const before = process.memoryUsage().heapUsed;
  const full = openPaused(many);
  globalThis.gc();
  const bytes = (process.memoryUsage().heapUsed - before) / many;

  const intoMany = [];
  const intoFew = [];
  const samples = how.size(SAMPLES, QUICK_SAMPLES);
  for (let sample = -3; sample < samples; sample++) {
    const few = openPaused(1000);
    // in turn, each first as often as second
    const order = sample % 2 === 0 ? [full, few] : [few, full];
    for (const pool of order) {
      globalThis.gc();
      const start = performance.now();
      for (let i = 0; i < SUBMITS; i++) pool.submit(tasks.noop, args);
      const ms = performance.now() - start;
      if (sample >= 0) (pool === full ? intoMany : intoFew).push(ms);
    }
    few.cancelAll();
    await few.shutdown();
  }
  const { pending } = full.metrics();
  if (pending !== many + (samples + 3) * SUBMITS) throw new Error(`${pending} jobs are pending`);
  full.cancelAll();
  await full.shutdown();
  const paused = { name: 'thread-system', setting: 'paused pool' };
  return [
    {
      workload: '`heapUsed` per pending job',
      unit: 'B',
      better: 'less',
      figures: [figure(paused, [bytes])],
      judged: 'value',
      limit: { atMost: 90 },
      aim: '72 B',
      note: `${many.toLocaleString('en')} jobs with one constant list of arguments, which the caller does not keep, in a paused pool.`,
    },
    {
      workload: `10,000 submits, 1 M pending, against 1 k pending`,
      unit: 'ms',
      better: 'less',
      figures: [
        figure({ name: 'thread-system', setting: '1 M pending' }, intoMany),
        figure({ name: 'thread-system', setting: '1 k pending' }, intoFew),
      ],
      judged: 'ratio',
      limit: { atMost: 1.5 },
      aim: '1.1 x',
      note: `The median of ${samples}, in turn.`,
    },
  ];
}

function openPaused(pending) {
  const pool = openPool();
  pool.pause();
  for (let i = 0; i < pending; i++) pool.submit(tasks.noop, args);
  return pool;
}
