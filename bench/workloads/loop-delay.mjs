import { monitorEventLoopDelay } from 'node:perf_hooks';
import { openPool, tasks } from '../contenders/thread-system.mjs';
import { figure } from '../measure.mjs';

export const name = 'loop-delay';

export async function run(how) {
  const count = how.size(1_000_000, 200_000);
  const pool = openPool();
  const p99 = [];
  const most = [];
  for (let round = -1; round < how.rounds(5); round++) {
    globalThis.gc();
    const delay = monitorEventLoopDelay({ resolution: 1 });
    const jobs = [];
    // held back until all are submitted: the workers would else have run most of them by then
    pool.pause();
    for (let i = 0; i < count; i++) jobs.push(pool.submit(tasks.noop, [i]));
    delay.enable();
    pool.resume();
    await pool.waitAll();
    delay.disable();
    for (let i = 0; i < count; i++) if (jobs[i].result !== i) throw new Error(`Job ${i} gave ${jobs[i].result}`);
    if (round < 0) continue;
    p99.push(delay.percentile(99) / 1e6);
    most.push(delay.max / 1e6);
  }
  await pool.shutdown();
  const longest = figure({ name: '', setting: '' }, most);
  return [
    {
      workload: `event-loop delay while ${count.toLocaleString('en')} no-ops run, p99`,
      unit: 'ms',
      better: 'less',
      figures: [figure({ name: 'thread-system', setting: 'waitAll' }, p99)],
      judged: 'value',
      limit: { atMost: 20 },
      note:
        'A paused pool, resumed after the last submit. The time between the turns of a 1 ms timer. The longest of a round: ' +
        `${longest.value.toFixed(1)} ms (median), ${longest.high.toFixed(1)} ms (most).`,
    },
  ];
}
