import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test } from '@jest/globals';

const require = createRequire(import.meta.url);
const BUNDLES = ['index.js', 'worker.js', 'metrics.js', 'otel.js', 'cluster.js', 'dashboard.js'].flatMap((file) => [
  file,
  `cjs/${file}`,
]);

test.each(BUNDLES)('what %s exports has the name that it is exported by', async (file) => {
  const path = `../../dist/${file}`;
  const surface = (file.startsWith('cjs/') ? require(path) : await import(path)) as Record<string, unknown>;
  const functions = Object.entries(surface).filter(([, value]) => typeof value === 'function');
  expect(functions.length).toBeGreaterThan(0);
  expect(functions.filter(([name, value]) => (value as { name: string }).name !== name)).toEqual([]);
});

test('each entry has its types where resolvers that do not read "exports" look for them', () => {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    exports: Record<string, { types?: string; default?: { types: string } }>;
    typesVersions: { '*': Record<string, string[]> };
  };
  const entries = Object.entries(manifest.exports).filter(([path]) => path.startsWith('./') && !path.endsWith('.json'));
  const expected = entries.map(([path, { types, default: byDefault }]) => [path.slice(2), [types ?? byDefault?.types]]);
  expect(manifest.typesVersions['*']).toEqual(Object.fromEntries(expected));
});
