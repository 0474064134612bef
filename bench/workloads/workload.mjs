/**
 * One line of the table.
 *
 * @typedef {object} Row
 * @property {string} workload
 * @property {string} unit
 * @property {'more' | 'less'} better
 * @property {import('../measure.mjs').Figure[]} figures ours first, then what it is compared with, if anything.
 * @property {'ratio' | 'value'} judged what the limit is about: ours to the best of the others, or ours.
 * @property {{ atLeast: number } | { atMost: number } | undefined} limit
 * @property {string} [aim]
 * @property {string} [note] how it was measured, and what the figures do not say.
 * @property {string} [chart] the chart that shows it.
 */

/**
 * @typedef {object} Workload
 * @property {string} name as in `--only`.
 * @property {(run: import('../measure.mjs').Run) => Promise<Row[]>} run
 */

/** Ours to the best of the others; `undefined` where there are none. */
export function ratioOf({ figures: [ours, ...others], better }) {
  const best = bestOf({ figures: [ours, ...others], better });
  return best && ours.value / best.value;
}

export function bestOf({ figures: [, ...others], better }) {
  if (others.length === 0) return undefined;
  return others.reduce((a, b) => ((better === 'more' ? b.value > a.value : b.value < a.value) ? b : a));
}

/** @returns {boolean | undefined} `undefined` where nothing is asked. */
export function holds(row) {
  if (row.limit === undefined) return undefined;
  const value = row.judged === 'ratio' ? ratioOf(row) : row.figures[0].value;
  return 'atLeast' in row.limit ? value >= row.limit.atLeast : value <= row.limit.atMost;
}
