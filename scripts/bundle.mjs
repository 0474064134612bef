// After tsc, which leaves modules and types in build/: dist/, which ships. A few files instead of a hundred modules, whose
// import cost a program 50 ms, and `thread-system/worker` every thread 20.
// By rollup: it leaves classes and functions as they are written (esbuild renames a class that mentions itself, or wraps
// every closure), and two entries may share a chunk, so that both surfaces hold the same classes.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import MagicString from 'magic-string';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { bundlePage } from './bundle-page.mjs';
import { capture, captureForLater } from './capture.mjs';
import { commonJsOf, LOAD } from './commonjs.mjs';
import { compact } from './compact.mjs';
import { linesAlone, linesThatThrow, throughTsc } from './maps.mjs';

const build = fileURLToPath(new URL('../build/', import.meta.url));
const dist = fileURLToPath(new URL('../dist/', import.meta.url));

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
/** What `exports` of package.json has for both module systems: a file of src/ each. */
const SURFACES = Object.values(manifest.exports).flatMap(({ default: file }) =>
  file?.default === undefined ? [] : [basename(file.default, '.js')],
);
/** In the bundles: to find and load a package costs each thread a millisecond or two. A dependency all the same, for audits. */
const INSIDE = 'tinyqueue';
const inside = nodeResolve({ resolveOnly: [INSIDE] });

/** Packages that the surfaces may import, or whose types they name. */
const PACKAGES = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }).filter(
  (name) => name !== INSIDE,
);

const isExternal = (id) => id.startsWith('node:') || PACKAGES.some((name) => id === name || id.startsWith(`${name}/`));

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

/** Bundles entries of build/ into dist/. Whatever is neither bundled nor external must be a builtin. */
async function bundle(entries, { plugins = [], outputPlugins = [capture, compact, linesAlone], ...output }) {
  const made = await rollup({
    input: entries.map((entry) => join(build, entry)),
    external: isExternal,
    plugins: [inside, throughTsc, ...plugins],
    onwarn: (warning) => {
      throw new Error(warning.message); // such as of an import that leads nowhere
    },
  });
  const { output: files } = await made.write({
    dir: dist,
    format: 'es',
    chunkFileNames: '[name].js',
    sourcemap: true,
    sourcemapExcludeSources: true,
    generatedCode: 'es2015',
    plugins: outputPlugins,
    ...output,
  });
  return files.filter(({ type }) => type === 'chunk').map(({ fileName }) => fileName);
}

/** What a thread or a process begins with, each in one file, so that bundlers may copy it alone. */
async function bundleEntries() {
  await bundle(['child/pool-process.js'], { entryFileNames: '[name].mjs', inlineDynamicImports: true });
  await bundleThreadEntry();
  writeFileSync(join(dist, 'pool-worker.mjs'), "import './pool-worker.cjs';\n");
  writeFileSync(join(dist, 'pool-worker.d.mts'), 'export {};\n');

  // the command, which needs none of the rest
  await bundle(['cli/cli.js'], {
    entryFileNames: 'cli.js',
    inlineDynamicImports: true,
    banner: '#!/usr/bin/env node',
  });

  // For bundles that lose the file.
  const text = readFileSync(join(dist, 'pool-worker.cjs'), 'utf8').replace(MAP_COMMENT, '');
  const source = brotliCompressSync(text).toString('base64');
  writeFileSync(join(build, 'host/worker-source.js'), `export const WORKER_SOURCE = '${source}';\n`);
  writeFileSync(join(build, 'host/worker-source.js.map'), JSON.stringify({ version: 3, sources: [], mappings: '' }));
}

const MAP_COMMENT = /^\/\/# sourceMappingURL=.*\n?$/m;

/**
 * The entry of a thread. What few jobs need is in it as text, which is compiled when one does: it is two fifths of the code. A script
 * that is neither an ES module nor CommonJS, and may be loaded as both, or from a `data:` URL: Node starts a thread sooner with
 * CommonJS, as it then begins to load its loader of ES modules only when a task is one.
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
      this.emitFile({ type: 'chunk', id: rest, fileName: LATER, implicitlyLoadedAfterOneOf: [entry] });
    },
  };
  await bundle(['worker/pool-worker.js'], {
    format: 'cjs',
    exports: 'named',
    entryFileNames: '[name].cjs',
    generatedCode: { preset: 'es2015', symbols: false }, // whose definition would ask the platform before all else
    plugins: [later],
    outputPlugins: [captureForLater(LATER), asScript, compact, linesAlone, laterAsText],
  });
}

const LATER = 'shared-objects.cjs';

/** Leaves out what only CommonJS has. */
const asScript = {
  name: 'as-script',
  renderChunk(code, { fileName }) {
    if (fileName === LATER) return null;
    const text = new MagicString(code);
    text.replaceAll(/\brequire\((?=['"]node:)/g, 'process.getBuiltinModule(');
    text.replaceAll(/\bexports\b(?=\.\w+ = )/g, 'EXPORTS');
    text.replaceAll(/= exports;/g, '= EXPORTS;');
    const [directive] = /^'use strict';\n/.exec(code);
    text.appendLeft(directive.length, 'const EXPORTS = {};\n');
    return { code: text.toString(), map: text.generateMap({ hires: 'boundary' }) };
  },
};

/** Puts the text of the second file into the first, behind all that the map knows. */
const laterAsText = {
  name: 'later-as-text',
  generateBundle(_options, files) {
    const { code } = files[LATER];
    delete files[LATER];
    const entry = files['pool-worker.cjs'];
    const text = `const TEXT_OF_LATER=${JSON.stringify(code)}\n`;
    entry.code = entry.code.replace(MAP_COMMENT, (comment) => `${text}${comment}`);
  },
};

const surfaceFiles = SURFACES.map((name) => `${name}.js`);

/** The surfaces. With `tinyqueue` in them: to find and load a package costs each thread a millisecond or two. */
async function bundleSurfaces() {
  const files = await bundle(surfaceFiles, {
    manualChunks: chunkOf,
    outputPlugins: [capture, compact, linesThatThrow],
  });
  const cjs = join(dist, 'cjs');
  mkdirSync(cjs, { recursive: true });
  for (const file of files) writeFileSync(join(cjs, file), commonJsOf(file, readFileSync(join(dist, file), 'utf8')));
  writeFileSync(join(cjs, 'load.js'), LOAD);
  writeFileSync(join(cjs, 'package.json'), '{ "type": "commonjs" }\n');
}

/** Types that surfaces share and no user need name, such as the key by which the type of a task remembers its signature. */
const PRIVATE_TYPE = 'no public re-export: ';

/** A twentieth of the types would be spaces. */
const indentedByTabs = {
  name: 'indented-by-tabs',
  renderChunk: (code) => ({ code: code.replace(/^(?: {4})+/gm, ({ length }) => '\t'.repeat(length / 4)), map: null }),
};

/** The types of the surfaces: in the CommonJS scope, which modules of both kinds may import. */
async function bundleTypes() {
  const made = await rollup({
    input: SURFACES.map((name) => join(build, `${name}.d.ts`)),
    external: isExternal,
    plugins: [dts()],
    onwarn: ({ message }) => {
      if (!message.includes(PRIVATE_TYPE)) throw new Error(message);
    },
  });
  const plugins = [indentedByTabs];
  await made.write({ dir: join(dist, 'cjs'), chunkFileNames: '[name].d.ts', manualChunks: chunkOf, plugins });
  for (const name of SURFACES) writeFileSync(join(dist, `${name}.d.ts`), `export * from './cjs/${name}.js';\n`);
}

await bundleEntries();
await bundlePage();
await bundleSurfaces();
await bundleTypes();
