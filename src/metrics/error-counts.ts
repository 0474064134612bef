import { errorTypeOf } from '../errors.js';

const MAX_TYPES = 64;
/** Where errors beyond that are counted. */
const OTHER = 'other';

/** How many jobs have failed, by type of error: bounded, as a task may throw errors of any number of types. */
export class ErrorCounts {
  readonly #counts = new Map<string, number>();

  count(error: unknown): void {
    const type = errorTypeOf(error);
    const key = this.#counts.size < MAX_TYPES || this.#counts.has(type) ? type : OTHER;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  snapshot(): Readonly<Record<string, number>> {
    const byError = Object.create(null) as Record<string, number>; // a dictionary: a type may have any name
    for (const [type, count] of this.#counts) byError[type] = count;
    return Object.freeze(byError);
  }
}
