import type { Distribution } from '../metrics/distribution.js';
import type { Percentiles } from './messages.js';
import { rounded } from './shown-text.js';

/** Upper edges, in milliseconds: four to an octave, from a microsecond to a month. */
const EDGES: readonly number[] = Array.from({ length: 168 }, (_, index) => 0.001 * 2 ** (index / 4));
const FRACTIONS = [0.5, 0.9, 0.99] as const;

/** Percentiles of the times recorded between two readings, where a `Distribution` has only those since its beginning. */
export class IntervalTimes {
  #counts: readonly number[] = EDGES.map(() => 0);
  #total = 0;

  /** Returns the percentiles since the last call, to within a fifth; `undefined` if nothing was recorded. */
  read(times: Distribution): Percentiles | undefined {
    const counts = times.buckets(EDGES);
    const before = this.#counts;
    const count = times.count - this.#total;
    this.#counts = counts;
    this.#total = times.count;
    if (count <= 0) return undefined;
    const [p50, p90, p99] = FRACTIONS.map((fraction) => {
      const rank = Math.ceil(count * fraction);
      const at = counts.findIndex((each, index) => each - (before[index] ?? 0) >= rank);
      return rounded(Math.min(times.max, EDGES[at] ?? times.max));
    });
    return [p50 ?? 0, p90 ?? 0, p99 ?? 0];
  }
}
