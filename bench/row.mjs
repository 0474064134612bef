/**
 * One line of the table.
 *
 * @typedef {object} Row
 * @property {string} workload
 * @property {string} unit
 * @property {'more' | 'less'} better
 * @property {import('./measure.mjs').Figure[]} figures ours first, then what it is compared with, if anything.
 * @property {'ratio' | 'value'} judged what the limit is about: ours to the best of the others, or ours.
 * @property {{ atLeast: number } | { atMost: number } | undefined} limit
 * @property {number} [ratio] the median of the rounds' ratios, instead of the ratio of the medians.
 * @property {number} [noise] how far the ratio may miss its limit, as the rounds differ by that much.
 * @property {boolean} [needsFullCounts] whether `--quick` is too short to judge it.
 * @property {string} [aim]
 * @property {string} [note] how it was measured, and what the figures do not say.
 * @property {string} [notRun] why it was not measured: it has no figures then.
 * @property {string} [chart] the chart that shows it.
 * @property {{ figures: readonly { name: string, value: number }[], source: string }} [published]
 */

/** `--quick` fails where a row misses its limit by this factor. */
export const FAR = 2;

/** Ours to the best of the others; `undefined` where there are none. */
export function ratioOf(row) {
  const best = bestOf(row);
  return best && (row.ratio ?? row.figures[0].value / best.value);
}

export function bestOf({ figures: [, ...others], better }) {
  if (others.length === 0) return undefined;
  return others.reduce((a, b) => ((better === 'more' ? b.value > a.value : b.value < a.value) ? b : a));
}

/** @returns {boolean | undefined} `undefined` where nothing is asked, or nothing was measured. */
export function holds(row) {
  if (row.limit === undefined || row.notRun !== undefined) return undefined;
  const { noise = 0 } = row;
  const value = judgedOf(row);
  return 'atLeast' in row.limit ? value >= row.limit.atLeast - noise : value <= row.limit.atMost + noise;
}

/** Whether a limit is missed by so much that small counts show it: below half of it, or above twice. */
export function isFarOff(row) {
  if (row.limit === undefined || row.notRun !== undefined || row.needsFullCounts) return false;
  const value = judgedOf(row);
  return 'atLeast' in row.limit ? !(value >= row.limit.atLeast / FAR) : !(value <= row.limit.atMost * FAR);
}

function judgedOf(row) {
  return row.judged === 'ratio' ? ratioOf(row) : row.figures[0].value;
}

/** A row that could not be measured. @returns {Row} */
export const notRun = (workload, reason) => ({
  workload,
  unit: '',
  better: 'more',
  figures: [],
  judged: 'value',
  limit: undefined,
  notRun: reason,
});
