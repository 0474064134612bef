import { Channel, taskModule } from '../../dist/index.js';
import { openPool } from '../contenders/thread-system.mjs';
import { figure } from '../measure.mjs';

export const name = 'channel';

const tasks = taskModule(new URL('../tasks/channel.mjs', import.meta.url));

export async function run(how) {
  const pool = openPool({ maxWorkers: 2, minWorkers: 2 });
  const count = how.size(5_000_000, 1000);
  const rates = [];
  for (let round = -1; round < how.rounds(5); round++) {
    const channel = new Channel({ capacity: 4096 });
    const receiving = pool.submit(tasks.receive, [channel]);
    await pool.submit(tasks.send, [channel, count]);
    const { sum, ms } = await receiving;
    if (sum !== (count * (count - 1)) / 2) throw new Error(`The numbers add up to ${sum}`);
    if (round >= 0) rates.push((count * 1000) / ms);
  }
  await pool.shutdown();
  return [
    {
      workload: 'numbers by a Channel from one task to another',
      unit: 'values/s',
      better: 'more',
      figures: [figure({ name: 'thread-system', setting: 'maxWorkers 2, capacity 4096' }, rates)],
      judged: 'value',
      limit: { atLeast: 5_000_000 },
    },
  ];
}
