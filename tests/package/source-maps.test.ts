import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';

const dist = new URL('../../dist/', import.meta.url);
const FILES = readdirSync(dist, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.map'))
  .map((file) => file.slice(0, -'.map'.length));
const LATER = 'shared-objects.cjs';
const ELSEWHERE = ['pool-worker.cjs', LATER, 'pool-process.mjs', 'cli.js'];

test('what runs has a source map', () => {
  const compact = ['core.js', 'shared.js', 'cluster.js', 'pool-worker.cjs', 'pool-process.mjs', LATER];
  expect(FILES).toEqual(expect.arrayContaining(compact));
});

/** The code of a file. That of the later part of a thread's code is a string in its entry. */
function codeOf(file: string): string {
  const text = readFileSync(new URL(file === LATER ? 'pool-worker.cjs' : file, dist), 'utf8');
  const later = /^const TEXT_OF_LATER=(.*)$/m;
  return file === LATER ? (JSON.parse(later.exec(text)?.[1] ?? '') as string) : text.replace(later, '');
}

describe.each(FILES)('the source map of %s', (file) => {
  const map = new TraceMap(readFileSync(new URL(`${file}.map`, dist), 'utf8'), new URL(`${file}.map`, dist).href);
  const linesOf = (url: string): string[] => map.sourcesContent?.[map.resolvedSources.indexOf(url)]?.split('\n') ?? [];

  test('names files of the repository', () => {
    expect(map.resolvedSources.filter((url) => !existsSync(fileURLToPath(url ?? '')))).toEqual([]);
  });

  test('leads each line that throws to the line of its source, which it contains for the thread of a program', () => {
    const lines = codeOf(file).split('\n');
    const wrong: string[] = [];
    let count = 0;
    for (const [index, text] of lines.entries()) {
      for (const { index: column } of text.matchAll(/(?<=^|[;{})])(?:else )?throw /g)) {
        count++;
        const { source, line } = originalPositionFor(map, { line: index + 1, column: column + 'throw '.length });
        const original = source === null || line === null ? '' : (linesOf(source)[line - 1] ?? '');
        const inFile = readFileSync(fileURLToPath(source ?? ''), 'utf8').split('\n')[(line ?? 0) - 1];
        const isContained = original === inFile || ELSEWHERE.includes(file);
        if (!/\bthrow\b/.test(inFile ?? '') || !isContained) wrong.push(`${text} → ${inFile}`);
      }
    }
    if (map.resolvedSources.length > 20) expect(count).toBeGreaterThan(0);
    expect(wrong).toEqual([]);
  });
});
