// The page of the dashboard: its code with uPlot, its styles and its text as one file, compressed, as a constant of build/. It is
// compressed as every program that imports the dashboard reads it, and few ask for it.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { build as bundle } from 'esbuild';

const page = fileURLToPath(new URL('../src/dashboard/page/', import.meta.url));
const build = fileURLToPath(new URL('../build/', import.meta.url));
const uplot = dirname(createRequire(import.meta.url).resolve('uplot/package.json'));

async function minified(file) {
  const { outputFiles } = await bundle({
    entryPoints: [join(page, file)],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: ['chrome109', 'firefox115', 'safari16'],
    charset: 'utf8',
    legalComments: 'none',
    tsconfig: join(page, 'tsconfig.json'),
    alias: { 'uplot.css': join(uplot, 'dist/uPlot.min.css') },
  });
  return outputFiles[0].text.trim();
}

/** Writes the page as `PAGE_SOURCE`. */
export async function bundlePage() {
  const [script, style] = await Promise.all([minified('main.ts'), minified('page.css')]);
  if (/<\/(script|style)/i.test(script + style)) throw new Error('The page would end its own script or styles');
  const html = readFileSync(join(page, 'page.html'), 'utf8')
    .replace('/* styles */', () => style)
    .replace('/* script */', () => script);
  const source = brotliCompressSync(html).toString('base64');
  writeFileSync(join(build, 'dashboard/page-source.js'), `export const PAGE_SOURCE = '${source}';\n`);
  writeFileSync(join(build, 'dashboard/page-source.js.map'), JSON.stringify({ version: 3, sources: [], mappings: '' }));
}
