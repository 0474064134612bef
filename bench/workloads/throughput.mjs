import { openAwaited, openCollected } from '../contenders/thread-system.mjs';
import { closeAll, figure, inTurn, openPeers, timed } from '../measure.mjs';

/**
 * Jobs a second of many small jobs: ours collected by `waitAll` and awaited, each peer awaited, all in one run.
 *
 * @param {object} what
 * @param {string} what.task
 * @param {string} what.workload
 * @param {(index: number) => unknown} what.input of the job of that index.
 * @param {(index: number) => unknown} what.expected its result.
 * @param {{ kept: number, awaited: number, peers: number }} what.jobs how many a round; ours kept, and awaited.
 * @param {{ collected: object, awaited?: object }} what.rows what the table asks of each.
 * @param {number} [what.rounds]
 * @param {import('../measure.mjs').Run} run
 * @returns {Promise<import('./workload.mjs').Row[]>}
 */
export async function throughput({ task, workload, input, expected, jobs, rows, rounds = 5 }, run) {
  const peersCount = run.size(jobs.peers);
  const inputs = Array.from({ length: Math.max(...Object.values(jobs)) }, (_, index) => input(index));
  const rate = async (contender, count) => {
    const list = inputs.slice(0, count);
    const { ms, result } = await timed(() => contender.runAll(list));
    verify(result, count, expected);
    return (count / ms) * 1000;
  };
  const calibrate = (contender) => rate(contender, Math.ceil(peersCount / 5));
  const ours = [openCollected(task)];
  if (rows.awaited) ours.push(openAwaited(task));
  const peers = await openPeers(task, calibrate, { better: 'more', quick: run.quick });
  const contenders = [...ours, ...peers];
  const values = await inTurn(
    contenders,
    (contender) => rate(contender, run.size([jobs.kept, jobs.awaited][ours.indexOf(contender)] ?? jobs.peers)),
    run.rounds(rounds),
  );
  await closeAll(contenders);
  const figures = contenders.map((contender, index) => figure(contender, values[index]));
  const row = { unit: 'jobs/s', better: 'more', judged: 'ratio', chart: 'throughput' };
  const theirs = figures.slice(ours.length);
  const made = [{ ...row, workload: `${workload}, waitAll`, figures: [figures[0], ...theirs], ...rows.collected }];
  if (rows.awaited)
    made.push({ ...row, workload: `${workload}, awaited`, figures: [figures[1], ...theirs], ...rows.awaited });
  return made;
}

function verify(results, count, expected) {
  if (results.length !== count) throw new Error(`${results.length} results of ${count} jobs`);
  for (let index = 0; index < count; index++) {
    if (results[index] !== expected(index)) throw new Error(`Job ${index} gave ${results[index]}`);
  }
}
