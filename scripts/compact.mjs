// A plugin of rollup: what ships is the code without comments and indentation, as each program and each thread parses all of it
// before it begins. Lines, names and classes stay: a stack without source maps names a line that can be read.
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decode, encode } from '@jridgewell/sourcemap-codec';
import { transform } from 'esbuild';
import MagicString from 'magic-string';

const src = fileURLToPath(new URL('../src', import.meta.url));

/** Prints each statement on lines of its own; of comments, those stay that tell bundlers about an `import()`. */
export const reprint = {
  name: 'reprint',
  renderChunk: (code) => transform(code, { target: 'esnext', legalComments: 'none', sourcemap: true }),
};

/** Lines of comments, but for those that bundlers read, empty lines, and indentation. */
const BLANK = /^(?: *\/\*(?! webpackIgnore| @vite-ignore)(?:(?!\*\/)[\s\S])*\*\/\n| *\/\/.*\n| *\n| +)+/gm;

/** Call this after `reprint`. */
export const compact = {
  name: 'compact',
  renderChunk(code) {
    const text = new MagicString(code);
    const literals = templatesOf(this.parse(code));
    let next = 0;
    for (const { index, 0: blank } of code.matchAll(BLANK)) {
      while (literals[next]?.end <= index) next++;
      if (literals[next] === undefined || index < literals[next].start) text.remove(index, index + blank.length);
    }
    return { code: text.toString(), map: text.generateMap({ hires: 'boundary' }) };
  },
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

/** The parts of template literals that are text, in order. */
function templatesOf(ast) {
  const found = [];
  const visit = (node) => {
    if (node.type === 'TemplateElement') found.push(node);
    for (const value of Object.values(node))
      for (const each of Array.isArray(value) ? value : [value]) if (typeof each?.type === 'string') visit(each);
  };
  visit(ast);
  return found.sort((a, b) => a.start - b.start);
}
