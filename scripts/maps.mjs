// Plugins of rollup for source maps, which lead to lines of src/. The sources themselves would be half of the package: the maps of
// what runs on the thread of a program have those of their lines that throw, which is what Node.js shows of an error that nobody
// caught.
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decode, encode } from '@jridgewell/sourcemap-codec';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Leads the maps through tsc's back to `src/`. */
export const throughTsc = {
  name: 'through-tsc',
  load: (id) =>
    existsSync(`${id}.map`) ? { code: readFileSync(id, 'utf8'), map: readFileSync(`${id}.map`, 'utf8') } : null,
};

/**
 * Of each line of a bundle, where it begins, and where it goes on in another line of the source with what may be in a stack.
 * Debuggers are told to step over all of it.
 */
const linesOnly = (contentOf) => ({
  name: 'lines-only',
  generateBundle({ dir }, files) {
    for (const file of Object.values(files)) {
      if (!file.fileName.endsWith('.map')) continue;
      const map = JSON.parse(file.source);
      const lines = files[file.fileName.slice(0, -'.map'.length)].code.split('\n');
      const mappings = encode(decode(map.mappings).map((segments, line) => thinned(segments, lines[line])));
      const sourcesContent = map.sources.map((source) => contentOf(join(dir, file.fileName, '..', source)));
      const ignoreList = map.sources.map((_, index) => index);
      file.source = JSON.stringify({ ...map, names: [], mappings, sourcesContent, ignoreList });
    }
  },
});

/** For the thread of a program. */
export const linesThatThrow = linesOnly((file) => {
  const text = readFileSync(file, 'utf8');
  if (isOfPackage(file)) return text;
  const lines = text
    .split('\n')
    .map((line) => (/^\s*(?:\/\/|\*|\/\*)/.test(line) || !/\bthrow\b/.test(line) ? '' : line));
  lines[0] ||= '// the lines that throw';
  return lines.join('\n').trimEnd();
});

/** For other threads and processes, whose errors come to that of the program. */
export const linesAlone = linesOnly((file) =>
  isOfPackage(file) ? readFileSync(file, 'utf8') : '// in the repository',
);

/** Else a file of `src/`, or one that the build writes: of the methods of built-ins, which is as long as many others together. */
const isOfPackage = (file) => relative(root, file).startsWith('node_modules');

/** A call, or where a function is left or entered again. */
const MAY_BE_IN_STACK = /[(`]|\b(?:throw|await|yield|new)\b/;

function thinned(segments, text) {
  return segments
    .map((segment) => segment.slice(0, 4)) // without the index of a name
    .filter(([, file, line], index, all) => index === 0 || file !== all[index - 1][1] || line !== all[index - 1][2])
    .filter(([column], index, all) => index === 0 || MAY_BE_IN_STACK.test(text.slice(column, all[index + 1]?.[0])));
}
