// Maps millions of rows of NDJSON that are made on the way, so that they are nowhere as a whole, and checks that memory stays
// bounded, that the results are right, and that a failure names its row. Exits with 1 if not.
// Usage: node scripts/ndjson-memory.mjs [--rows <how many>] [--most-mb <peak of resident memory>], after a build
import { parseArgs } from 'node:util';
import { ThreadPool } from 'thread-system';

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '10000000' }, 'most-mb': { type: 'string', default: '350' } },
});
const ROWS = Number(values.rows);
const MOST_MB = Number(values['most-mb']);
const BLOCK_BYTES = 2 ** 18;
const CITIES = ['Kyiv', 'Lima', 'Oslo'];
/** Far behind, so that everything before it has gone through the map. */
const BROKEN = ROWS - 10;

/** Counts what all blocks have, so that it can be compared with the memory. */
let madeBytes = 0;

function* rows({ broken } = {}) {
  for (let i = 0; i < ROWS; i++) {
    const row = i === broken ? '{"city":' : `{"city":"${CITIES[i % 3]}","degrees":${i % 30},"id":${i}}`;
    madeBytes += row.length + 1;
    yield row;
  }
}

/** The rows in blocks of bytes, each with the number of its first row, as a file is read. */
function* blocks(options) {
  const encoder = new TextEncoder();
  let text = '';
  let [row, firstRow] = [0, 0];
  for (const line of rows(options)) {
    text += `${line}\n`;
    row++;
    if (text.length < BLOCK_BYTES) continue;
    yield { bytes: encoder.encode(text), firstRow };
    text = '';
    firstRow = row;
  }
  if (text !== '') yield { bytes: encoder.encode(text), firstRow };
}

/** Runs on a worker: adds up the rows of a block. */
function sumOf({ bytes, firstRow }) {
  let [count, degrees] = [0, 0];
  for (const line of new TextDecoder().decode(bytes).split('\n')) {
    if (line === '') continue;
    try {
      degrees += JSON.parse(line).degrees;
    } catch (cause) {
      throw new SyntaxError(`Row ${firstRow + count} is broken`, { cause });
    }
    count++;
  }
  return { count, degrees };
}

/** Runs on a worker, for one row. */
const degreesOf = (line) => JSON.parse(line).degrees;

/** Runs `work`, and returns the peak of this process's resident memory meanwhile, in MB, and how long it took. */
async function watched(work) {
  const start = performance.now();
  let peak = 0;
  const look = () => {
    peak = Math.max(peak, process.memoryUsage.rss());
  };
  const timer = setInterval(look, 5);
  try {
    await work();
  } finally {
    clearInterval(timer);
    look();
  }
  return { peakMb: Math.round(peak / 1e6), seconds: (performance.now() - start) / 1000 };
}

function expect(found, expected, what) {
  if (found !== expected) fail(`${what}: ${found}, not ${expected}`);
}

function fail(text) {
  console.error(text);
  process.exit(1);
}

function report(what, { peakMb, seconds }, count = ROWS) {
  const rate = (count / seconds / 1e6).toFixed(2);
  console.log(`${what}: ${seconds.toFixed(1)} s, ${rate} M rows/s, at most ${peakMb} MB resident`);
  if (peakMb > MOST_MB) fail(`${what}: more than ${MOST_MB} MB`);
}

const pool = new ThreadPool({ maxWorkers: 2 });

const expectedDegrees = Array.from({ length: ROWS % 30 }, (_, i) => i).reduce(
  (sum, degrees) => sum + degrees,
  Math.floor(ROWS / 30) * 435, // of 30 rows
);

const byBlock = await watched(async () => {
  let [count, degrees] = [0, 0];
  for await (const sum of pool.map(sumOf, blocks(), { chunk: 1, ordered: false })) {
    count += sum.count;
    degrees += sum.degrees;
  }
  expect(count, ROWS, 'Rows');
  expect(degrees, expectedDegrees, 'Degrees');
});
console.log(`${ROWS.toLocaleString('en')} rows of ${Math.round(madeBytes / 1e6)} MB in all`);
report('in blocks, cut by the workers', byBlock);

const byRow = await watched(async () => {
  let [count, degrees] = [0, 0];
  for await (const value of pool.map(degreesOf, rows())) {
    count++;
    degrees += value;
  }
  expect(count, ROWS, 'Rows');
  expect(degrees, expectedDegrees, 'Degrees');
});
report('row by row', byRow);

const withBroken = await watched(async () => {
  const map = pool.map(degreesOf, rows({ broken: BROKEN }));
  let count = 0;
  try {
    for await (const _ of map) count++;
  } catch (error) {
    expect(error.name, 'SyntaxError', 'The error');
  }
  expect(map.failure?.index, BROKEN, 'The row that failed');
  if (count > BROKEN) fail(`${count} rows had results, of ${BROKEN} before the broken one`);

  const inBlocks = pool.map(sumOf, blocks({ broken: BROKEN }), { chunk: 1 });
  try {
    for await (const _ of inBlocks);
  } catch (error) {
    expect(error.message, `Row ${BROKEN} is broken`, 'The error of its block');
  }
  expect(typeof inBlocks.failure?.index, 'number', 'The block that failed');
});
report('both, with a broken row', withBroken, 2 * ROWS);
await pool.shutdown();
