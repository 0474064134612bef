import type { Worker } from 'node:worker_threads';
import { describe } from '../../errors.js';

export function checkThread(thread: Worker): Worker {
  if (typeof thread?.postMessage === 'function') return thread;
  throw new TypeError(`Cannot start a worker: the option worker must return a Worker, received ${describe(thread)}`);
}

/** This thread's flags, where a worker could not start with them: `--input-type` goes with the text of `-e`. Else unset. */
export function inheritedExecArgv(): readonly string[] | undefined {
  if (!process.execArgv.some((flag) => flag.startsWith('--input-type'))) return undefined;
  return process.execArgv.filter((flag, index, flags) => {
    const isText = /^(-e|--eval|-p|--print)$/.test(flags[index - 1] ?? '');
    return !isText && !/^(--input-type(=.*)?|-e|--eval|-p|--print)$/.test(flag);
  });
}
