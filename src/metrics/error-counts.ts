import { errorTypeOf } from '../errors.js';
import { BoundedMap } from './bounded-map.js';

const MAX_TYPES = 64;

/** How many jobs have failed, by type of error: bounded, as a task may throw errors of any number of types. */
export class ErrorCounts {
  readonly #counts = new BoundedMap<string, { failed: number }>(MAX_TYPES, () => ({ failed: 0 }));

  count(error: unknown): void {
    this.#counts.of(errorTypeOf(error)).failed++;
  }

  snapshot(): Readonly<Record<string, number>> {
    const byError = Object.create(null) as Record<string, number>; // a dictionary: a type may have any name
    for (const [type, { failed }] of this.#counts) byError[type] = failed;
    return Object.freeze(byError);
  }
}
