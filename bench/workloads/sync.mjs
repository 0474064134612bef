import { Barrier, Semaphore } from '../../dist/index.js';
import { openPool, tasks } from '../contenders/thread-system.mjs';
import { figure } from '../measure.mjs';

export const name = 'sync';

const ours = (setting) => ({ name: 'thread-system', setting });

export async function run(how) {
  return [...uncontended(how), ...(await handOff(how))];
}

/** fastthreadpool's `ex_semaphore`: 200,000 pairs; there in 83 ms, and 9 ms at best. */
function uncontended(how) {
  const rates = [];
  const published = [];
  for (let round = -1; round < how.rounds(7); round++) {
    const rate = pairsPerSecond(how.size(5_000_000));
    const few = (200_000 / pairsPerSecond(200_000)) * 1000;
    if (round < 0) continue;
    rates.push(rate);
    published.push(few);
  }
  return [
    {
      workload: '`tryAcquire` and `release` of a Semaphore that nobody waits for',
      unit: 'pairs/s',
      better: 'more',
      figures: [figure(ours('one thread'), rates)],
      judged: 'value',
      limit: { atLeast: 20_000_000 },
    },
    {
      workload: 'the same: 200,000 pairs (fastthreadpool’s `ex_semaphore`: 83 ms published, 9 ms at best)',
      unit: 'ms',
      better: 'less',
      figures: [figure(ours('one thread'), published)],
      judged: 'value',
      limit: undefined,
    },
  ];
}

function pairsPerSecond(pairs) {
  const semaphore = new Semaphore(1);
  let got = 0;
  const start = performance.now();
  for (let i = 0; i < pairs; i++) {
    if (semaphore.tryAcquire()) got++;
    semaphore.release();
  }
  const ms = performance.now() - start;
  if (got !== pairs || semaphore.value !== 1) throw new Error(`${got} permits of ${pairs}, ${semaphore.value} left`);
  return (pairs * 1000) / ms;
}

async function handOff(how) {
  const pool = openPool();
  const turns = how.size(5000, 100);
  const acrossTasks = [];
  const toMain = [];
  for (let round = -1; round < how.rounds(5); round++) {
    const barrier = new Barrier(2);
    const between = await Promise.all([0, 1].map(() => pool.submit(tasks.meet, [barrier, turns])));
    const [there, back] = [new Semaphore(0), new Semaphore(0)];
    const job = pool.submit(tasks.answer, [there, back, turns]);
    await there.release();
    await back.acquire();
    const start = performance.now();
    for (let i = 1; i < turns; i++) {
      there.release();
      await back.acquire();
    }
    const ms = performance.now() - start;
    await job;
    if (round < 0) continue;
    acrossTasks.push((Math.max(...between) * 1000) / turns);
    toMain.push((ms * 1000) / (turns - 1));
  }
  await pool.shutdown();
  return [
    {
      workload: 'a Barrier of two tasks that block, one round',
      unit: 'µs',
      better: 'less',
      figures: [figure(ours('two workers'), acrossTasks)],
      judged: 'value',
      limit: undefined,
    },
    {
      workload: 'two Semaphores, the main thread by promise to a task that blocks, and back',
      unit: 'µs',
      better: 'less',
      figures: [figure(ours('one worker'), toMain)],
      judged: 'value',
      limit: undefined,
    },
  ];
}
