import { now } from '../../base/clock.js';

/** Longest time that the exit of this process waits for child processes to write their coverage. */
const EXIT_MS = 3_000;

/** A worker with a child process. */
export interface ProcessOwner {
  endProcess(): void;
  awaitProcessEnd(timeoutMs: number): void;
}

/** Workers whose child processes write coverage: tools such as c8 read it once this process has exited. */
const covered = new Set<ProcessOwner>();

/** Makes the exit of this process wait until the worker's child process has written its coverage. */
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
