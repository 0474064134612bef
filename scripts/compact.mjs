// Plugins of rollup: what ships is short, as each program and each thread parses all of it before it begins; and source maps lead
// to lines.
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decode, encode } from '@jridgewell/sourcemap-codec';
import { minify } from 'terser';

const src = fileURLToPath(new URL('../src', import.meta.url));

/**
 * Neither comments, but for those that bundlers read, nor indentation; short names for what a stack does not show. Each statement
 * stays on a line of its own, so that a stack without source maps leads to one that can be read.
 */
export const compact = {
  name: 'compact',
  renderChunk: (code, _chunk, { format }) =>
    minify(code, {
      module: format === 'es',
      toplevel: true,
      compress: false,
      mangle: { keep_classnames: true, keep_fnames: true },
      format: { comments: /webpackIgnore|@vite-ignore/, semicolons: false },
      sourceMap: true,
    }),
};

/**
 * Maps lead to lines: of each line of a bundle, where it begins, and where it goes on in another line of the source. Sources
 * that do not ship are in the map.
 */
export const linesOnly = {
  name: 'lines-only',
  generateBundle({ dir }, files) {
    for (const file of Object.values(files)) {
      if (!file.fileName.endsWith('.map')) continue;
      const map = JSON.parse(file.source);
      const mappings = encode(decode(map.mappings).map(thinned));
      const sourcesContent = map.sources.map((source) => contentUnlessShipped(join(dir, file.fileName, '..', source)));
      file.source = JSON.stringify({ ...map, names: [], mappings, sourcesContent });
    }
  },
};

function contentUnlessShipped(file) {
  return relative(src, file).startsWith('..') ? readFileSync(file, 'utf8') : null;
}

function thinned(segments) {
  return segments
    .map((segment) => segment.slice(0, 4)) // without the index of a name
    .filter(([, file, line], index, all) => index === 0 || file !== all[index - 1][1] || line !== all[index - 1][2]);
}
