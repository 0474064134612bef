import { openBareThreads } from '../contenders/bare.mjs';
import { openCollected } from '../contenders/thread-system.mjs';
import { closeAll, figure, timed, trampoline, turnsOf } from '../measure.mjs';
import { spin } from '../tasks/functions.mjs';

export const name = 'cpu';

const JOB_MS = 1;
/** Before the rounds: as much work in short jobs, as a second of long ones is too few for the engine to have compiled the library. */
const SHORT_JOBS = 40_000;

export async function run(how) {
  const jobs = how.size(2000, 200);
  const turns = turnsOf(JOB_MS);
  const sum = spin(turns) * jobs;
  const contenders = [openCollected('spin'), openBareSpin(turns)];
  const inputs = new Array(jobs).fill(turns);
  for (let jobs = how.size(SHORT_JOBS, SHORT_JOBS / 5); jobs > 0; jobs -= inputs.length)
    await contenders[0].runAll(inputs.map((ofLong) => Math.round(ofLong / 20)));
  const values = await trampoline(
    contenders,
    async (contender) => {
      const { ms, result } = await timed(() => contender.runAll(inputs));
      const total = result.reduce((a, b) => a + b, 0);
      if (total !== sum) throw new Error(`The work gave ${total}, not ${sum}`);
      return (jobs / ms) * 1000;
    },
    how.rounds(7),
  );
  await closeAll(contenders);
  return [
    {
      workload: `${jobs.toLocaleString('en')} jobs of 1 ms of CPU work on 2 workers`,
      unit: 'jobs/s',
      better: 'more',
      figures: contenders.map((contender, index) => figure(contender, values[index])),
      judged: 'ratio',
      limit: { atLeast: 0.97 },
      aim: '0.99 x',
      note: `A job is ${turns.toLocaleString('en')} turns of a loop. The bare threads get half of the work each, in one message. Before, the library runs ${SHORT_JOBS.toLocaleString('en')} short jobs.`,
    },
  ];
}

function openBareSpin(turns) {
  const bare = openBareThreads(new URL('../tasks/bare-spin.mjs', import.meta.url));
  return {
    ...bare,
    runAll(inputs) {
      const half = { jobs: inputs.length / 2, turns };
      return bare.ask([half, half]);
    },
  };
}
