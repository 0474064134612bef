import { fileURLToPath } from 'node:url';
import { Tinypool } from 'tinypool';
import { awaited, fileOf, runIn } from './contender.mjs';
import { Fifo } from './fifo.mjs';

const moving = new URL('../tasks/tinypool.mjs', import.meta.url);

export const name = 'tinypool';

/** Any file of functions is one of tasks. */
export const takesFile = true;

export const settings = [true, false].flatMap((useAtomics) =>
  [1, 16, 1000].map((concurrentTasksPerWorker) => ({
    label: `atomics ${useAtomics ? 'on' : 'off'}, concurrentTasksPerWorker ${concurrentTasksPerWorker}`,
    options: { useAtomics, concurrentTasksPerWorker },
  })),
);

export function open(task, { label, options }, { file = fileOf(task, moving), minThreads = 2 } = {}) {
  const pool = new Tinypool({
    filename: fileURLToPath(file),
    name: task,
    runtime: 'worker_threads',
    minThreads,
    maxThreads: 2,
    taskQueue: new Fifo(),
    ...options,
  });
  return awaited({ name, setting: label, run: runIn(pool), close: () => pool.destroy() });
}
