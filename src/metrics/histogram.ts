import { checkEdges } from '../base/check/values.js';
import type { Distribution } from './distribution.js';

/** The edges of `buckets()`, in milliseconds. */
const EDGES_MS: readonly number[] = [
  ...[0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100],
  ...[250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000],
];

const STEP_BITS = 4;
const STEPS = 1 << STEP_BITS;
/** Integers below this can be shifted left by `STEP_BITS` without overflow. */
const SHORT_BITS = 31 - STEP_BITS;
const SHORT = 2 ** SHORT_BITS;
/** How many octaves a longer integer is shifted right; the bits that remain still determine its bucket. */
const SHORTER_BITS = SHORT_BITS - STEP_BITS;
const BUCKETS = (SHORT_BITS + SHORTER_BITS) * STEPS; // in ticks: up to 3 years; longer times fall into the last
/** What is added to an edge in ticks before it is rounded down, as edges such as 0.0001 s are not exact. */
const ROUNDING = 1e-6;

/** @param value an integer of 0 or more. */
function bucketOf(value: number): number {
  return value < SHORT ? shortBucketOf(value) : longBucketOf(value);
}

function longBucketOf(value: number): number {
  return SHORTER_BITS * STEPS + shortBucketOf(Math.min(Math.floor(value / 2 ** SHORTER_BITS), SHORT - 1));
}

function shortBucketOf(value: number): number {
  const octave = 31 - Math.clz32(value | 1); // 0 counts with 1
  return octave * STEPS + (((value << STEP_BITS) >> octave) & (STEPS - 1));
}

/** @param share where in the bucket: 0 is its lower end, 1 its upper one, which belongs to the next. */
function valueIn(bucket: number, share: number): number {
  const step = bucket & (STEPS - 1);
  return (STEPS + step + share) * 2 ** ((bucket >> STEP_BITS) - STEP_BITS);
}

/** The first bucket with integers above a value; of `Infinity`, how many buckets there are. */
function firstAbove(value: number): number {
  const first = Math.floor(value + ROUNDING) + 1;
  return first === Number.POSITIVE_INFINITY ? BUCKETS : bucketOf(first);
}

/**
 * Durations in buckets that grow with the value: 16 to an octave, so that percentiles are within 3 % (`max`, `sum` and
 * `mean` are exact). The log-linear layout is HdrHistogram's; the leading bits of the integer give the bucket. Rejected: the
 * bits of the float, which would go through memory; Node's `createHistogram`, at 100 ns a value too slow for jobs of
 * 250 ns.
 */
export class Histogram {
  readonly #counts = new Float64Array(BUCKETS);
  #sum = 0;
  #max = 0;

  /** The sum of the recorded values. */
  get sum(): number {
    return this.#sum;
  }

  /** @param value an integer of 0 or more. */
  record(value: number): void {
    this.#sum += value;
    if (value > this.#max) this.#max = value;
    const bucket = bucketOf(value);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
  }

  /** Records what another histogram has recorded. */
  add(other: Histogram): void {
    this.#sum += other.#sum;
    this.#max = Math.max(this.#max, other.#max);
    for (let bucket = other.#lastBucket; bucket >= 0; bucket--)
      this.#counts[bucket] = (this.#counts[bucket] ?? 0) + (other.#counts[bucket] ?? 0);
  }

  /** @param unit the recorded value that counts as 1 in the summary. */
  snapshot(unit: number): Distribution {
    const counts = this.#counts.slice(0, this.#lastBucket + 1);
    return new Snapshot(counts, { sum: this.#sum, max: this.#max, unit });
  }

  /** Returns what was recorded as plain numbers, for another process to `add`. */
  pack(): PackedHistogram {
    const buckets: number[] = [];
    for (let bucket = 0; bucket <= this.#lastBucket; bucket++) {
      const count = this.#counts[bucket] ?? 0;
      if (count > 0) buckets.push(bucket, count);
    }
    return { sum: this.#sum, max: this.#max, buckets };
  }

  /** Returns a histogram of what `pack` has returned. Counts that are not those of a bucket are left out. */
  static unpack({ sum, max, buckets }: PackedHistogram): Histogram {
    const histogram = new Histogram();
    histogram.#sum = sum;
    histogram.#max = max;
    for (let i = 0; i + 1 < buckets.length; i += 2) {
      const bucket = buckets[i] as number;
      if (bucket >= 0 && bucket < BUCKETS) histogram.#counts[Math.trunc(bucket)] = buckets[i + 1] as number;
    }
    return histogram;
  }

  get #lastBucket(): number {
    return bucketOf(this.#max);
  }
}

/** A histogram as plain numbers. */
export interface PackedHistogram {
  readonly sum: number;
  readonly max: number;
  /** Bucket and count, by turns, of those that are not empty. */
  readonly buckets: readonly number[];
}

interface Recorded {
  readonly sum: number;
  readonly max: number;
  readonly unit: number;
}

/** A class, so that `buckets` is not an own property: the object can be cloned and printed. */
class Snapshot implements Distribution {
  readonly count: number;
  readonly sum: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
  /** Counts by bucket, up to that of the highest value. */
  readonly #counts: Float64Array;
  readonly #unit: number;

  constructor(counts: Float64Array, { sum, max, unit }: Recorded) {
    const count = counts.reduce((total, each) => total + each, 0);
    this.#counts = counts;
    this.#unit = unit;
    this.count = count;
    this.sum = sum / unit;
    this.mean = count === 0 ? 0 : sum / count / unit;
    this.p50 = this.#percentile(0.5, max);
    this.p90 = this.#percentile(0.9, max);
    this.p99 = this.#percentile(0.99, max);
    this.max = max / unit;
    Object.freeze(this);
  }

  buckets(edgesMs?: readonly number[]): number[] {
    const edges = edgesMs === undefined ? EDGES_MS : checkEdges(edgesMs, 'edgesMs', 'count by bucket');
    let bucket = 0;
    let seen = 0;
    return edges.map((edgeMs) => {
      const end = Math.min(firstAbove(edgeMs * this.#unit), this.#counts.length);
      for (; bucket < end; bucket++) seen += this.#counts[bucket] ?? 0;
      return seen;
    });
  }

  #percentile(fraction: number, max: number): number {
    const rank = Math.ceil(this.count * fraction);
    let seen = 0;
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      seen += this.#counts[bucket] ?? 0;
      if (seen >= rank) return bucket === 0 ? 0 : Math.min(valueIn(bucket, 0.5), max) / this.#unit;
    }
    return 0;
  }
}
