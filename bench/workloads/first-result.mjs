import { setTimeout } from 'node:timers/promises';
import { peers } from '../contenders/peers.mjs';
import { openAwaited } from '../contenders/thread-system.mjs';
import { figure, inTurn, median, timed } from '../measure.mjs';

export const name = 'first-result';

const POOLS = 3;
/**
 * So long a pool is left before it is closed: its other thread may still be loading the task, and piscina `require`s it, and
 * Node 20 aborts the process where a thread is ended while it links an ES module that was required.
 */
const REST_MS = 50;

export async function run(how) {
  const entries = [{ name: 'thread-system', setting: 'defaults', open: () => openAwaited('noop', {}) }];
  for (const library of peers) {
    const tried = [];
    for (const setting of how.quick ? library.settings.slice(0, 1) : library.settings) {
      const entry = { name: library.name, setting: setting.label, open: () => library.open('noop', setting) };
      tried.push({ entry, ms: median([await startUp(entry), await startUp(entry), await startUp(entry)]) });
    }
    entries.push(tried.sort((a, b) => a.ms - b.ms)[0].entry);
  }
  const values = await inTurn(
    entries,
    async (entry) => {
      const times = [];
      for (let i = 0; i < POOLS; i++) times.push(await startUp(entry));
      return median(times);
    },
    how.rounds(5),
  );
  return [
    {
      workload: 'new pool to first result',
      unit: 'ms',
      better: 'less',
      figures: entries.map((entry, index) => figure(entry, values[index])),
      judged: 'ratio',
      limit: { atMost: 1 / 0.9 },
      note: `The median of ${POOLS} pools a round. Limit: no slower than the best peer, within the 0.9 of the row above.`,
      chart: 'latency',
    },
  ];
}

async function startUp(entry) {
  let contender;
  const { ms, result } = await timed(() => {
    contender = entry.open();
    return contender.run(42);
  });
  if (result !== 42) throw new Error(`The first job gave ${result}`);
  await setTimeout(REST_MS);
  await contender.close();
  return ms;
}
