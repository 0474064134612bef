import { openCollected } from '../contenders/thread-system.mjs';
import { closeAll, figure, timed, trampoline, turnsOf } from '../measure.mjs';
import { spin } from '../tasks/functions.mjs';

export const name = 'workers';

const FEW = 2;
const MANY = 32;
/** How long a measurement takes, at least, and with `--quick`. */
const MEASURED_MS = 200;
const QUICK_MS = 60;

/** Many more workers than cores: what is lost to the switching between them, and to looking after them. */
export async function run(how) {
  const turns = turnsOf(1);
  const noops = how.size(10_000, 5_000);
  const kinds = [
    {
      workload: `no-op, waitAll, ${MANY} workers against ${FEW}`,
      task: 'noop',
      inputs: Array.from({ length: noops }, (_, index) => index),
      expected: (noops * (noops - 1)) / 2,
    },
    {
      workload: `jobs of 1 ms of CPU work, waitAll, ${MANY} workers against ${FEW}`,
      task: 'spin',
      inputs: new Array(how.size(400, 100)).fill(turns),
      expected: spin(turns) * how.size(400, 100),
    },
  ];
  const rows = [];
  for (const kind of kinds) rows.push(await runKind(kind, how));
  return rows;
}

async function runKind({ workload, task, inputs, expected }, how) {
  const measuredMs = how.size(MEASURED_MS, QUICK_MS);
  const contenders = [MANY, FEW].map((workers) => ({
    ...openCollected(task, { minWorkers: workers, maxWorkers: workers }),
    setting: `${workers} workers`,
  }));
  const values = await trampoline(
    contenders,
    async (contender) => {
      let totalMs = 0;
      let jobs = 0;
      do {
        const { ms, result } = await timed(() => contender.runAll(inputs));
        const sum = result.reduce((a, b) => a + b, 0);
        if (sum !== expected) throw new Error(`${contender.setting}: the sum is ${sum}, not ${expected}`);
        totalMs += ms;
        jobs += inputs.length;
      } while (totalMs < measuredMs);
      return (jobs * 1000) / totalMs;
    },
    how.rounds(5),
  );
  await closeAll(contenders);
  return {
    workload,
    unit: 'jobs/s',
    better: 'more',
    figures: contenders.map((contender, index) => figure(contender, values[index])),
    judged: 'ratio',
    limit: { atLeast: 0.7 },
    note: `${inputs.length.toLocaleString('en')} jobs at once.`,
  };
}
