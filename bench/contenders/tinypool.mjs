import { fileURLToPath } from 'node:url';
import { Tinypool } from 'tinypool';
import { awaited, fileOf, runIn } from './contender.mjs';
import { Fifo } from './fifo.mjs';

const moving = new URL('../tasks/tinypool.mjs', import.meta.url);

export const name = 'tinypool';

/** Any file of functions is one of tasks. */
export const takesFile = true;

const setting = (useAtomics, concurrentTasksPerWorker) => ({
  label: `atomics ${useAtomics ? 'on' : 'off'}, concurrentTasksPerWorker ${concurrentTasksPerWorker}`,
  options: { useAtomics, concurrentTasksPerWorker },
});

const settingsWith = (...counts) =>
  [true, false].flatMap((useAtomics) => counts.map((count) => setting(useAtomics, count)));

export const settings = settingsWith(1, 16, 1000);
export const longJobSettings = settingsWith(1, 2);
export const usual = setting(true, 1000);

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
