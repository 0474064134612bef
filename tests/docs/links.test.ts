import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { expect, test } from '@jest/globals';
import { readPages, root } from './markdown.ts';

const pages = readPages();
const byPath = new Map(pages.map((page) => [page.path, page]));

test.each(pages.map((page) => [page.path, page] as const))('the links of %s lead somewhere', (_path, page) => {
  const broken = page.links.filter(({ target }) => {
    if (/^[a-z]+:/.test(target)) return false;
    const [file = '', anchor] = target.split('#');
    const path = file === '' ? page.path : normalize(join(dirname(page.path), file));
    if (!existsSync(join(root, path))) return true;
    return anchor !== undefined && !byPath.get(path)?.anchors.has(anchor);
  });
  expect(broken).toEqual([]);
});

test('no page is left out: each can be reached from the README', () => {
  const reached = new Set<string>(['README.md']);
  for (const path of reached) {
    for (const { target } of byPath.get(path)?.links ?? []) {
      const [file = ''] = target.split('#');
      const linked = /^[a-z]+:/.test(file) ? '' : normalize(join(dirname(path), file));
      if (byPath.has(linked)) reached.add(linked);
      for (const page of pages) if (relative(linked, dirname(page.path)) === '') reached.add(page.path);
    }
  }
  expect(pages.map((page) => page.path).filter((path) => !reached.has(path))).toEqual([]);
});

test('every script that a page names is in package.json', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
  const named = pages.flatMap((page) => [...page.text.matchAll(/\bnpm run ([\w-]+)/g)].map((match) => match[1] ?? ''));
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});

test('every source file that a page names is there', () => {
  const named = pages.flatMap((page) =>
    [...page.text.matchAll(/\b(?:src|tests|scripts|bench|examples)\/[\w./-]+\.(?:ts|mts|mjs|cjs|js)\b/g)].map(
      (match) => match[0],
    ),
  );
  expect(named.filter((name) => !existsSync(join(root, name)))).toEqual([]);
});
