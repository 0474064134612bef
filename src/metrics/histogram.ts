/** A summary of recorded values. All fields are 0 while `count` is 0. */
export interface Distribution {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

const STEP_BITS = 4;
const STEPS = 1 << STEP_BITS;
/** Integers below this can be shifted left by `STEP_BITS` without overflow. */
const SHORT_BITS = 31 - STEP_BITS;
const SHORT = 2 ** SHORT_BITS;
/** How many octaves a longer integer is shifted right; the bits that remain still determine its bucket. */
const SHORTER_BITS = SHORT_BITS - STEP_BITS;
const BUCKETS = (SHORT_BITS + SHORTER_BITS) * STEPS; // in ticks: up to 3 years; longer times fall into the last

/** @param value an integer of 1 or more. */
function bucketOf(value: number): number {
  if (value < SHORT) return shortBucketOf(value);
  return SHORTER_BITS * STEPS + shortBucketOf(Math.min(Math.floor(value / 2 ** SHORTER_BITS), SHORT - 1));
}

function shortBucketOf(value: number): number {
  const octave = 31 - Math.clz32(value);
  return octave * STEPS + (((value << STEP_BITS) >> octave) & (STEPS - 1));
}

function midpointOf(bucket: number): number {
  const step = bucket & (STEPS - 1);
  return (STEPS + step + 0.5) * 2 ** ((bucket >> STEP_BITS) - STEP_BITS);
}

/**
 * Durations in buckets that grow with the value: 16 to an octave, so that percentiles are within 3 % (`max` and `mean`
 * are exact). The log-linear layout is HdrHistogram's; the leading bits of the integer give the bucket. Rejected: the
 * bits of the float, which would go through memory; Node's `createHistogram`, at 100 ns a value too slow for jobs of
 * 250 ns.
 */
export class Histogram {
  readonly #counts = new Float64Array(BUCKETS);
  #count = 0;
  #sum = 0;
  #max = 0;

  /** @param value an integer of 0 or more. */
  record(value: number): void {
    this.#count++;
    this.#sum += value;
    if (value > this.#max) this.#max = value;
    const bucket = value < 1 ? 0 : bucketOf(value);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
  }

  /** @param unit the recorded value that counts as 1 in the summary. */
  snapshot(unit: number): Distribution {
    const mean = this.#count === 0 ? 0 : this.#sum / this.#count / unit;
    const [p50, p90, p99] = [this.#percentile(0.5) / unit, this.#percentile(0.9) / unit, this.#percentile(0.99) / unit];
    return Object.freeze({ count: this.#count, mean, p50, p90, p99, max: this.#max / unit });
  }

  #percentile(fraction: number): number {
    const rank = Math.ceil(this.#count * fraction);
    if (rank === 0) return 0;
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket] ?? 0;
      if (seen >= rank) return bucket === 0 ? 0 : Math.min(midpointOf(bucket), this.#max);
    }
    return this.#max;
  }
}
