import { recordSum } from '../tasks/functions.mjs';
import { throughput } from '../throughput.mjs';

export const name = 'record';

/** An object of about 1 KB as JSON, as a service would pass on. */
export const recordOf = (index) => ({
  id: index,
  uuid: `7f9c24e8-3b1d-4c6a-9d52-${String(index).padStart(12, '0')}`,
  path: `src/components/button/index-${index}.tsx`,
  title: `Record ${index} of the list that the benchmark sends to its workers`,
  active: index % 3 === 0,
  createdAt: 1_700_000_000_000 + index,
  owner: {
    id: index % 1000,
    name: `Owner ${index % 1000}`,
    email: `owner-${index % 1000}@example.org`,
    address: { street: '12 Long Street', city: 'Springfield', zip: '12345', country: 'XX' },
    roles: ['reader', 'writer'],
  },
  tags: ['alpha', 'beta', 'gamma', `tag-${index % 50}`],
  scores: [index, index + 1, index + 2, index + 3, 0.5, 1.25, 99.75, -1],
  description:
    'A paragraph of text such as a record has. It is long enough to bring the object to about one kilobyte, ' +
    'and is made of plain characters, as most text in such records is. Each record has an index of its own, ' +
    `so that no two are the same: ${index}.`,
  counts: { views: index * 3, likes: index % 77, shares: index % 13, comments: index % 29 },
  parent: null,
});

export const run = (how) =>
  throughput(
    {
      task: 'recordSum',
      workload: '1 KB object in, number out',
      input: recordOf,
      expected: (index) => recordSum(recordOf(index)),
      batch: 10_000,
      rows: {
        collected: { limit: { atLeast: 3 }, aim: '6 x' },
        awaited: { limit: { atLeast: 2.5 }, aim: '4 x' },
      },
    },
    how,
  );
