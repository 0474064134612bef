import type { TaskRef } from '../jobs/task.js';

/** What may be sent ahead to a worker, in ms of expected work: the most by which a more urgent job can come late. */
export const WINDOW_MS = 1;
/** No job is expected to take less: it bounds how many are sent ahead. */
const SHORTEST_MS = 0.0002;
/** Of each run, so much goes into the estimate. */
const WEIGHT = 1 / 8;
/** A run this many times longer than expected is believed only when it comes twice in a row: most are preempted ones. */
const OUTLIER = 8;
const OUTLIER_MS = 0.02;

/** How long a job of the task is expected to run, in ms. A task that has not run is expected to fill the window. */
export function plannedMs(task: TaskRef): number {
  const { runMs } = task;
  if (runMs === undefined || runMs > WINDOW_MS) return WINDOW_MS;
  return runMs < SHORTEST_MS ? SHORTEST_MS : runMs;
}

/** Learns from a run. */
export function learnRun(task: TaskRef, ms: number): void {
  const known = task.runMs;
  if (known === undefined) {
    task.runMs = ms;
  } else if (ms <= known * OUTLIER + OUTLIER_MS) {
    task.runMs = known + (ms - known) * WEIGHT;
    task.isSuspect = false;
  } else if (task.isSuspect) {
    task.runMs = ms;
    task.isSuspect = false;
  } else {
    task.isSuspect = true;
  }
}
