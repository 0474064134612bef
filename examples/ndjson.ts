// Millions of rows of NDJSON in bounded memory: the file is read in blocks, and workers split each block into rows.
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { ThreadPool } from 'thread-system';

const ROWS = 100_000; // as many as you like: memory does not depend on it
const NEWLINE = 10;

interface Row {
  readonly city: string;
  readonly degrees: number;
}

/** The sums of a block, by city. */
type Sums = Record<string, { count: number; degrees: number }>;

async function writeRows(file: string): Promise<void> {
  const out = createWriteStream(file);
  const cities = ['Kyiv', 'Lima', 'Oslo'];
  for (let i = 0; i < ROWS; i++) {
    const row: Row = { city: cities[i % 3] ?? '', degrees: i % 30 };
    const text = i === 77_777 ? '{"city":' : JSON.stringify(row); // one row is broken
    if (!out.write(`${text}\n`)) await once(out, 'drain');
  }
  out.end();
  await finished(out);
}

/** The file in blocks that end with a row, each with the number of its first row. */
async function* blocksOf(file: string): AsyncGenerator<{ readonly bytes: Uint8Array; readonly firstRow: number }> {
  let firstRow = 0;
  let rest: Uint8Array = new Uint8Array();
  for await (const read of createReadStream(file, { highWaterMark: 2 ** 18 })) {
    const bytes = new Uint8Array(Buffer.concat([rest, read as Uint8Array])); // memory of its own, small enough to copy
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    rest = bytes.slice(end);
    yield { bytes: bytes.subarray(0, end), firstRow };
    for (let i = 0; i < end; i++) if (bytes[i] === NEWLINE) firstRow++;
  }
  if (rest.length > 0) yield { bytes: rest, firstRow };
}

/** Runs on a worker. */
function sumsOf(block: { readonly bytes: Uint8Array; readonly firstRow: number }): { sums: Sums; broken: number[] } {
  const sums: Sums = {};
  const broken: number[] = [];
  const lines = new TextDecoder().decode(block.bytes).split('\n');
  if (lines.at(-1) === '') lines.pop();
  for (const [i, line] of lines.entries()) {
    try {
      const { city, degrees } = JSON.parse(line) as Row;
      sums[city] ??= { count: 0, degrees: 0 };
      sums[city].count++;
      sums[city].degrees += degrees;
    } catch {
      broken.push(block.firstRow + i);
    }
  }
  return { sums, broken };
}

const file = join(tmpdir(), `rows-${process.pid}.ndjson`);
await writeRows(file);
await using pool = new ThreadPool({ maxWorkers: 2 });

const total: Sums = {};
const broken: number[] = [];
// one job per block; the loop takes results one by one, so that at most eight blocks are in memory
const blocks = pool.map(sumsOf, blocksOf(file), { chunk: 1, ordered: false, settled: true });
for await (const block of blocks) {
  if (block.status === 'rejected') throw block.reason;
  broken.push(...block.value.broken);
  for (const [city, { count, degrees }] of Object.entries(block.value.sums)) {
    total[city] ??= { count: 0, degrees: 0 };
    total[city].count += count;
    total[city].degrees += degrees;
  }
}
for (const city of Object.keys(total).sort()) console.log(city, total[city]?.count);
console.log('Broken rows:', broken.join());

// if rows are objects already, they are passed to the task one by one: a failure names its row
const rows = ['{"city":"Oslo","degrees":3}', '{"city":', '{"city":"Lima","degrees":21}'];
const parsed = pool.map((text: string) => JSON.parse(text) as Row, rows);
await parsed.catch(() => console.log('Row', parsed.failure?.index, 'is broken'));
await rm(file);
