// Measures the library beside its peers, prints a table, and writes docs/benchmarks.md with its charts.
//
//   npm run bench [-- --rounds N] [--only name,name] [--no-write]
//   node bench/run.mjs --quick      small counts: fails if something does not work, or a limit is missed by far; writes nothing
//
// Which workloads there are is in workloads/index.mjs, the method in docs/benchmarks.md. A run of all of them or --write
// writes the page; a run of some does not.
import { fork } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { drawCharts } from './charts.mjs';
import { messageOf } from './child.mjs';
import { describeMachine } from './machine.mjs';
import { toMarkdown, toText } from './report.mjs';
import { FAR, isFarOff } from './row.mjs';
import { workloads } from './workloads/index.mjs';
import { realWork, summaryOf } from './workloads/real/index.mjs';

/** How many times the counts of a quick run its second one has. */
const MORE = 3;
const options = readOptions();
const rows = [];
const lastOfReal = options.names.findLast((name) => realWork.some((work) => work.name === name));
for (const name of options.names) {
  const start = performance.now();
  process.stderr.write(`${name} … `);
  const measured = options.quick ? await runQuickly(name) : await runWorkload(name);
  rows.push(...measured);
  process.stderr.write(`${((performance.now() - start) / 1000).toFixed(1)} s\n`);
  for (const row of measured)
    if (row.notRun !== undefined) console.error(`Not measured: ${row.workload}: ${row.notRun}`);
  if (name === lastOfReal) rows.push(...summaryOf(rows));
}
console.log(toText(rows, options));
if (options.quick) judge();
if (options.write) write();

function readOptions() {
  const { values } = parseArgs({
    allowNegative: true,
    options: {
      rounds: { type: 'string' },
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      write: { type: 'boolean' },
    },
  });
  const known = workloads.map(({ name }) => name);
  const names = values.only?.split(',') ?? known;
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new RangeError(`Unknown workload ${unknown.join(', ')}: there are ${known.join(', ')}`);
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0))
    throw new RangeError(`--rounds must be a positive integer, received ${values.rounds}`);
  const { quick } = values;
  if (quick && values.write) throw new RangeError('--quick measures nothing to --write');
  return { names, rounds, quick, write: values.write ?? (!quick && values.only === undefined) };
}

/** Runs a workload with small counts, and once more with more of them if a limit is missed by far: it may have been noise. */
async function runQuickly(name) {
  const few = await runWorkload(name);
  if (!few.some(isFarOff)) return few;
  process.stderr.write('once more … ');
  const more = await runWorkload(name, MORE);
  return few.map((row, index) => (isFarOff(row) ? more[index] : row));
}

function judge() {
  const missed = rows.filter(isFarOff).map(({ workload }) => workload);
  if (missed.length === 0) {
    console.log(`\nEverything works, and no limit is missed by a factor of ${FAR}. The counts are too small for more.`);
    return;
  }
  console.error(`\nMissed by a factor of more than ${FAR}:\n${missed.map((workload) => `- ${workload}`).join('\n')}`);
  process.exitCode = 1;
}

/**
 * @param {number} times how many times the counts of `--quick`.
 * @returns {Promise<import('./row.mjs').Row[]>}
 */
function runWorkload(name, times = 1) {
  const { rounds, quick } = options;
  const child = fork(
    new URL('./workload-process.mjs', import.meta.url),
    [JSON.stringify({ name, rounds, quick, times })],
    {
      execArgv: ['--expose-gc'],
    },
  );
  return messageOf(child, `Workload ${name}`);
}

function write() {
  const folder = new URL('../docs/benchmarks/', import.meta.url);
  const page = new URL('../docs/benchmarks.md', import.meta.url);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const charts = drawCharts(rows).map(({ name, title, svg }) => {
    writeFileSync(new URL(`${name}.svg`, folder), svg);
    return { title, file: `benchmarks/${name}.svg` };
  });
  const { rounds } = options;
  const said =
    rounds === undefined
      ? '5 of each workload; 7 of CPU work and real work; 9 of the first result; 25 of map'
      : `${rounds} of each workload`;
  writeFileSync(page, toMarkdown(rows, { machine: describeMachine(), rounds: said, charts }));
  console.log('\nWritten to docs/benchmarks.md');
}
