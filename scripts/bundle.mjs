// After tsc: dist/workers/pool-worker.mjs, its text in worker-source.js, and dist/cjs.
// By rollup: it leaves classes and functions as they are written (esbuild renames a class that mentions itself, or wraps
// every closure), and its CommonJS output may share a chunk, so that both surfaces hold the same classes.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import { rollup } from 'rollup';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const read = (file) => readFileSync(join(dist, file), 'utf8');

/** What both bundles are made with. Whatever is not bundled must be a builtin: an unresolved import is a warning. */
const input = {
  external: /^(node:|croner$)/,
  onwarn: (warning) => {
    throw new Error(warning.message);
  },
};
const maps = {
  name: 'maps', // leads the source maps through tsc's back to src/
  load: (id) =>
    existsSync(`${id}.map`) ? { code: readFileSync(id, 'utf8'), map: readFileSync(`${id}.map`, 'utf8') } : null,
};
const tinyqueue = nodeResolve({ resolveOnly: ['tinyqueue'] });
const output = { sourcemap: true, sourcemapExcludeSources: true, generatedCode: 'es2015' };
const withoutMapUrl = (text) => text.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n');

/** The entry of every worker thread as one file, so that bundlers may copy it alone. */
async function bundleWorker() {
  const bundle = await rollup({ ...input, input: join(dist, 'workers/pool-worker.js'), plugins: [tinyqueue, maps] });
  await bundle.write({
    ...output,
    format: 'es',
    file: join(dist, 'workers/pool-worker.mjs'),
    inlineDynamicImports: true,
  });

  // For bundles that lose the file.
  const source = withoutMapUrl(read('workers/pool-worker.mjs'));
  writeFileSync(join(dist, 'workers/worker-source.js'), `export const WORKER_SOURCE = ${JSON.stringify(source)};\n`);
  writeFileSync(join(dist, 'workers/pool-worker.d.mts'), 'export {};\n');
  // What tsc emitted for the entry, and the map of what was just replaced: nothing loads them.
  for (const name of readdirSync(join(dist, 'workers'))) {
    if (/^pool-worker\.(js|d\.ts)|^worker-source\.js\.map$/.test(name)) rmSync(join(dist, 'workers', name));
  }
}

/** For what cannot require() an ES module: Jest without its ESM mode, older bundlers. Node takes "module-sync". */
async function bundleCommonJs() {
  const location = {
    name: 'location', // worker-location.js looks for pool-worker.mjs beside itself
    resolveImportMeta: () =>
      "require('node:url').pathToFileURL(require('node:path').join(__dirname, '../workers/worker-location.js')).href",
  };
  const bundle = await rollup({
    ...input,
    input: [join(dist, 'index.js'), join(dist, 'worker.js')],
    plugins: [tinyqueue, maps, location],
  });
  await bundle.write({
    ...output,
    format: 'cjs',
    dir: join(dist, 'cjs'),
    chunkFileNames: 'shared.js',
    exports: 'named',
  });

  // The same types in a CommonJS scope; without their maps, which lead from dist/ to src/.
  for (const name of readdirSync(dist, { recursive: true })) {
    if (!name.endsWith('.d.ts') || name.startsWith('cjs')) continue;
    const target = join(dist, 'cjs', name);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, withoutMapUrl(read(name)));
  }
  writeFileSync(join(dist, 'cjs/package.json'), '{ "type": "commonjs" }\n');
}

await bundleWorker();
await bundleCommonJs();
