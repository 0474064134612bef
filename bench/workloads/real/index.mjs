import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { peers } from '../../contenders/peers.mjs';
import { openAwaited } from '../../contenders/thread-system.mjs';
import { closeAll, figure, timed } from '../../measure.mjs';
import { bestOf, notRun, ratioOf } from '../../row.mjs';
import { pairedRatio } from '../../statistics.mjs';
import { kinds } from './kinds.mjs';

/** @typedef {import('../../contenders/contender.mjs').Contender} Contender */
/** @typedef {import('../../row.mjs').Row} Row */

const ROUNDS = 7;
/** How many batches a pool has run before it is measured: in its trial, or before the rounds. */
const WARM_UP_BATCHES = 2;
/** With `--quick`, the first of the peers: piscina and tinypool. Loading their packages is most of what takes time there. */
const QUICK_PEERS = 2;

/** A workload for each package. @type {readonly import('../index.mjs').Workload[]} */
export const realWork = kinds.map((kind) => ({ name: kind.name, run: async (how) => [await runKind(kind, how)] }));

/**
 * @param {import('./kinds.mjs').Kind} kind
 * @param {import('../../measure.mjs').Run} how
 * @returns {Promise<Row>}
 */
async function runKind(kind, how) {
  const file = new URL(`../../tasks/real/${kind.name}.mjs`, import.meta.url);
  const work = await prepare(kind, file, how);
  if ('reason' in work) return notRun(kind.workload, work.reason);
  const rate = (contender) => rateOf(contender, work);
  try {
    const ours = openAwaited(kind.task, undefined, file);
    for (let batch = 0; batch < WARM_UP_BATCHES; batch++) await rate(ours);
    const contenders = [ours];
    for (const library of how.quick ? peers.slice(0, QUICK_PEERS) : peers)
      contenders.push(await openBest(library, how, { task: kind.task, file, rate }));
    const values = await inTurn(contenders, rate, how.rounds(ROUNDS));
    await closeAll(contenders);
    return rowOf(kind, contenders, { values, note: work.note });
  } finally {
    work.dispose?.();
  }
}

/** The jobs of a batch, and what they give on this thread; or why there are none. */
async function prepare(kind, file, how) {
  try {
    const { inputs: all, note, dispose } = await kind.prepare();
    const { [kind.task]: task } = await import(file.href);
    const inputs = all.slice(0, how.size(all.length, Math.ceil(all.length / 4)));
    const expected = [];
    for (const input of inputs) expected.push(await task(input));
    return { inputs, expected, note, dispose };
  } catch (error) {
    // a package that others build for each platform may lack the build for this one
    if (!kind.isNative) throw error;
    return { reason: reasonOf(kind.name, error) };
  }
}

function reasonOf(name, { code, message }) {
  if (code !== 'ERR_MODULE_NOT_FOUND') return `${name} does not load: ${message.split('\n')[0]}`;
  const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'));
  const { engines } = lock.packages[`node_modules/${name}`] ?? {};
  return `${name} is not installed${engines?.node ? `; it is for Node.js ${engines.node}` : ''}`;
}

/** Jobs a second. */
async function rateOf(contender, { inputs, expected }) {
  const { ms, result } = await timed(() => contender.runAll(inputs));
  for (const [index, value] of expected.entries())
    if (!isDeepStrictEqual(result[index], value))
      throw new Error(`${contender.name}: job ${index} gave something else`);
  return (inputs.length * 1000) / ms;
}

/**
 * Opens a library in each of its settings, and leaves the best one open.
 *
 * @param {import('../../contenders/contender.mjs').Library} library
 * @returns {Promise<Contender>}
 */
async function openBest(library, { quick }, { task, file, rate }) {
  const settings = quick ? library.longJobSettings.slice(0, 1) : library.longJobSettings;
  let best;
  let bestRate = 0;
  for (const setting of settings) {
    const contender = library.open(task, setting, { file });
    for (let batch = 1; batch < WARM_UP_BATCHES; batch++) await rate(contender);
    const ofSetting = await rate(contender);
    const worse = ofSetting > bestRate ? best : contender;
    if (worse !== contender) [best, bestRate] = [contender, ofSetting];
    await worse?.close();
  }
  return best;
}

/** A batch of each contender in each round, in an order that each round begins with another. */
async function inTurn(contenders, rate, rounds) {
  const values = contenders.map(() => []);
  for (let round = 0; round < rounds; round++)
    for (let turn = 0; turn < contenders.length; turn++) {
      const index = (turn + round) % contenders.length;
      globalThis.gc();
      values[index].push(await rate(contenders[index]));
    }
  return values;
}

/** @returns {Row} */
function rowOf({ workload }, contenders, { values, note }) {
  const figures = contenders.map((contender, index) => figure(contender, values[index]));
  const best = bestOf({ figures, better: 'more' });
  return {
    workload,
    unit: 'jobs/s',
    better: 'more',
    figures,
    judged: 'ratio',
    ...pairedRatio(values[0], values[figures.indexOf(best)]),
    limit: { atLeast: 1 },
    note,
  };
}

/** All real work as one row: the geometric mean of the ratios. @param {readonly Row[]} rows @returns {Row[]} */
export function summaryOf(rows) {
  const names = new Set(kinds.map(({ workload }) => workload));
  const ratios = rows.filter((row) => names.has(row.workload) && row.notRun === undefined).map(ratioOf);
  if (ratios.length === 0) return [];
  const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
  return [
    {
      workload: 'all of this real work: geometric mean of the ratios',
      unit: 'x',
      better: 'more',
      figures: [figure({ name: 'thread-system', setting: 'awaited' }, [mean])],
      judged: 'value',
      limit: { atLeast: 1.05 },
      note: `Of ${ratios.length} packages.`,
    },
  ];
}
