import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import { build } from 'esbuild';
import { rollup } from 'rollup';
import { TempFolder } from './temp-folder.ts';

// required, because jest reads every name of an import, and webpack warns of its deprecated ones
const webpack = createRequire(import.meta.url)('webpack') as typeof import('webpack');

const program = fileURLToPath(new URL('./fixtures/program.mjs', import.meta.url));
const printed = '14 28 42\n';

test.each([
  ['esm', 'program.mjs'],
  ['cjs', 'program.cjs'],
] as const)('a single file bundled by esbuild as %s runs alone', async (format, name) => {
  await using folder = await TempFolder.make();
  await build({
    entryPoints: [program],
    outfile: folder.file(name),
    bundle: true,
    platform: 'node',
    format,
    // its warning that import.meta is empty in a CommonJS bundle: there the embedded worker takes over
    logOverride: { 'empty-import-meta': 'silent' },
  });
  expect(await readdir(folder.path)).toEqual([name]);
  expect(await folder.node(name)).toBe(printed);
});

test.each([
  ['minified', false],
  ['minified, with names kept,', true],
])('a single file bundled and %s by esbuild runs alone', async (_, keepNames) => {
  await using folder = await TempFolder.make();
  await build({
    entryPoints: [program],
    outfile: folder.file('program.mjs'),
    bundle: true,
    minify: true,
    keepNames,
    platform: 'node',
    format: 'esm',
  });
  expect(await folder.node('program.mjs')).toBe(printed);
});

test('a single file bundled by rollup runs alone', async () => {
  await using folder = await TempFolder.make();
  const bundle = await rollup({ input: program, external: /^node:/, plugins: [nodeResolve()] });
  await bundle.write({ file: folder.file('program.mjs'), format: 'es' });
  expect(await readdir(folder.path)).toEqual(['program.mjs']);
  expect(await folder.node('program.mjs')).toBe(printed);
});

test.each([
  ['commonjs', 'program.cjs', { library: { type: 'commonjs2' } }, {}],
  ['module', 'program.mjs', { module: true, library: { type: 'module' } }, { outputModule: true }],
] as const)('a folder made by webpack as %s runs alone', async (_kind, name, output, experiments) => {
  await using folder = await TempFolder.make();
  const compiler = webpack({
    mode: 'production',
    optimization: { minimize: false }, // minified, in scripts/bundlers.mjs
    target: 'node20',
    entry: program,
    output: { ...output, path: folder.path, filename: name },
    experiments,
  });
  const stats = await promisify(compiler.run.bind(compiler))();
  await promisify(compiler.close.bind(compiler))();
  expect(stats?.toJson({ all: false, errors: true, warnings: true })).toMatchObject({ errors: [], warnings: [] });
  expect(await folder.node(name)).toBe(printed);
});
