// Builds, unless what is built is newer than all that it is made of. For a run of some tests: `npm run test:file -- <path>`.
import { execSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const SOURCES = [
  'src',
  'scripts/compile.mjs',
  'scripts/capture.mjs',
  'scripts/compact.mjs',
  'scripts/maps.mjs',
  'scripts/bundle.mjs',
  'scripts/bundle-page.mjs',
  'scripts/commonjs.mjs',
  'package.json',
  'tsconfig.build.json',
];
const MADE_LAST = ['dist/index.js', 'dist/cjs/index.js', 'dist/pool-worker.cjs'];

const builtAt = Math.min(...MADE_LAST.map((path) => changedAt(join(root, path))));
if (Math.max(...SOURCES.map((path) => newestIn(join(root, path)))) > builtAt)
  execSync('npm run build', { cwd: root, stdio: 'inherit' });

/** In ms since the epoch; 0 where there is no such file. */
function changedAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function newestIn(path) {
  if (!statSync(path).isDirectory()) return changedAt(path);
  return Math.max(changedAt(path), ...readdirSync(path).map((name) => newestIn(join(path, name))));
}
