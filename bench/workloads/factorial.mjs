import { factorial } from '../tasks/functions.mjs';
import { throughput } from '../throughput.mjs';

export const name = 'factorial';

const result = factorial(1000);

export const run = (how) =>
  throughput(
    {
      task: 'factorial',
      workload: 'factorial(1000), BigInt out',
      input: () => 1000,
      expected: () => result,
      batch: 4000,
      quickBatch: 400,
      rows: { collected: { limit: { atLeast: 1.05 }, aim: '1.3 x' } },
    },
    how,
  );
