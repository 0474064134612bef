import { Worker, type WorkerOptions } from 'node:worker_threads';
import { bare } from '../../base/bare.js';
import { wrongType } from '../../base/check/argument-errors.js';
import { startTimer } from '../../base/timer.js';
import { emitWarning } from '../../base/warn.js';
import type { Fd } from '../../contract/printed.js';
import type { ProcessSettings } from '../../contract/process-settings.js';
import { describe } from '../../errors.js';
import { withPipedOutput } from '../../host/piped-output.js';
import { processEntry, workerThreadEntry, workerThreadLocation } from '../../host/worker-location.js';
import { InlineThread } from '../../inline/inline-thread.js';
import type { Functions } from '../functions.js';
import type { PoolSettings } from '../options/options.js';
import type { PoolWorker } from '../pool-worker.js';

/** Creates the thread of a worker. @throws what `new Worker` or the option `worker` throws. */
export function createThread(
  { kind, thread, name }: PoolSettings,
  workerId: number,
  functions: Functions,
): { readonly thread: Worker; readonly printed: readonly Fd[] } {
  if (kind === 'inline') return { thread: InlineThread.create((name, args) => functions.run(name, args)), printed: [] };
  const { worker } = thread;
  if (worker !== undefined) {
    const made = withPipedOutput(() => checkThread(worker()));
    return { thread: made.thread, printed: made.piped };
  }
  // bare, as Node.js also reads inherited options
  const options: WorkerOptions = bare({ name: `${name}-${workerId}` });
  if (thread.resourceLimits !== undefined && kind === 'thread') options.resourceLimits = thread.resourceLimits;
  if (thread.env !== undefined) options.env = thread.env as NonNullable<WorkerOptions['env']>;
  if (kind === 'thread') {
    if (thread.argv !== undefined) options.argv = [...thread.argv];
    if (thread.workerData !== undefined) options.workerData = thread.workerData;
  }
  const execArgv = (kind === 'thread' ? thread.execArgv : undefined) ?? inheritedExecArgv();
  if (execArgv !== undefined) options.execArgv = [...execArgv];
  return { thread: new Worker(workerThreadEntry(), options), printed: [1, 2] };
}

/** Longest silence of a thread that the option `worker` has made, in ms, before a warning. */
const SILENT_MS = 5_000;

/**
 * Warns if a thread that the option `worker` has made runs its file and stays silent: without the library's entry, it would never begin
 * a job. A thread that the machine is slow to start is not meant.
 */
export function warnIfSilent(worker: PoolWorker, thread: Worker): void {
  const warn = (): void => {
    if (worker.isUp || worker.state !== 'starting') return;
    emitWarning(
      `Worker ${worker.workerId} has not begun within ${SILENT_MS / 1_000} s: does the file that the option worker starts import 'thread-system/pool-worker'?`,
      { type: 'ThreadSystemWarning', detail: undefined },
    );
  };
  thread.once('online', () => startTimer(SILENT_MS, warn, { keepsProcess: false }));
}

/** What a worker of kind `'process'` needs to start its child process; `undefined` for other kinds. */
export function processSettings({ kind, thread }: PoolSettings): ProcessSettings | undefined {
  if (kind !== 'process') return undefined;
  return {
    entry: processEntry(),
    workerEntry: workerThreadLocation().href,
    resourceLimits: thread.resourceLimits,
    execArgv: thread.execArgv,
    argv: thread.argv,
    cwd: thread.cwd,
    execPath: thread.execPath,
  };
}

/** Ends a thread that no worker was made for, and ignores its errors. */
export function endUnused(thread: Worker): void {
  thread.on('error', () => {});
  thread.unref();
  void thread.terminate();
}

function checkThread(thread: Worker): Worker {
  if (typeof thread?.postMessage === 'function') return thread;
  throw wrongType('start a worker', 'the option worker must return a Worker', describe(thread));
}

/** This thread's flags without `--input-type` and `-e`, with which a worker could not start; `undefined` if it has none of these. */
function inheritedExecArgv(): readonly string[] | undefined {
  if (!process.execArgv.some((flag) => flag.startsWith('--input-type'))) return undefined;
  return process.execArgv.filter((flag, index, flags) => {
    const isText = /^(-e|--eval|-p|--print)$/.test(flags[index - 1] ?? '');
    return !isText && !/^(--input-type(=.*)?|-e|--eval|-p|--print)$/.test(flag);
  });
}
