import { defineHidden } from '../../base/define.js';

/*
 * What tools write into the functions of a program, and what its text can do without: each such name gets a stand-in, which
 * the text sees in place of the tool's own. Names that the text needs are in `missing-name.ts`.
 */

/** A counter of istanbul (jest --coverage, nyc, vitest's istanbul provider, swc's plugin): `cov_2f1k().s[0]++`. */
const COUNTER = 'cov_[0-9a-z]+|__cov_[\\w$]+';
const COUNTED = String.raw`(?:\(\))?\.(?:s|f|b|bT)\[['"]?\d+['"]?\](?:\[\d+\])?`;
/** Only where it counts: a variable of the program's own that has such a name is missed as any other. */
const COUNTERS = new RegExp(String.raw`(?<![\w$.])(?:\+\+(${COUNTER})${COUNTED}|(${COUNTER})${COUNTED}\+\+)`, 'g');

/** The stand-ins that a text needs, by their names. */
export function standInsFor(text: string): Map<string, unknown> {
  const found = new Map<string, unknown>();
  if (text.includes('__name(')) found.set('__name', keepName);
  if (text.includes('cov_')) {
    for (const [, before, after] of text.matchAll(COUNTERS)) {
      const name = before ?? after;
      if (name !== undefined && !found.has(name)) found.set(name, counters());
    }
  }
  for (const name of found.keys()) if (name in globalThis) found.delete(name);
  return found;
}

/** What esbuild and tsx call to keep the name of a function. */
function keepName(named: object, name: unknown): unknown {
  defineHidden(named, 'name', name);
  return named;
}

/** Counts of statements, functions and branches that nobody reads; older versions do not call for them. */
function counters(): unknown {
  const ofBranch: number[] = [];
  const branches = new Proxy({}, { get: () => ofBranch });
  const counts: (() => unknown) & object = Object.assign(() => counts, { s: {}, f: {}, b: branches, bT: branches });
  return counts;
}
