import { type AgingSettings, TICKS_PER_PRIORITY } from '../options/aging-options.js';

/**
 * Raises the urgency of jobs while they wait. All waiting jobs rise at the same rate, so their order never changes. Hence none
 * is raised at all: each new job starts lower instead, by a *handicap* that grows with time. No timer runs, and no queue is
 * sorted again.
 *
 * Jobs submitted in the same tick have the same handicap, so that they share levels of the queue. A tick is the time in which
 * a job rises by an eighth of a priority, or less.
 */
export class Aging {
  readonly #tickMs: number;
  readonly #rise: number;

  constructor({ everyMs, step }: AgingSettings) {
    const ticks = Math.ceil(step * TICKS_PER_PRIORITY);
    this.#tickMs = everyMs / ticks;
    this.#rise = step / ticks;
  }

  /** Returns the handicap of a job submitted at `ms` of `now()`, in units of urgency. */
  handicapAt(ms: number): number {
    return Math.floor(ms / this.#tickMs) * this.#rise;
  }
}
