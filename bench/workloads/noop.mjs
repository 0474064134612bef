import { throughput } from './throughput.mjs';

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
        collected: { limit: { atLeast: 30 }, aim: '50 x and 4 M jobs/s' },
        awaited: { limit: { atLeast: 7 }, aim: '12 x' },
      },
    },
    how,
  );
