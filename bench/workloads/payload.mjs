import { rowsOf, totalOf } from '../tasks/functions.mjs';
import { throughput } from '../throughput.mjs';
import { recordOf } from './record.mjs';

export const name = 'payload';

const ROWS = 1100;
const rows = rowsOf(ROWS);
const total = totalOf(rows);

/** What all rows of 100 KB have. */
const ofRows = { batch: 64, quickBatch: 32, limit: { atLeast: 1 }, aim: '2 x' };

/** What jobs take and give back, where that is more than a number: each row of the table. */
const kinds = [
  {
    task: 'rescore',
    workload: '1 KB object in and out',
    input: recordOf,
    isRight: ({ uuid, scores }, index) => scores[0] === 2 * index && uuid === recordOf(index).uuid,
    batch: 4_000,
    quickBatch: 1_000,
    limit: { atLeast: 2.5 },
    aim: '4 x',
  },
  {
    task: 'totalOf',
    workload: '100 KB of rows in, number out',
    input: () => rows,
    expected: () => total,
    ...ofRows,
  },
  {
    task: 'rowsOf',
    workload: 'number in, 100 KB of rows out',
    input: () => ROWS,
    isRight: (result) => result.length === ROWS && result.at(-1).note === rows.at(-1).note,
    ...ofRows,
  },
  {
    task: 'withTax',
    workload: '100 KB of rows in and out',
    input: () => rows,
    isRight: (result) => result.length === ROWS && result.at(-1).tax === rows.at(-1).amount * 0.2,
    ...ofRows,
  },
  {
    task: 'pathLength',
    workload: '80 KB string in, number out',
    input: (index) => `${index % 10}${'lorem ipsum '.repeat(6_827)}`,
    expected: () => 81_925,
    batch: 256,
    quickBatch: 256,
    limit: { atLeast: 1.5 },
    aim: '2 x',
  },
  {
    task: 'bytesSum',
    workload: '64 KB `Uint8Array` in, number out',
    input: (index) => new Uint8Array(65_536).fill(index % 100),
    expected: (index) => 2 * (index % 100),
    batch: 256,
    quickBatch: 256,
    limit: { atLeast: 1.3 },
    aim: '2 x',
  },
];

export async function run(how) {
  const made = [];
  for (const { limit, aim, ...kind } of kinds)
    made.push(...(await throughput({ ...kind, rows: { awaited: { limit, aim, chart: undefined } } }, how)));
  return made;
}
