import { TICKS_PER_MS } from '../../base/ticks.js';
import type { TaskRef } from '../../jobs/task-ref.js';

/** Most expected work that may be sent ahead to a worker: more would have to be taken back too often. 1 ms. */
export const WINDOW_TICKS = TICKS_PER_MS;
/** Estimate of a job that takes this long, or longer, or an unknown time: no job waits behind it. 2 ms. */
const LONG_TICKS = 2 * TICKS_PER_MS;
/** Shortest estimate: it bounds how many jobs are sent ahead, whose answers an urgent one's may have to follow. */
const SHORTEST_TICKS = 10;
/** Longest estimate of a job for which no further thread is woken while enough run. 0.1 ms. */
export const BRIEF_TICKS = 0.1 * TICKS_PER_MS;
/** Part by which the shortest run of late rises with each run: 1/16. */
const RISE_BITS = 4;
/** Longest run that is distinguished from longer ones. Keeps the estimate a small integer. */
const LONGEST_TICKS = 2 ** 24;
/** How many bits of an estimate are below one tick, so that short runs do not round to 0. */
const PART_BITS = 4;
/**
 * Shortest run of late of such a job, at most, which is less time than to wake a thread takes. Not its estimate: the first job of
 * a thread that was woken runs far longer than the next, and if each thread runs but one there are no others.
 */
const SHORT_PARTS = (0.0125 * TICKS_PER_MS) << PART_BITS;
/** Weight of each run in the estimate: 1/8. */
const WEIGHT_BITS = 3;
/**
 * Factor from which a run counts as an outlier, believed only if the next is one, too: in most such runs the thread was
 * preempted.
 */
const OUTLIER = 8;
const OUTLIER_PARTS = (0.02 * TICKS_PER_MS) << PART_BITS;

/**
 * Returns how long a job of the task is expected to run, in ticks; one value stands for all that is long or unknown.
 */
export function plannedTicks(task: TaskRef): number {
  if (task.estimate < 0) return LONG_TICKS;
  const ticks = task.estimate >> PART_BITS;
  if (ticks > LONG_TICKS) return LONG_TICKS;
  return ticks < SHORTEST_TICKS ? SHORTEST_TICKS : ticks;
}

/** Estimate of a task that has blocked its thread: no job waits behind it, however short it may be. */
const BLOCKS = -2;

/** Records that a job of the task has blocked its thread, to wait for another thread. */
export function learnBlock(task: TaskRef): void {
  task.estimate = BLOCKS;
}

/** Whether two equal jobs must begin in the order of submission on all workers, as one may wait for the other. */
export function isOrdered(a: TaskRef, b: TaskRef): boolean {
  return a.estimate === BLOCKS || b.estimate === BLOCKS;
}

/** Whether a job of the task may wait at a worker behind another, and others behind it. */
export function mayWait(task: TaskRef): boolean {
  return plannedTicks(task) < LONG_TICKS;
}

/** Whether a job of the task is expected to end sooner than another thread could be woken for it. */
export function isBrief(task: TaskRef): boolean {
  const { estimate } = task;
  if (estimate < 0) return false;
  return estimate <= SHORT_PARTS || (estimate <= BRIEF_TICKS << PART_BITS && task.shortest <= SHORT_PARTS);
}

/** Updates the estimate with a run. */
export function learnRun(task: TaskRef, ticks: number): void {
  const known = task.estimate;
  const run = (ticks < LONGEST_TICKS ? ticks : LONGEST_TICKS) << PART_BITS;
  if (known >= 0 && run <= known * OUTLIER + OUTLIER_PARTS) {
    task.estimate = known + ((run - known) >> WEIGHT_BITS);
    task.isSuspect = false;
    if (known > SHORT_PARTS) learnShortest(task, run);
  } else {
    learnOddRun(task, run);
  }
}

/** Updates the estimate with the first run, or one far longer than expected. */
function learnOddRun(task: TaskRef, run: number): void {
  if (task.estimate === BLOCKS) return;
  learnShortest(task, run);
  task.isSuspect = task.estimate >= 0 && !task.isSuspect;
  if (!task.isSuspect) task.estimate = run;
}

/** Updates the shortest run of late, which is not kept up to date while the estimate is as short. */
function learnShortest(task: TaskRef, run: number): void {
  const known = task.shortest;
  task.shortest = run < known ? run : known + (known >> RISE_BITS) + 1;
}
