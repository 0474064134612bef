import { fileURLToPath } from 'node:url';
import { FixedThreadPool } from 'poolifier';
import { awaitAll } from './contender.mjs';

const script = fileURLToPath(new URL('../tasks/poolifier.mjs', import.meta.url));
const moduleScript = fileURLToPath(new URL('../tasks/real/poolifier.mjs', import.meta.url));

export const name = 'poolifier';

const queue = (concurrency) => ({
  enableTasksQueue: true,
  tasksQueueOptions: { concurrency, tasksStealingOnBackPressure: false },
});

export const usual = { label: 'no tasks queue', options: { enableTasksQueue: false } };

const settingsWith = (...counts) => [
  usual,
  { label: 'no tasks queue, mapExecute', options: { enableTasksQueue: false }, mapExecute: true },
  ...counts.map((concurrency) => ({ label: `tasks queue, concurrency ${concurrency}`, options: queue(concurrency) })),
];

export const settings = settingsWith(1, 16, 1000);
export const longJobSettings = settingsWith(1, 2);

export function open(task, { label, options, mapExecute = false }, { file } = {}) {
  const pool = new FixedThreadPool(2, file === undefined ? script : moduleScript, {
    enableEvents: false,
    workerOptions: { workerData: { task, file: file?.href } },
    ...options,
  });
  const run = (input, transferList) => pool.execute(input, undefined, undefined, transferList);
  return {
    name,
    setting: label,
    run,
    // mapExecute has one transfer list for all inputs, so what is moved goes by execute
    runAll: (inputs, how) => (mapExecute && !how?.move ? pool.mapExecute(inputs) : awaitAll(run, inputs, how)),
    // destroy waits for ever for a worker that ended before it listened, so the workers are watched too
    close() {
      const exits = pool.workerNodes.map(({ worker }) => new Promise((resolve) => worker.once('exit', resolve)));
      return Promise.race([pool.destroy(), Promise.all(exits)]);
    },
  };
}
