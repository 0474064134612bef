import { readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { expect, test } from '@jest/globals';
import { readPages, root } from './markdown.ts';

const text = readPages().find(({ path }) => path === join('docs', 'seeds.md'))?.text ?? '';

/** The rows of its tables: what a feature is there, what it is here, and by what that is held. */
const rows = text
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
  .filter(([, there]) => there !== 'there')
  .map(([, there = '', here = '', held = '']) => ({ there, here, held }));

/** Whether a test of that name is in the source: its literal, as the first of several arguments. */
function hasTest(source: string, name: string): boolean {
  return ["'", '"', '`'].some((quote) => source.includes(`${quote}${name.replaceAll(quote, `\\${quote}`)}${quote},`));
}

test('every row of docs/seeds.md says what a feature is here, and by what that is held', () => {
  expect(rows.length).toBeGreaterThan(200);
  expect(rows.filter(({ there, here, held }) => there === '' || here === '' || held === '')).toEqual([]);
});

test('every test that docs/seeds.md links is in the file, by its name', () => {
  const links = rows.flatMap(({ held }) => [...held.matchAll(/\[([^\]]+)\]\(\.\.\/(tests\/[^)]+)\)/g)]);
  expect(links.length).toBeGreaterThan(200);
  const missing = links.filter(
    ([, name = '', path = '']) => !hasTest(readFileSync(normalize(join(root, path)), 'utf8'), name),
  );
  expect(missing.map(([link]) => link)).toEqual([]);
});
