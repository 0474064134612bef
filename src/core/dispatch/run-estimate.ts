import { TICKS_PER_MS } from '../../base/ticks.js';
import type { TaskRef } from '../../jobs/task-ref.js';

/** What may be sent ahead to a worker, in expected work: more would have to be taken back too often. 1 ms. */
export const WINDOW_TICKS = TICKS_PER_MS;
/** What a job is taken to need that needs as long, or longer, or nobody knows how long: none waits behind it. 2 ms. */
const LONG_TICKS = 2 * TICKS_PER_MS;
/** No job is expected to take less: it bounds how many are sent ahead, whose answers an urgent one's may have to follow. */
const SHORTEST_TICKS = 10;
/** Longer runs are all alike. Keeps the estimate a small integer. */
const LONGEST_TICKS = 2 ** 24;
/** An estimate is kept in parts of a tick, so that short runs do not round away. */
const PART_BITS = 4;
/** Of each run, 1/8 goes into the estimate. */
const WEIGHT_BITS = 3;
/** A run this many times longer than expected is believed only when it comes twice in a row: most are preempted ones. */
const OUTLIER = 8;
const OUTLIER_PARTS = (0.02 * TICKS_PER_MS) << PART_BITS;

/** How long a job of the task is expected to run, in ticks; all that is long, or unknown, is alike. */
export function plannedTicks(task: TaskRef): number {
  if (task.estimate < 0) return LONG_TICKS;
  const ticks = task.estimate >> PART_BITS;
  if (ticks > LONG_TICKS) return LONG_TICKS;
  return ticks < SHORTEST_TICKS ? SHORTEST_TICKS : ticks;
}

/** What is known of a task that has blocked its thread: none waits behind it, however short it may be. */
const BLOCKS = -2;

/** A job of the task has blocked its thread, to wait for another thread. */
export function learnBlock(task: TaskRef): void {
  task.estimate = BLOCKS;
}

/** Whether jobs are begun in the order in which they were submitted, on all workers: one of them may wait for the other. */
export function isOrdered(a: TaskRef, b: TaskRef): boolean {
  return a.estimate === BLOCKS || b.estimate === BLOCKS;
}

/** Whether a job of the task may wait at a worker behind another, and others behind it. */
export function mayWait(task: TaskRef): boolean {
  return plannedTicks(task) < LONG_TICKS;
}

/** Learns from a run. */
export function learnRun(task: TaskRef, ticks: number): void {
  const known = task.estimate;
  const run = (ticks < LONGEST_TICKS ? ticks : LONGEST_TICKS) << PART_BITS;
  if (known >= 0 && run <= known * OUTLIER + OUTLIER_PARTS) {
    task.estimate = known + ((run - known) >> WEIGHT_BITS);
    task.isSuspect = false;
  } else {
    learnOddRun(task, run);
  }
}

/** The first one, or one far longer than expected. */
function learnOddRun(task: TaskRef, run: number): void {
  if (task.estimate === BLOCKS) return;
  task.isSuspect = task.estimate >= 0 && !task.isSuspect;
  if (!task.isSuspect) task.estimate = run;
}
