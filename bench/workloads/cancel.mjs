import { CancellationToken } from '../../dist/index.js';
import { openPool, tasks } from '../contenders/thread-system.mjs';
import { figure } from '../measure.mjs';
import { median, percentile } from '../statistics.mjs';

export const name = 'cancel';

const GRACE_MS = 100;
const row = { better: 'less', judged: 'value' };

export async function run(how) {
  return [...(await checking(how)), ...(await deaf(how)), ...(await sharing(how))];
}

/** A task's clock read on the main thread: both count from the start of their thread. */
const sharedNow = () => performance.timeOrigin + performance.now();

async function checking(how) {
  const pool = openPool({ maxWorkers: 1, minWorkers: 1, graceMs: Number.POSITIVE_INFINITY });
  const words = new Int32Array(new SharedArrayBuffer(4));
  const medians = [];
  const slowest = [];
  const next = [];
  for (let round = -1; round < how.rounds(5); round++) {
    const settledMs = [];
    const nextMs = [];
    for (let count = how.size(100, 30); count > 0; count--) {
      Atomics.store(words, 0, 0);
      const job = pool.submit(tasks.spinUntilCancelled, [words]);
      while (Atomics.load(words, 0) === 0) await new Promise(setImmediate);
      await new Promise((resolve) => setTimeout(resolve, 2)); // the main thread rests
      const following = pool.submit(tasks.now, []);
      const start = sharedNow();
      job.cancel();
      await job.catch(() => {});
      const settled = sharedNow();
      settledMs.push(settled - start);
      nextMs.push((await following) - settled);
      if (following.workerId !== 0) throw new Error('The thread was lost');
    }
    if (round < 0) continue;
    medians.push(median(settledMs));
    slowest.push(percentile(settledMs, 0.99));
    next.push(median(nextMs));
  }
  await pool.shutdown();
  const ours = { name: 'thread-system', setting: 'maxWorkers 1' };
  const note = 'A loop that looks at its token; 100 a round; one worker, whose thread is kept; the main thread idle.';
  return [
    {
      ...row,
      workload: 'from `cancel` to settled, a running loop: median',
      unit: 'ms',
      figures: [figure(ours, medians)],
      limit: { atMost: 1 },
      note,
    },
    {
      ...row,
      workload: 'the same, p99',
      unit: 'ms',
      figures: [figure(ours, slowest)],
      limit: { atMost: 5 },
      needsFullCounts: true,
      note,
    },
    {
      ...row,
      workload: 'from then until the next job starts',
      unit: 'ms',
      figures: [figure(ours, next)],
      limit: { atMost: 1 },
      note: 'By the clocks of two threads, which agree to some microseconds. Below 0: before the first was told.',
    },
  ];
}

async function deaf(how) {
  const pool = openPool({ maxWorkers: 1, minWorkers: 1, graceMs: GRACE_MS });
  const words = new Int32Array(new SharedArrayBuffer(4));
  await pool.submit(tasks.now, []);
  const all = [];
  for (let round = 0; round < how.rounds(9); round++) {
    Atomics.store(words, 0, 0);
    const job = pool.submit(tasks.deaf, [words]);
    const behind = pool.submit(tasks.now, []);
    while (Atomics.load(words, 0) === 0) await new Promise(setImmediate);
    const start = performance.now();
    job.cancel();
    await job.catch(() => {});
    await behind;
    all.push(performance.now() - start);
  }
  await pool.shutdown();
  return [
    {
      ...row,
      workload: `code that never looks, a grace of ${GRACE_MS} ms: cancelled, its thread replaced, the job behind it done`,
      unit: 'ms',
      figures: [figure({ name: 'thread-system', setting: 'maxWorkers 1' }, all)],
      limit: { atMost: 300 },
      note: 'From `cancel`.',
    },
  ];
}

/** Cancelling is linear: ten times the jobs that share a token take about ten times as long. */
async function sharing(how) {
  const perJob = new Map([
    [how.size(10_000, 2_000), []],
    [how.size(100_000, 20_000), []],
  ]);
  const pool = openPool();
  for (let round = -1; round < how.rounds(5); round++) {
    for (const [count, values] of perJob) {
      globalThis.gc();
      pool.pause();
      const token = new CancellationToken();
      for (let i = 0; i < count; i++) pool.submit(tasks.now, [], { token });
      const start = performance.now();
      token.cancel();
      const ms = performance.now() - start;
      pool.resume();
      if (round >= 0) values.push((ms * 1000) / count);
    }
  }
  const { cancelled } = pool.metrics();
  await pool.shutdown();
  if (cancelled === 0) throw new Error('Nothing was cancelled');
  const [few, many] = [...perJob];
  return [
    {
      better: 'less',
      judged: 'ratio',
      workload: `${many[0].toLocaleString('en')} pending jobs cancelled by the one token they share, a job, against ${few[0].toLocaleString('en')}`,
      unit: 'µs',
      figures: [
        figure({ name: 'thread-system', setting: `${many[0].toLocaleString('en')} jobs` }, many[1]),
        figure({ name: 'thread-system', setting: `${few[0].toLocaleString('en')} jobs` }, few[1]),
      ],
      limit: { atMost: 2 },
    },
  ];
}
