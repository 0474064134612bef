import { openAwaited, openCollected } from './contenders/thread-system.mjs';
import { closeAll, figure, openPeers, timed, trampoline } from './measure.mjs';

/** A measurement takes so long, at least: as many batches as that takes. */
const MEASURED_MS = 200;
const QUICK_MS = 60;
/** The same where a peer's settings are tried. */
const TRIAL_MS = 100;

/**
 * Jobs a second of many small jobs, in batches that are the same for all: ours collected by `waitAll` and awaited, each peer
 * awaited, all in one run.
 *
 * @param {object} what
 * @param {string} what.task
 * @param {string} what.workload
 * @param {(index: number) => unknown} what.input of the job of that index.
 * @param {(index: number) => unknown} [what.expected] its result, if it is a primitive.
 * @param {(result: unknown, index: number) => boolean} [what.isRight] whether it is what it should be, if it is an object.
 * @param {number} what.batch how many jobs are submitted before any is collected.
 * @param {number} [what.quickBatch] the same with `--quick`.
 * @param {number} [what.many] another size of batch, of ours only.
 * @param {{ collected?: object, awaited?: object, many?: object }} what.rows what the table asks of each.
 * @param {number} [what.rounds]
 * @param {import('./measure.mjs').Run} run
 * @returns {Promise<import('./row.mjs').Row[]>}
 */
export async function throughput(what, run) {
  const { task, workload, input, batch, quickBatch = batch / 2, many, rows, rounds = 5 } = what;
  const measuredMs = run.size(MEASURED_MS, QUICK_MS);
  const { expected, isRight = (result, index) => result === expected(index) } = what;
  const atOnce = run.size(batch, quickBatch);
  const inputs = Array.from({ length: Math.max(atOnce, run.size(many ?? 0, (many ?? 0) / 5)) }, (_, index) =>
    input(index),
  );
  const ofBatch = inputs.slice(0, atOnce);
  const rate = async (contender, list = ofBatch, leastMs = measuredMs) => {
    let count = 0;
    let totalMs = 0;
    do {
      const { ms, result } = await timed(() => contender.runAll(list));
      verify(result, list.length, isRight);
      count += list.length;
      totalMs += ms;
    } while (totalMs < leastMs);
    return (count / totalMs) * 1000;
  };
  const collected = rows.collected && openCollected(task);
  const awaited = rows.awaited && openAwaited(task);
  const collectedMany = many && openCollected(task);
  const trial = (contender) => rate(contender, ofBatch, TRIAL_MS);
  const peers = await openPeers(task, trial, { better: 'more', quick: run.quick });
  const ours = [collected, awaited, collectedMany].filter((contender) => contender !== undefined);
  const contenders = [...ours, ...peers];
  const values = await trampoline(
    contenders,
    (contender) => rate(contender, contender === collectedMany ? inputs : ofBatch),
    run.rounds(rounds),
  );
  await closeAll(contenders);
  const figures = contenders.map((contender, index) => figure(contender, values[index]));
  const theirs = figures.slice(ours.length);
  const rowOf = (contender, suffix, asked) => ({
    workload: `${workload}, ${suffix}`,
    unit: 'jobs/s',
    better: 'more',
    judged: 'ratio',
    figures: [figures[contenders.indexOf(contender)], ...theirs],
    ...asked,
  });
  const made = [];
  if (collected) made.push(rowOf(collected, 'waitAll', { chart: 'throughput', ...rows.collected }));
  if (awaited) made.push(rowOf(awaited, 'awaited', { chart: 'throughput', ...rows.awaited }));
  if (collectedMany) {
    const asked = { ...rows.many, note: `the others as above, ${batch.toLocaleString('en')} at once.` };
    made.push(rowOf(collectedMany, `waitAll, ${many.toLocaleString('en')} at once`, asked));
  }
  return made;
}

function verify(results, count, isRight) {
  if (results.length !== count) throw new Error(`${results.length} results of ${count} jobs`);
  for (let index = 0; index < count; index++) {
    if (!isRight(results[index], index)) throw new Error(`Job ${index} gave ${results[index]}`);
  }
}
