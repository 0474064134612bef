import { openAwaited } from '../contenders/thread-system.mjs';
import { closeAll, figure, openPeers, trampoline } from '../measure.mjs';
import { median } from '../statistics.mjs';

export const name = 'round-trip';

export async function run(how) {
  const trips = how.size(4000, 1000);
  const latency = async (contender, count = trips) => {
    const times = [];
    for (let i = 0; i < count; i++) {
      const start = performance.now();
      const result = await contender.run(i);
      times.push((performance.now() - start) * 1000);
      if (result !== i) throw new Error(`Job ${i} gave ${result}`);
    }
    return median(times);
  };
  const peers = await openPeers('noop', (contender) => latency(contender, Math.ceil(trips / 5)), {
    better: 'less',
    quick: how.quick,
  });
  const contenders = [openAwaited('noop'), ...peers];
  const values = await trampoline(contenders, (contender) => latency(contender), how.rounds(5));
  await closeAll(contenders);
  return [
    {
      workload: 'one at a time: round trip, median',
      unit: 'µs',
      better: 'less',
      figures: contenders.map((contender, index) => figure(contender, values[index])),
      judged: 'ratio',
      limit: { atMost: 0.12 },
      aim: '0.04 x',
      chart: 'latency',
      note: `${trips} no-ops a round, each submitted when the one before has settled.`,
    },
  ];
}
