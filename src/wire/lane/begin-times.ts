import { MASK } from './layout.js';

/**
 * When the code of each job at a worker began, by slot, in ms of `now()`: known while the job runs, and after the death of its
 * thread. (An answer says it for jobs that have ended.)
 *
 * Plain accesses suffice. The worker stores a time before `SlotTable.begin`, and main reads it only for a job that it has seen
 * to have begun, before it uses the slot for another.
 */
export class BeginTimes {
  readonly #times: Float64Array;

  /** @param words two for each slot. */
  constructor(words: Int32Array) {
    this.#times = new Float64Array(words.buffer);
  }

  /** Worker: the job is about to begin, unless it was taken back. */
  set(seq: number, ms: number): void {
    this.#times[seq & MASK] = ms;
  }

  /** Main: only for a job that has begun. */
  get(seq: number): number {
    return this.#times[seq & MASK] ?? 0;
  }
}
