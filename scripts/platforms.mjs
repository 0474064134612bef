// Runs tests of the packed library on Bun and Deno, whose executables npm has, for Linux on x64: all that it does on threads, but
// for what docs/platforms.md says they lack.
// Usage: node scripts/platforms.mjs [bun] [deno]   (default: both)
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { installPacked, npm, QUIETLY, root } from './packed.mjs';

/** Longest that one test may take, and all of one platform. */
const TEST_MS = 60_000;
const LONGEST_MS = 600_000;

const BASICS = ['conformance/thread', 'conformance/inline', 'platforms/platforms'];
const SYNC = [
  'barrier',
  'cancellation-token',
  'condition',
  'latch',
  'linked-tokens',
  'mutex',
  'process-life',
  'semaphore',
]
  .concat('sharing', 'signal', 'till')
  .map((name) => `sync/${name}`);
const COMPOSE = ['collecting', 'group', 'graph/graph', 'map/map', 'schedule/schedule'].map((name) => `compose/${name}`);

/** Tests that are left out, by what the platform lacks for them; each pattern has to meet a test. */
const EVERYWHERE = [
  { tests: /shows garbage collections/, lacks: 'entries of garbage collections' },
  { tests: /by lack of memory says so/, lacks: 'resourceLimits' },
  { tests: /a worker that dies › at its start/, lacks: 'execArgv' },
];
const PLATFORMS = {
  bun: {
    package: '@oven/bun-linux-x64@1.4.5',
    command: (modules) => [join(modules, '@oven/bun-linux-x64/bin/bun')],
    files: [...BASICS, ...SYNC, ...COMPOSE],
    leftOut: [...EVERYWHERE, { tests: /whatever is collected meanwhile/, lacks: 'the function gc of V8' }],
  },
  deno: {
    package: '@deno/linux-x64-glibc@2.9.6',
    command: (modules) => [join(modules, '@deno/linux-x64-glibc/deno'), 'run', '--allow-all', '--no-check'],
    files: BASICS,
    leftOut: [
      ...EVERYWHERE,
      { tests: /options of Node.js › (std... |send what|refuse wrong)/, lacks: 'output of threads' },
      { tests: /a message › may carry a token/, lacks: 'a refusal to clone that leaves what is transferred as it is' },
      { tests: /an uncaught error › of/, lacks: 'the async context of an uncaught error' },
    ],
  },
};

const folder = mkdtempSync(join(tmpdir(), 'thread-system-platforms-'));
const modules = join(folder, 'node_modules');

function install(names) {
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  installPacked(folder);
  npm(['install', '--no-save', ...QUIETLY, ...names.map((name) => PLATFORMS[name].package)], folder);
  cpSync(join(root, 'tests'), join(folder, 'tests'), { recursive: true });
  mkdirSync(join(folder, 'build')); // where tests write programs
  const globals = join(modules, '@jest/globals');
  mkdirSync(globals, { recursive: true });
  cpSync(join(root, 'tests/platforms/globals.mjs'), join(globals, 'index.mjs'));
  writeFileSync(join(globals, 'package.json'), '{ "name": "@jest/globals", "type": "module", "main": "index.mjs" }\n');
  const ofRoot = createRequire(join(root, 'package.json'));
  const ofJest = createRequire(ofRoot.resolve('@jest/globals'));
  for (const [name, require] of Object.entries({ expect: ofJest, 'jest-mock': ofJest, 'fast-check': ofRoot }))
    symlinkSync(dirname(require.resolve(`${name}/package.json`)), join(modules, name), 'dir');
}

/** Runs the tests of one file. Resolves with what it has printed at the end, or how it ended. */
async function runFile({ command, leftOut }, file) {
  const [program, ...args] = command(modules);
  const settings = {
    files: [join(folder, 'tests', `${file}.test.ts`)],
    leftOut: leftOut.map(({ tests }) => tests.source),
    limitMs: TEST_MS,
  };
  const child = spawn(program, [...args, join(folder, 'tests/platforms/run.mjs'), JSON.stringify(settings)], {
    ...{ cwd: folder, timeout: LONGEST_MS, env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' } },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      printed += text;
    });
  const [code, signal] = await new Promise((resolve) => child.once('close', (...end) => resolve(end)));
  const result = /^result (.*)$/m.exec(printed)?.[1];
  if (code === 0 && result !== undefined) return JSON.parse(result);
  return { passed: 0, met: [], failures: [`${file} ended by ${signal ?? code}:\n${printed}`] };
}

/** Returns whether all of the platform's tests have passed. */
async function runPlatform(name) {
  const platform = PLATFORMS[name];
  const begunAt = Date.now();
  const results = [];
  for (const file of platform.files) results.push(await runFile(platform, file));
  const failures = results.flatMap((result) => result.failures);
  const met = new Set(results.flatMap((result) => result.met));
  for (const { tests } of platform.leftOut)
    if (!met.has(tests.source)) failures.push(`No test is left out by ${tests}`);
  for (const failure of failures) console.log(`FAILED on ${name}: ${failure}\n`);
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const seconds = ((Date.now() - begunAt) / 1000).toFixed(1);
  console.log(`${platform.package}: ${passed} tests passed, ${failures.length} failed, ${seconds} s`);
  return failures.length === 0 && passed > 0;
}

try {
  const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(PLATFORMS);
  const unknown = names.filter((name) => !Object.hasOwn(PLATFORMS, name));
  if (unknown.length > 0)
    throw new Error(`There is no platform '${unknown[0]}'; there are ${Object.keys(PLATFORMS).join(', ')}`);
  install(names);
  const failed = [];
  for (const name of names) if (!(await runPlatform(name))) failed.push(name);
  if (failed.length > 0) throw new Error(`Failed on ${failed.join(' and ')}`);
} catch (error) {
  console.error(String(error));
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
