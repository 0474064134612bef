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
  const [ofSemaphore, ofLoop, published] = [[], [], []];
  for (let round = -1; round < how.rounds(7); round++) {
    const rate = pairsPerSecond(bySemaphore, how.size(5_000_000, 1_000_000));
    const bare = pairsPerSecond(byBareLoop, how.size(5_000_000, 1_000_000));
    const fewMs = (200_000 / pairsPerSecond(bySemaphore, 200_000)) * 1000;
    if (round < 0) continue;
    ofSemaphore.push(rate);
    ofLoop.push(bare);
    published.push(fewMs);
  }
  return [
    {
      workload: '`tryAcquire` and `release` of a Semaphore that nobody waits for',
      unit: 'pairs/s',
      better: 'more',
      figures: [
        figure(ours('one thread'), ofSemaphore),
        figure({ name: 'Atomics', setting: 'a bare loop of compareExchange' }, ofLoop),
      ],
      judged: 'ratio',
      limit: { atLeast: 0.5 },
      aim: '0.8 x',
      note: 'The bare loop takes a permit by `compareExchange` and puts it back by `add`: no waiters, and no threads that may die.',
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

/** @param {(pairs: number) => { got: number, left: number }} take takes a permit and puts it back, so many times. */
function pairsPerSecond(take, pairs) {
  const start = performance.now();
  const { got, left } = take(pairs);
  const ms = performance.now() - start;
  if (got !== pairs || left !== 1) throw new Error(`${got} permits of ${pairs}, ${left} left`);
  return (pairs * 1000) / ms;
}

function bySemaphore(pairs) {
  const semaphore = new Semaphore(1);
  let got = 0;
  for (let i = 0; i < pairs; i++) {
    if (semaphore.tryAcquire()) got++;
    semaphore.release();
  }
  return { got, left: semaphore.value };
}

function byBareLoop(pairs) {
  const words = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  words[0] = 1;
  let got = 0;
  for (let i = 0; i < pairs; i++) {
    const permits = Atomics.load(words, 0);
    if (permits > 0 && Atomics.compareExchange(words, 0, permits, permits - 1) === permits) got++;
    Atomics.add(words, 0, 1);
  }
  return { got, left: words[0] };
}

async function handOff(how) {
  const pool = openPool();
  const turns = how.size(5000, 1000);
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
