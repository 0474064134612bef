import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { figure } from '../measure.mjs';

export const name = 'machine';

const ASKED = 0;
/** Far enough behind for a cache line of its own, also where lines are fetched in pairs. */
const ANSWER = 64;

/** What the two threads' cores need to hand a cache line over: much of a small job's price, and not of the library's making. */
export async function run(how) {
  const turns = how.size(200_000, 50_000);
  const worker = new Worker(new URL('../tasks/echo.mjs', import.meta.url));
  await once(worker, 'online');
  const tripNs = [];
  for (let round = -1; round < how.rounds(5); round++) {
    const words = new Int32Array(new SharedArrayBuffer(2 * ANSWER * Int32Array.BYTES_PER_ELEMENT));
    worker.postMessage({ words, asked: ASKED, answer: ANSWER, turns });
    takeTurn(words, 1); // until the message has come
    const start = performance.now();
    for (let turn = 2; turn <= turns; turn++) takeTurn(words, turn);
    if (round >= 0) tripNs.push(((performance.now() - start) * 1e6) / (turns - 1));
  }
  await worker.terminate();
  return [
    {
      workload: 'the machine itself: a word of shared memory to another thread and back',
      unit: 'ns',
      better: 'less',
      figures: [figure({ name: 'Atomics', setting: 'two bare threads' }, tripNs)],
      judged: 'value',
      limit: undefined,
      note:
        'Not a figure of the library: on a virtual machine it depends on where its host runs the cores at the time, and ' +
        'with it every figure that is bound by memory or by messages between threads.',
    },
  ];
}

function takeTurn(words, turn) {
  Atomics.store(words, ASKED, turn);
  while (Atomics.load(words, ANSWER) !== turn);
}
