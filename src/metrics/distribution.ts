/** A summary of recorded times, in milliseconds. All fields are 0 while `count` is 0. */
export interface Distribution {
  readonly count: number;
  readonly sum: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
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
