import { createRequire } from 'node:module';
import { expect, test } from '@jest/globals';

const require = createRequire(import.meta.url);
const BUNDLES = ['index.js', 'worker.js', 'metrics.js'].flatMap((file) => [file, `cjs/${file}`]);

test.each(BUNDLES)('what %s exports has the name that it is exported by', async (file) => {
  const path = `../../dist/${file}`;
  const surface = (file.startsWith('cjs/') ? require(path) : await import(path)) as Record<string, unknown>;
  const functions = Object.entries(surface).filter(([, value]) => typeof value === 'function');
  expect(functions.length).toBeGreaterThan(1);
  expect(functions.filter(([name, value]) => (value as { name: string }).name !== name)).toEqual([]);
});
