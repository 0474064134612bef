// A plugin of rollup: what ships is short, as each program and each thread parses all of it before it begins.
import { minify } from 'terser';

/**
 * Neither comments, but for those that bundlers read, nor indentation; short names for what a stack does not show. Each statement
 * stays on a line of its own, so that a stack without source maps leads to one that can be read. ASCII alone: one other character,
 * and V8 keeps two bytes for each of the file, in each thread.
 */
export const compact = {
  name: 'compact',
  renderChunk: (code, _chunk, { format }) =>
    minify(code, {
      module: format === 'es',
      toplevel: true,
      compress: false,
      mangle: { keep_classnames: true, keep_fnames: true },
      format: { comments: /webpackIgnore|@vite-ignore/, semicolons: false, ascii_only: true },
      sourceMap: true,
    }),
};
