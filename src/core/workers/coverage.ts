import { now } from '../../base/clock.js';

/** So long the exit of this process waits for child processes to leave their coverage. */
const EXIT_MS = 3_000;

/** A worker, as far as its child process is concerned. */
export interface ProcessOwner {
  endProcess(): void;
  awaitProcessEnd(timeoutMs: number): void;
}

/** The workers whose child processes leave coverage: who reads it, such as c8, does so once this process has exited. */
const covered = new Set<ProcessOwner>();

/** Has the exit of this process wait until the worker's child process has left its coverage. */
export function coverProcess(worker: ProcessOwner): void {
  if (covered.size === 0) process.on('exit', awaitCoverage);
  covered.add(worker);
}

/** The worker has exited. */
export function uncoverProcess(worker: ProcessOwner): void {
  if (covered.delete(worker) && covered.size === 0) process.off('exit', awaitCoverage);
}

function awaitCoverage(): void {
  const dueAtMs = now() + EXIT_MS;
  for (const worker of covered) worker.endProcess();
  for (const worker of covered) worker.awaitProcessEnd(Math.max(0, dueAtMs - now()));
}
