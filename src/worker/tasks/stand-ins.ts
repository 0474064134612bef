import { defineHidden } from '../../base/define.js';

/*
 * Names that tools write into the functions of a program and that their text can do without. The text sees a stand-in for each.
 * Names that a text needs are in `closure-hint.ts`.
 */

/** A counter of istanbul (jest --coverage, nyc, vitest's istanbul provider, swc's plugin): `cov_2f1k().s[0]++`. */
const COUNTER = 'cov_[0-9a-z]+|__cov_[\\w$]+';
const COUNTED = String.raw`(?:\(\))?\.(?:s|f|b|bT)\[['"]?\d+['"]?\](?:\[\d+\])?`;
/** Only as a counter: a variable of the program that has such a name is missing like any other. */
const COUNTERS = new RegExp(String.raw`(?<![\w$.])(?:\+\+(${COUNTER})${COUNTED}|(${COUNTER})${COUNTED}\+\+)`, 'g');

/** The helper by which esbuild and tsx keep names: `__name(x => x + 1, 'add')`. Bundlers number it if there are several. */
const KEEPER = /(?<![\w$.])__name\d*(?=\()/g;
/** That helper, minified, such as `o(x=>x+1,"add")` and `o(half,"half")`: always without a space. */
const SHORT_KEEPER =
  /(?<![\w$.])(?!(?:if|for|do|in|of|new|try|let|var)\()([a-z_$][\w$]{0,2})(?=\((?:\(|async\b|function\b|class\b|[\w$]+(?:=>|,"[^"]+"\))))/gi;
const KEPT_NAME = /,"[^"]+"\)/;

/** Returns the stand-ins that a text needs, by name. A parameter or variable of the text that has such a name hides it. */
export function standInsFor(text: string): Map<string, unknown> {
  const found = new Map<string, unknown>();
  if (text.includes('__name')) for (const [name] of text.matchAll(KEEPER)) found.set(name, keepName);
  if (KEPT_NAME.test(text)) for (const [name] of text.matchAll(SHORT_KEEPER)) found.set(name, shortKeeper(name));
  if (text.includes('cov_')) {
    for (const [, before, after] of text.matchAll(COUNTERS)) {
      const name = before ?? after;
      if (name !== undefined && !found.has(name)) found.set(name, counters());
    }
  }
  for (const name of found.keys()) if (name in globalThis) found.delete(name);
  return found;
}

/** Stands in for what is called as esbuild's helper is; for any other call, the name is as missing as it was. */
function shortKeeper(name: string): unknown {
  return (...args: readonly unknown[]) => {
    const [named, kept] = args;
    if (args.length === 2 && typeof named === 'function' && typeof kept === 'string') return keepName(named, kept);
    throw new ReferenceError(`${name} is not defined`);
  };
}

/** The function that esbuild and tsx call to keep the name of a function. */
function keepName(named: object, name: unknown): unknown {
  defineHidden(named, 'name', name);
  return named;
}

/** Counters of statements, functions and branches. Newer versions call a function to get them. */
function counters(): unknown {
  const ofBranch: number[] = [];
  const branches = new Proxy({}, { get: () => ofBranch });
  const counts: (() => unknown) & object = Object.assign(() => counts, { s: {}, f: {}, b: branches, bT: branches });
  return counts;
}
