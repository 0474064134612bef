import { fileURLToPath } from 'node:url';
import { FixedQueue, Piscina } from 'piscina';
import { awaited, fileOf, runIn } from './contender.mjs';

const moving = new URL('../tasks/piscina.mjs', import.meta.url);

export const name = 'piscina';

/** Any file of functions is one of tasks. */
export const takesFile = true;

const setting = (atomics, concurrentTasksPerWorker) => ({
  label: `atomics ${atomics}, concurrentTasksPerWorker ${concurrentTasksPerWorker}`,
  options: { atomics, concurrentTasksPerWorker },
});

const settingsWith = (...counts) =>
  ['sync', 'async', 'disabled'].flatMap((atomics) => counts.map((count) => setting(atomics, count)));

export const settings = settingsWith(1, 16, 1000);
export const longJobSettings = settingsWith(1, 2);
export const usual = setting('async', 1000);

export function open(task, { label, options }, { file = fileOf(task, moving), minThreads = 2 } = {}) {
  const pool = new Piscina({
    filename: fileURLToPath(file),
    name: task,
    minThreads,
    maxThreads: 2,
    recordTiming: false,
    taskQueue: new FixedQueue(),
    ...options,
  });
  return awaited({ name, setting: label, run: runIn(pool), close: () => pool.destroy() });
}
