// Measures how costs grow with the number of jobs, priorities, bytes and workers, and calibrates the model of larger machines.
//
//   npm run growth [-- --rounds N] [--only name,name] [--no-write]
//
// Prints the tables, and writes docs/growth.md with its charts where all curves were measured.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { messageOf } from '../child.mjs';
import { describeMachine } from '../machine.mjs';
import { turnsOf } from '../measure.mjs';
import { median } from '../statistics.mjs';
import { LENGTHS } from './cost.mjs';
import { curves } from './curves.mjs';
import { exponentOf } from './exponent.mjs';
import { chartsOf, toMarkdown } from './report.mjs';

const { values } = parseArgs({
  allowNegative: true,
  options: {
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    write: { type: 'boolean' },
  },
});
const rounds = Number(values.rounds);
if (!(Number.isInteger(rounds) && rounds > 0))
  throw new RangeError(`--rounds must be a positive integer, received ${values.rounds}`);
const chosen = values.only?.split(',') ?? curves.map(({ name }) => name);
for (const name of chosen)
  if (!curves.some((curve) => curve.name === name))
    throw new RangeError(`Unknown curve ${name}: there are ${curves.map((curve) => curve.name).join(', ')}`);

const measured = [];
for (const curve of curves.filter(({ name }) => chosen.includes(name))) {
  const points = await measureCurve(curve);
  measured.push({ ...curve, points, exponent: exponentOf(points) });
  const shown = points.map(({ size, ms }) => `${size}: ${ms.toPrecision(3)} ms`).join(', ');
  console.log(`${curve.name}: ${shown}; exponent ${exponentOf(points).toFixed(2)}`);
}

const cores = os.availableParallelism();
const costs = await measureCosts({ workers: cores });
// the same model, asked for one core, beside what one core does: the only smaller machine at hand
const ofOne = hasTaskset() ? await measureCosts({ workers: 1, cores: 1 }) : [];
console.log(JSON.stringify({ costs, ofOne }));

const page = toMarkdown({ curves: measured, costs, ofOne, cores, machine: describeMachine(), rounds });
console.log(page);
if (values.write ?? values.only === undefined) {
  const folder = new URL('../../docs/growth/', import.meta.url);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { file, svg } of chartsOf(measured)) writeFileSync(new URL(file, folder), svg);
  writeFileSync(new URL('../../docs/growth.md', import.meta.url), page);
}

/** In rounds, so that a machine that changes its mood changes it for all points. */
async function measureCurve({ name, points }) {
  const times = points.map(() => []);
  for (let round = 0; round < rounds; round++)
    for (const [index, size] of points.entries()) times[index].push(await inProcess({ curve: name, size }));
  return points.map((size, index) => ({ size, ms: median(times[index]) }));
}

async function measureCosts({ workers, cores }) {
  const turnsOfUs = turnsOf(1) / 1000;
  const costs = [];
  for (const us of LENGTHS) {
    const tries = [];
    for (let round = 0; round < rounds; round++)
      tries.push(await inProcess({ cost: { us, turnsOfUs, workers } }, cores));
    const of = (part) => median(tries.map((cost) => cost[part]));
    costs.push({ us, main: of('main'), workers: of('workers'), rate: of('rate') });
  }
  return costs;
}

function inProcess(what, cores) {
  const program = [
    process.execPath,
    ...['--expose-gc', '--max-old-space-size=8000'],
    fileURLToPath(new URL('./point-process.mjs', import.meta.url)),
    JSON.stringify(what),
  ];
  const [file, ...args] = cores === undefined ? program : ['taskset', '--cpu-list', `0-${cores - 1}`, ...program];
  const child = spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  return messageOf(child, JSON.stringify(what));
}

function hasTaskset() {
  return spawnSync('taskset', ['--version']).status === 0;
}
