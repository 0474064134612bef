import { type AgingSettings, TICKS_PER_PRIORITY } from '../options/aging-options.js';

/**
 * Raises the urgency of jobs while they wait. As all rise alike, no waiting job ever passes another: an earlier job keeps the
 * lead that it had risen by when the later one came. So nothing needs to rise: a later job begins that much lower instead, by
 * its `handicap`; no timer runs, and no queue is sorted again.
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

  /** @param ms of `now()`. */
  handicapAt(ms: number): number {
    return Math.floor(ms / this.#tickMs) * this.#rise;
  }
}
