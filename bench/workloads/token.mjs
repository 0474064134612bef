import { CancellationToken } from '../../dist/index.js';
import { openPool, tasks } from '../contenders/thread-system.mjs';
import { figure } from '../measure.mjs';

export const name = 'token';

export async function run(how) {
  const turns = how.size(10_000_000, 1_000_000);
  const pool = openPool();
  const token = new CancellationToken();
  const looks = [];
  const loads = [];
  for (let round = -1; round < how.rounds(5); round++) {
    const cost = await pool.submit(tasks.tokenCost, [token, turns]);
    if (round < 0) continue;
    looks.push(cost.token);
    loads.push(cost.load);
  }
  await pool.shutdown();
  return [
    {
      workload: '`token.isCancelled` in a task, against one `Atomics.load`',
      unit: 'ns',
      better: 'less',
      figures: [
        figure({ name: 'thread-system', setting: 'token as argument' }, looks),
        figure({ name: 'Atomics.load', setting: 'Int32Array' }, loads),
      ],
      judged: 'ratio',
      limit: undefined,
      note: `${turns.toLocaleString('en')} turns of a loop each.`,
    },
  ];
}
