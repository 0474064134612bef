// Installs the packed library and the test runners of tests/runners/ in a folder of its own, and runs the tests there under
// each of them. Usage: node scripts/runners.mjs [--only text]   (those whose name has the text)
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { attemptAll } from './attempt.mjs';
import { installProject } from './packed.mjs';

const exec = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'thread-system-runners-'));
const LONGEST_MS = 300_000;

const jest = (config, ...more) => ['node_modules/jest/bin/jest.js', '--config', config, '--testTimeout=60000', ...more];
const modules = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
const vitest = (pool, ...more) => ['node_modules/vitest/vitest.mjs', 'run', `--pool=${pool}`, ...more];

/** What Node is started with, by what is tried. */
const runs = {
  'jest, CommonJS': jest('jest.commonjs.json'),
  'jest, CommonJS, coverage': jest('jest.commonjs.json', '--coverage'),
  'jest, CommonJS, jsdom': jest('jest.commonjs.json', '--env=jsdom'),
  'jest, ES modules': [...modules, ...jest('jest.modules.json')],
  'jest, ES modules, coverage': [...modules, ...jest('jest.modules.json', '--coverage')],
  'jest, ES modules, jsdom': [...modules, ...jest('jest.modules.json', '--env=jsdom')],
  'vitest, threads': vitest('threads'),
  'vitest, forks': vitest('forks'),
  'vitest, vmThreads': vitest('vmThreads'),
  'vitest, coverage by istanbul': vitest('forks', '--coverage.enabled', '--coverage.provider=istanbul'),
  'node:test': ['--test', 'node-test/pools.test.mjs'],
  'node:test, coverage': ['--test', '--experimental-test-coverage', 'node-test/pools.test.mjs'],
  mocha: ['node_modules/mocha/bin/mocha.js', '--timeout=60000', 'mocha/*.spec.*'],
  'ava, threads': ['node_modules/ava/entrypoints/cli.mjs'],
  'ava, processes': ['node_modules/ava/entrypoints/cli.mjs', '--no-worker-threads'],
  'node:test, tsx': ['--import', 'tsx', '--test', 'tsx/exports.spec.ts'],
};

function prepare() {
  installProject('runners', folder);
  const checks = readFileSync(join(folder, 'checks.mjs'), 'utf8');
  const asCommonJs = checks.replace('export function checksOf', 'exports.checksOf = checksOf;\nfunction checksOf');
  writeFileSync(join(folder, 'checks.cjs'), asCommonJs);
}

function check(args) {
  const env = { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' };
  delete env.NODE_TEST_CONTEXT;
  return exec(process.execPath, args, { cwd: folder, env, timeout: LONGEST_MS, maxBuffer: 64 * 1024 * 1024 });
}

await attemptAll(runs, { folder, prepare, check });
