// After tsc, which leaves modules and types in build/: dist/, which ships. A few files instead of a hundred modules, whose
// import cost a program 50 ms, and `thread-system/worker` every thread 20.
// By rollup: it leaves classes and functions as they are written (esbuild renames a class that mentions itself, or wraps
// every closure), and two entries may share a chunk, so that both surfaces hold the same classes.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { bundlePage } from './bundle-page.mjs';
import { capture, captureForLater } from './capture.mjs';
import { compact, linesOnly } from './compact.mjs';

const build = fileURLToPath(new URL('../build/', import.meta.url));
const dist = fileURLToPath(new URL('../dist/', import.meta.url));

const maps = {
  name: 'maps', // leads the source maps through tsc's back to src/
  load: (id) =>
    existsSync(`${id}.map`) ? { code: readFileSync(id, 'utf8'), map: readFileSync(`${id}.map`, 'utf8') } : null,
};
const tinyqueue = nodeResolve({ resolveOnly: ['tinyqueue'] });

/** The entries of the package besides what threads and processes begin with: a file of src/ each. */
const SURFACES = ['index', 'worker', 'metrics', 'otel', 'cluster', 'dashboard'];
/** Packages that the surfaces import, or whose types they name. */
const PACKAGES = ['croner', '@opentelemetry/api', 'bullmq', 'ioredis'];

/**
 * The chunk of a module that several surfaces import, so that all hold the same classes: `shared` if tasks need it, too,
 * which must not read the pool; else `core`.
 */
function chunkOf(id, { getModuleInfo }) {
  const surfaces = new Set();
  const met = new Set([id]);
  for (const each of met) {
    const { isEntry, importers, dynamicImporters } = getModuleInfo(each);
    if (isEntry) surfaces.add(basename(each).split('.')[0]);
    for (const importer of [...importers, ...dynamicImporters]) met.add(importer);
  }
  if (surfaces.size < 2) return undefined;
  return surfaces.has('worker') ? 'shared' : 'core';
}

/** Bundles entries of build/ into dist/. Whatever is neither bundled nor `external` must be a builtin. */
async function bundle(entries, { external = [], plugins = [], capturing = capture, ...output }) {
  const made = await rollup({
    input: entries.map((entry) => join(build, entry)),
    external: (id) => id.startsWith('node:') || external.includes(id),
    plugins: [tinyqueue, maps, ...plugins, capturing, compact, linesOnly],
    onwarn: (warning) => {
      throw new Error(warning.message); // such as of an import that leads nowhere
    },
  });
  await made.write({
    dir: dist,
    format: 'es',
    chunkFileNames: '[name].js',
    sourcemap: true,
    sourcemapExcludeSources: true,
    generatedCode: 'es2015',
    ...output,
  });
}

/** What a thread or a process begins with, each in one file, so that bundlers may copy it alone. */
async function bundleEntries() {
  for (const entry of ['worker/pool-worker.js', 'child/pool-process.js'])
    await bundle([entry], { entryFileNames: '[name].mjs', inlineDynamicImports: true });
  writeFileSync(join(dist, 'pool-worker.d.mts'), 'export {};\n');

  await bundleThreadEntry();

  // the command, which needs none of the rest
  await bundle(['cli/cli.js'], {
    entryFileNames: 'cli.js',
    inlineDynamicImports: true,
    banner: '#!/usr/bin/env node',
  });

  // For bundles that lose the file.
  const source = brotliCompressSync(readFileSync(join(dist, 'pool-worker.mjs'))).toString('base64');
  writeFileSync(join(build, 'host/worker-source.js'), `export const WORKER_SOURCE = '${source}';\n`);
  writeFileSync(join(build, 'host/worker-source.js.map'), JSON.stringify({ version: 3, sources: [], mappings: '' }));
}

/**
 * The entry of a thread once more, where it need not be one file: without what few jobs need, which is compiled when one does.
 * As CommonJS, as a thread starts sooner so: Node begins to load its loader of ES modules only when a task is one.
 */
async function bundleThreadEntry() {
  const [entry, rest, stub] = [
    'worker/pool-worker.js',
    'wire/message/shared-objects.js',
    'worker/shared-objects-later.js',
  ].map((name) => join(build, name));
  const later = {
    name: 'later',
    resolveId: (id) => (id === rest ? rest : id.endsWith('/shared-objects.js') ? stub : null),
    buildStart() {
      this.emitFile({ type: 'chunk', id: rest, fileName: 'shared-objects.cjs', implicitlyLoadedAfterOneOf: [entry] });
    },
  };
  await bundle(['worker/pool-worker.js'], {
    format: 'cjs',
    exports: 'named',
    entryFileNames: '[name].cjs',
    generatedCode: { preset: 'es2015', symbols: false }, // whose definition would ask the platform before all else
    capturing: captureForLater('shared-objects.cjs'),
    plugins: [later, inCommonJs('__filename')],
  });
}

/** What stands for `import.meta.url` in CommonJS. */
const inCommonJs = (address) => ({ name: 'location', resolveImportMeta: () => address });

const surfaceFiles = SURFACES.map((name) => `${name}.js`);

/** The surfaces. With `tinyqueue` in them: to find and load a package costs each thread a millisecond or two. */
const bundleSurfaces = () => bundle(surfaceFiles, { external: PACKAGES, manualChunks: chunkOf });

/** For what cannot require() an ES module: Jest without its ESM mode, older bundlers. Node takes "module-sync". */
async function bundleCommonJs() {
  const moved = "require('node:path').join(__dirname, '../index.js')"; // the entries are not copied into dist/cjs
  await bundle(surfaceFiles, {
    external: PACKAGES,
    manualChunks: chunkOf,
    plugins: [inCommonJs(`require('node:url').pathToFileURL(${moved}).href`)],
    dir: join(dist, 'cjs'),
    format: 'cjs',
    exports: 'named',
  });

  writeFileSync(join(dist, 'cjs/package.json'), '{ "type": "commonjs" }\n');
}

/** Types that surfaces share and no user need name, such as the key by which the type of a task remembers its signature. */
const PRIVATE_TYPE = 'no public re-export: ';

/** The types of the surfaces, for both scopes. */
async function bundleTypes() {
  const made = await rollup({
    input: SURFACES.map((name) => join(build, `${name}.d.ts`)),
    external: (id) => id.startsWith('node:') || PACKAGES.includes(id),
    plugins: [dts()],
    onwarn: ({ message }) => {
      if (!message.includes(PRIVATE_TYPE)) throw new Error(message);
    },
  });
  for (const dir of [dist, join(dist, 'cjs')])
    await made.write({ dir, chunkFileNames: '[name].d.ts', manualChunks: chunkOf });
}

await bundleEntries();
await bundlePage();
await bundleSurfaces();
await bundleCommonJs();
await bundleTypes();
