import { fileURLToPath } from 'node:url';
import workerpool from 'workerpool';
import { awaited } from './contender.mjs';
import { WorkerpoolFifo } from './fifo.mjs';

const script = fileURLToPath(new URL('../tasks/workerpool.mjs', import.meta.url));
const moduleScript = fileURLToPath(new URL('../tasks/real/workerpool.mjs', import.meta.url));

export const name = 'workerpool';

export const usual = { label: 'queue in constant time', options: {} };
export const settings = [
  { label: "queue 'fifo'", options: { queueStrategy: 'fifo' } },
  { label: "queue 'lifo'", options: { queueStrategy: 'lifo' } },
  usual,
];
export const longJobSettings = [usual];

export function open(task, { label, options }, { file, minThreads = 2 } = {}) {
  const pool = workerpool.pool(file === undefined ? script : moduleScript, {
    workerThreadOpts: { workerData: file?.href },
    workerType: 'thread',
    minWorkers: minThreads,
    maxWorkers: 2,
    queueStrategy: new WorkerpoolFifo(),
    ...options,
  });
  const run = (input, transfer) =>
    transfer === undefined ? pool.exec(task, [input]) : pool.exec(task, [input], { transfer });
  return awaited({ name, setting: label, run, close: () => pool.terminate() });
}
