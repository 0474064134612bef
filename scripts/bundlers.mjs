// Installs the packed library and the bundlers of tests/bundlers/ in a folder of its own, builds the program there by each of
// them, and runs what it has built. Usage: node scripts/bundlers.mjs [--only text]   (those whose name has the text)
import { execFile } from 'node:child_process';
import { copyFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { askServer } from './ask-server.mjs';
import { attemptAll } from './attempt.mjs';
import { installProject } from './packed.mjs';

const exec = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'thread-system-bundlers-'));
const LONGEST_MS = 120_000;
const AT_ONCE = 2;

const printedFor = (kinds) => kinds.map((kind) => `${kind} 1 2 1 the name of job mine\n`).join('');

const esbuild = (out, options = {}) => ['esbuild.mjs', out, JSON.stringify(options)];
const tsup = (out, ...more) => [
  'node_modules/tsup/dist/cli-default.js',
  ...['src/program.js', 'src/tasks.js', '--format=esm', '--out-dir', out, ...more],
];
const vite = (out, ...more) => ['node_modules/vite/bin/vite.js', 'build', '--outDir', out, ...more];
const parcel = (file, out) => ['node_modules/parcel/lib/bin.js', ...['build', file, '--no-cache', '--dist-dir', out]];
const ncc = (file, out) => ['node_modules/@vercel/ncc/dist/ncc/cli.js', 'build', file, '--out', out];

/**
 * By what is tried: what Node is given to build into a folder, and what docs/getting-started.md says to do beside it
 * (`needsEntry`: to copy the entry of a process). What is built runs in a folder without packages, unless they are external.
 */
const runs = {
  webpack: { build: (out) => [['webpack.mjs', 'webpack', out]] },
  rspack: { build: (out) => [['webpack.mjs', '@rspack/core', out]] },
  esbuild: { build: (out) => [esbuild(out)], needsEntry: true },
  'esbuild, minified': { build: (out) => [esbuild(out, { minify: true, splitting: true })], needsEntry: true },
  'esbuild, minified, names kept': {
    build: (out) => [esbuild(out, { minify: true, keepNames: true })],
    needsEntry: true,
  },
  'esbuild, packages external': { build: (out) => [esbuild(out, { packages: 'external' })], isExternal: true },
  rollup: { build: (out) => [['node_modules/rollup/dist/bin/rollup', '--config', '--dir', out]], needsEntry: true },
  'Vite, SSR': { build: (out) => [vite(out)], isExternal: true },
  'Vite, SSR, nothing external': {
    build: (out) => [vite(out, '--config', 'vite.inside.config.mjs')],
    needsEntry: true,
  },
  tsup: { build: (out) => [tsup(out, '--external', 'thread-system')], isExternal: true },
  'tsup, nothing external': { build: (out) => [tsup(out, '--target=node20')], needsEntry: true },
  ncc: {
    build: (out) => [ncc('src/program.js', out), ncc('src/tasks.js', `${out}-tasks`)],
    after: (out) => copyFileSync(join(`${out}-tasks`, 'index.js'), join(out, 'tasks.js')),
    program: 'index.js',
  },
  parcel: {
    build: (out) => [parcel('src/beside.js', out), parcel('src/tasks.js', out)],
    needsEntry: true,
    program: 'beside.js',
  },
  Nitro: {
    build: (out) => [['nitro.mjs', out]],
    after: (out) => {
      for (const name of ['tasks.js', 'greeting.js'])
        copyFileSync(join(folder, 'src', name), join(out, 'server', name));
    },
    server: 'server/index.mjs',
  },
  'single executable': {
    build: (out) => [['single-executable.mjs', out]],
    executable: 'program',
    kinds: ['thread', 'inline'],
  },
};

function start(cwd, file, args) {
  const env = { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' };
  return exec(file, args, { cwd, env, timeout: LONGEST_MS, maxBuffer: 64 * 1024 * 1024 });
}

async function check(tool, index) {
  const { build, after, isExternal = false, needsEntry = false } = tool;
  const { program = 'program.js', executable, server, kinds = ['thread', 'process', 'inline'] } = tool;
  const alone = isExternal ? undefined : mkdtempSync(join(tmpdir(), 'thread-system-bundled-'));
  const out = join(folder, `out-${index}`);
  try {
    for (const args of build(out)) await start(folder, process.execPath, args);
    after?.(out);
    if (needsEntry)
      copyFileSync(join(folder, 'node_modules/thread-system/dist/pool-process.mjs'), join(out, 'pool-process.mjs'));
    if (executable === undefined) checkPaths(out); // Node.js keeps the name of its main file in one
    if (alone !== undefined) cpSync(out, alone, { recursive: true });
    const where = alone ?? out;
    writeFileSync(join(where, 'package.json'), '{ "type": "module" }\n');
    const { stdout, stderr } = server
      ? await askServer(join(where, server), '/')
      : executable
        ? await start(where, join(where, executable), [])
        : await start(where, process.execPath, [program]);
    const expected = printedFor(kinds);
    if (stdout !== expected || stderr !== '') throw new Error(`printed\n${stdout}${stderr}instead of\n${expected}`);
  } finally {
    if (alone !== undefined) rmSync(alone, { recursive: true, force: true });
  }
}

/** What is built must run where it is copied to. */
function checkPaths(out) {
  for (const name of readdirSync(out, { recursive: true, withFileTypes: true })) {
    if (!name.isFile()) continue;
    const at = readFileSync(join(name.parentPath, name.name)).indexOf(folder);
    if (at >= 0) throw new Error(`${name.name} has the path of the folder that it was built in`);
  }
}

await attemptAll(runs, { folder, check, prepare: () => installProject('bundlers', folder), atOnce: AT_ONCE });
