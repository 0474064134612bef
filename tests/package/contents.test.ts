import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Most bytes of the unpacked package. */
const MOST_BYTES = 1_600_000;

interface Packed {
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}
interface SourceMap {
  readonly sources: readonly string[];
  readonly sourcesContent?: readonly (string | null)[];
}

let packed: Packed;
let paths: ReadonlySet<string>;

beforeAll(async () => {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const { stdout } = await promisify(execFile)('npm', args, { cwd: root, shell: process.platform === 'win32' });
  [packed] = JSON.parse(stdout) as [Packed];
  paths = new Set(packed.files.map(({ path }) => path));
});

const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');

test(`the package is no larger than ${MOST_BYTES} bytes, unpacked`, () => {
  expect(packed.unpackedSize).toBeLessThanOrEqual(MOST_BYTES);
});

test('its code is ASCII: each thread would keep a file with one other character in twice the memory', () => {
  const code = [...paths].filter((path) => /\.[cm]?js$/.test(path));
  expect(code).toContain('dist/pool-worker.cjs');
  expect(code.filter((path) => /\P{ASCII}/u.test(textOf(path)))).toEqual([]);
});

test('it has what a user looks for beside the code', () => {
  expect([...paths]).toEqual(expect.arrayContaining(['README.md', 'CHANGELOG.md', 'LICENSE', 'THIRD-PARTY-LICENSES']));
});

test('each source that a map names is in the package, or in the map', () => {
  const missing = [...paths]
    .filter((path) => path.endsWith('.map'))
    .flatMap((path) => {
      const { sources, sourcesContent } = JSON.parse(textOf(path)) as SourceMap;
      return sources
        .filter((source, index) => !sourcesContent?.[index] && !paths.has(normalize(join(dirname(path), source))))
        .map((source) => `${path}: ${source}`);
    });
  expect(missing).toEqual([]);
});

test('each map that a file names is in the package, and each map belongs to a file', () => {
  const named = [...paths].flatMap((path) => {
    if (!/\.[cm]?[jt]s$/.test(path) || path.includes('/cjs/')) return [];
    // also in text that is compiled later
    const names = [...textOf(path).matchAll(/(?:^|\\n)\/\/# sourceMappingURL=([\w.-]+)/gm)];
    return names.map(([, map = '']) => normalize(join(dirname(path), map)));
  });
  expect(named.sort()).toEqual([...paths].filter((path) => path.endsWith('.map')).sort());
});

test('each file that package.json names is in the package', () => {
  const filesIn = (value: unknown): string[] =>
    typeof value === 'string' ? [value] : Object.values(value ?? {}).flatMap(filesIn);
  const { main, types, exports, typesVersions } = JSON.parse(textOf('package.json')) as Record<string, unknown>;
  const named = filesIn([main, types, exports, typesVersions]).map((file) => normalize(file));
  expect(named.filter((file) => !paths.has(file))).toEqual([]);
});
