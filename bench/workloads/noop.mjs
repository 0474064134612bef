import { throughput } from '../throughput.mjs';

export const name = 'noop';

export const run = (how) =>
  throughput(
    {
      task: 'noop',
      workload: 'no-op, number in and out',
      input: (index) => index,
      expected: (index) => index,
      batch: 10_000,
      many: 500_000,
      rows: {
        collected: { limit: { atLeast: 45 }, aim: '80 x' },
        awaited: { limit: { atLeast: 15 }, aim: '25 x' },
        many: { limit: { atLeast: 30 }, aim: '45 x' },
      },
    },
    how,
  );
