import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';

const dist = new URL('../../dist/', import.meta.url);
const FILES = [
  ...['core.js', 'shared.js', 'cluster.js', 'cjs/core.js', 'cjs/shared.js', 'cjs/cluster.js'],
  ...['pool-worker.cjs', 'pool-worker.mjs', 'pool-process.mjs', 'shared-objects.cjs'],
];

describe.each(FILES)('the source map of %s', (file) => {
  const map = new TraceMap(readFileSync(new URL(`${file}.map`, dist), 'utf8'), new URL(`${file}.map`, dist).href);
  const sources = new Map<string, string[]>();
  const linesOf = (url: string): string[] => {
    const inMap = map.sourcesContent?.[map.resolvedSources.indexOf(url)];
    if (!sources.has(url)) sources.set(url, (inMap ?? readFileSync(fileURLToPath(url), 'utf8')).split('\n'));
    return sources.get(url) as string[];
  };

  test('names only files that ship, or contains them', () => {
    const ships = (url: string): boolean => url.startsWith(new URL('../../src/', import.meta.url).href);
    const missing = map.resolvedSources.filter((url, index) => !ships(url ?? '') && !map.sourcesContent?.[index]);
    expect(missing).toEqual([]);
    for (const url of map.resolvedSources) if (ships(url ?? '')) expect(linesOf(url ?? '')).not.toEqual([]);
  });

  test('leads each line that throws to the line of its source', () => {
    const lines = readFileSync(new URL(file, dist), 'utf8').split('\n');
    const wrong: string[] = [];
    let count = 0;
    for (const [index, text] of lines.entries()) {
      for (const { index: column } of text.matchAll(/(?<=^|[;{})])(?:else )?throw /g)) {
        count++;
        const { source, line } = originalPositionFor(map, { line: index + 1, column: column + 'throw '.length });
        const original = source === null || line === null ? undefined : linesOf(source)[line - 1];
        if (!/\bthrow\b/.test(original ?? '')) wrong.push(`${text} → ${original}`);
      }
    }
    expect(count).toBeGreaterThan(0);
    expect(wrong).toEqual([]);
  });
});
