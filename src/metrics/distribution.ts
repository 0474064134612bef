/** A summary of recorded times, in milliseconds. All fields are 0 while `count` is 0. */
export interface Distribution {
  /** How many times were recorded. */
  readonly count: number;
  /** All of them together, in ms. */
  readonly sum: number;
  /** Their mean, in ms. */
  readonly mean: number;
  /** The median, in ms: at most 3 % off, like all percentiles. */
  readonly p50: number;
  /** The 90th percentile, in ms. */
  readonly p90: number;
  /** The 99th percentile, in ms. */
  readonly p99: number;
  /** The longest, in ms. */
  readonly max: number;
  /**
   * Counts the times up to each edge, as the buckets of a Prometheus histogram do: cumulatively, and `count` is that of
   * `Infinity`. A time is counted at most 6 % above its own length, and always the same way, so that counts of several pools
   * can be added.
   *
   * @param edgesMs ascending, in milliseconds. Default: 18 edges from 0.1 ms to 60 s.
   * @throws {TypeError | RangeError} if `edgesMs` is not an array of ascending numbers.
   */
  buckets(edgesMs?: readonly number[]): number[];
}
