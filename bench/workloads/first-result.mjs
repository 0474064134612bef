import { setTimeout } from 'node:timers/promises';
import { peers } from '../contenders/peers.mjs';
import { openAwaited, openFunction } from '../contenders/thread-system.mjs';
import { figure, timed, trampoline } from '../measure.mjs';
import { median } from '../statistics.mjs';

export const name = 'first-result';

/** How many pools a measurement starts. */
const POOLS = 3;
/**
 * So long a pool is left before it is closed: its thread may still be loading the task, and piscina `require`s it, and Node 20
 * aborts the process where a thread is ended while it links an ES module that was required.
 */
const REST_MS = 50;

const files = [
  { kind: 'ES module', file: new URL('../tasks/noop.mjs', import.meta.url) },
  { kind: 'CommonJS', file: new URL('../tasks/noop.cjs', import.meta.url) },
];

export async function run(how) {
  const pools = how.size(POOLS, 1);
  const medianOfStarts = (contender) => medianStart(contender, pools);
  const modules = [await best(oursByFile(how), medianOfStarts)];
  for (const library of peers) modules.push(await best(byFile(library, how), medianOfStarts));
  const contenders = [{ name: 'thread-system', setting: 'defaults, a function', open: openFunction }, ...modules];
  const [ofFunction, ...ofModules] = await trampoline(contenders, medianOfStarts, how.rounds(9));
  const row = {
    unit: 'ms',
    better: 'less',
    judged: 'ratio',
    limit: { atMost: 1 },
    aim: '0.7 x',
  };
  const figures = modules.map((entry, index) => figure(entry, ofModules[index]));
  return [
    {
      ...row,
      workload: 'new pool to first result',
      figures,
      note:
        `A task of a module. The median of ${pools} pools a round; all begin with one thread, but poolifier with two. Every ` +
        'library has the kind of module that serves it best.',
      chart: 'latency',
    },
    {
      ...row,
      workload: 'the same, a function of the program',
      figures: [figure(contenders[0], ofFunction), ...figures.slice(1)],
      note: 'The peers have their task of a module.',
    },
  ];
}

function oursByFile(how) {
  return filesFor(how).map(({ kind, file }) => ({
    name: 'thread-system',
    setting: `defaults, ${kind}`,
    open: () => openAwaited('noop', {}, file),
  }));
}

function byFile(library, how) {
  const settings = how.quick ? [library.usual] : library.settings;
  const kinds = library.takesFile ? filesFor(how) : [{ kind: 'its own file', file: undefined }];
  return settings.flatMap((setting) =>
    kinds.map(({ kind, file }) => ({
      name: library.name,
      setting: `${setting.label}, ${kind}`,
      open: () => library.open('noop', setting, { file, minThreads: 1 }),
    })),
  );
}

const filesFor = ({ quick }) => (quick ? files.slice(-1) : files);

/** The contender that starts fastest. */
async function best(contenders, medianOfStarts) {
  if (contenders.length === 1) return contenders[0];
  const tried = [];
  for (const contender of contenders) tried.push({ contender, ms: await medianOfStarts(contender) });
  return tried.sort((a, b) => a.ms - b.ms)[0].contender;
}

async function medianStart(contender, pools) {
  const times = [];
  for (let i = 0; i < pools; i++) times.push(await startUp(contender));
  return median(times);
}

async function startUp({ open }) {
  let pool;
  const { ms, result } = await timed(() => {
    pool = open();
    return pool.run(42);
  });
  if (result !== 42) throw new Error(`The first job gave ${result}`);
  await setTimeout(REST_MS);
  await pool.close();
  return ms;
}
