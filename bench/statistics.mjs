/** @param {readonly number[]} values */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The most that `pairedRatio` says is noise. */
export const MOST_NOISE = 0.05;

/**
 * The ratio of ours to another contender, of values that were measured in the same rounds: what slows the machine for a while
 * slows both. The noise is half of the notch that a box plot of the rounds' ratios has (McGill, Tukey and Larsen, 1978): medians
 * that differ by less are not told apart. It is at most `MOST_NOISE`, so that a restless machine does not excuse everything.
 *
 * @param {readonly number[]} ours
 * @param {readonly number[]} theirs
 */
export function pairedRatio(ours, theirs) {
  const ratios = ours.map((value, round) => value / theirs[round]).sort((a, b) => a - b);
  const quartile = (share) => {
    const place = (ratios.length - 1) * share;
    const below = Math.floor(place);
    return ratios[below] + (place - below) * (ratios[Math.ceil(place)] - ratios[below]);
  };
  const noise = (1.57 * (quartile(0.75) - quartile(0.25))) / Math.sqrt(ratios.length);
  return { ratio: median(ratios), noise: Math.min(noise, MOST_NOISE) };
}

/** The value below which that share of the values lies. @param {readonly number[]} values */
export function percentile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
