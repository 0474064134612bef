import { type AgingSettings, TICKS_PER_PRIORITY } from '../options/aging-options.js';

/**
 * Lets waiting jobs rise. As all of them rise alike, none ever passes another that waits beside it: who came earlier is ahead
 * by what it has risen until the other came, and stays so. So nothing rises. What comes later begins that much lower, which is
 * its `handicap`, and no timer runs, and no queue is sorted again.
 *
 * Those that come in the same tick have the same, so that jobs share levels of the queue: a tick is the time in which one
 * rises by an eighth of a priority, or less.
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
