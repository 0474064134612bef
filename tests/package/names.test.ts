import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test } from '@jest/globals';

interface Manifest {
  readonly exports: Readonly<
    Record<string, { types?: string; require?: { default: string }; default?: { types: string; default: string } }>
  >;
  readonly typesVersions: { readonly '*': Readonly<Record<string, string[]>> };
}

const require = createRequire(import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as Manifest;
const BUNDLES = Object.values(manifest.exports).flatMap((entry) =>
  entry.require === undefined || entry.default === undefined ? [] : [entry.default.default, entry.require.default],
);

test.each(BUNDLES)('what %s exports has the name that it is exported by', async (file) => {
  const path = `../../${file}`;
  const surface = (file.includes('/cjs/') ? require(path) : await import(path)) as Record<string, unknown>;
  const functions = Object.entries(surface).filter(([, value]) => typeof value === 'function');
  expect(functions.length).toBeGreaterThan(0);
  expect(functions.filter(([name, value]) => (value as { name: string }).name !== name)).toEqual([]);
});

test('each entry has its types where resolvers that do not read "exports" look for them', () => {
  const entries = Object.entries(manifest.exports).filter(([path]) => path.startsWith('./') && !path.endsWith('.json'));
  const expected = entries.map(([path, { types, default: byDefault }]) => [path.slice(2), [types ?? byDefault?.types]]);
  expect(manifest.typesVersions['*']).toEqual(Object.fromEntries(expected));
});
