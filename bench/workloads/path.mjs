import { throughput } from '../throughput.mjs';

export const name = 'path';

const pathOf = (index) => `src/components/button/index-${index}.tsx`;

export const run = (how) =>
  throughput(
    {
      task: 'pathLength',
      workload: 'path string in, number out',
      input: pathOf,
      expected: (index) => pathOf(index).length,
      batch: 10_000,
      many: 500_000,
      rows: {
        collected: { limit: { atLeast: 35 }, aim: '50 x' },
        awaited: { limit: { atLeast: 14 }, aim: '20 x' },
      },
    },
    how,
  );
