import { setTimeout as sleep } from 'node:timers/promises';
import { openPool, tasks } from '../contenders/thread-system.mjs';
import { figure } from '../measure.mjs';

export const name = 'memory';

const MB = 1 << 20;
const TIMES = 5;

export async function run(how) {
  const count = how.size(1_000_000, 100_000);
  const pool = openPool();
  await runJobs(pool, 10_000);
  const before = await settledMemory();
  for (let time = 0; time < TIMES; time++) await runJobs(pool, count);
  const after = await settledMemory();
  await pool.shutdown();
  const grown = (of) => (after[of] - before[of]) / MB;
  const ours = { name: 'thread-system', setting: 'pool of 2' };
  const row = { unit: 'MB', better: 'less', judged: 'value', limit: { atMost: 1 }, aim: 'back where it was' };
  const note =
    `${TIMES} x ${count.toLocaleString('en')} no-ops, kept until all have settled; measured after 10,000 jobs and at the end, ` +
    'after garbage collection; limit 1 MB.';
  return [
    {
      ...row,
      workload: `\`heapUsed\` after ${TIMES} x 1 M jobs against before`,
      figures: [figure(ours, [grown('heapUsed')])],
      note,
    },
    {
      ...row,
      workload: `array buffers, shared ones included, after ${TIMES} x 1 M jobs against before`,
      figures: [figure(ours, [grown('arrayBuffers')])],
      note: `As above. Resident memory: ${(before.rss / MB).toFixed(0)} MB before, ${(after.rss / MB).toFixed(0)} MB after.`,
    },
  ];
}

async function runJobs(pool, count) {
  const jobs = [];
  for (let i = 0; i < count; i++) jobs.push(pool.submit(tasks.noop, [i]));
  await pool.waitAll();
  for (let i = 0; i < count; i++) if (jobs[i].result !== i) throw new Error(`Job ${i} gave ${jobs[i].result}`);
}

async function settledMemory() {
  for (let i = 0; i < 5; i++) {
    await sleep(50);
    globalThis.gc();
  }
  return process.memoryUsage();
}
