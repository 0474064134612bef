// Measures the library beside its peers, prints a table, and writes docs/benchmarks.md with its charts.
//
//   npm run bench [-- --rounds N] [--only name,name] [--no-write]
//   node bench/run.mjs --quick      looks only that everything works; writes nothing
//
// Which workloads there are is in workloads/index.mjs, the method in docs/benchmarks.md. A run of all of them or --write
// writes the page; a run of some does not.
import { fork } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { drawCharts } from './charts.mjs';
import { describeMachine } from './machine.mjs';
import { toMarkdown, toText } from './report.mjs';
import { workloads } from './workloads/index.mjs';

const options = readOptions();
const rows = [];
for (const name of options.names) {
  const start = performance.now();
  process.stderr.write(`${name} … `);
  rows.push(...(await runWorkload(name)));
  process.stderr.write(`${((performance.now() - start) / 1000).toFixed(1)} s\n`);
}
console.log(toText(rows));
if (options.quick) console.log('\nEverything works; counts were too small for the figures to mean anything.');
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

/** @returns {Promise<import('./workloads/workload.mjs').Row[]>} */
function runWorkload(name) {
  const { rounds, quick } = options;
  const child = fork(new URL('./workload-process.mjs', import.meta.url), [JSON.stringify({ name, rounds, quick })], {
    execArgv: ['--expose-gc'],
  });
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    // after its rows this changes nothing
    child.once('exit', (code) => reject(new Error(`Workload ${name} ended with ${code}`)));
    child.once('error', reject);
  });
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
      ? '5 of each workload; 7 of factorial, CPU work and 1 MB; 9 of the first result; 25 of map'
      : `${rounds} of each workload`;
  writeFileSync(page, toMarkdown(rows, { machine: describeMachine(), rounds: said, charts }));
  console.log('\nWritten to docs/benchmarks.md');
}
