// Tests import the package by its own name, so they run the built dist/ (npm test builds first): the worker is the
// file that ships, coverage offsets match, and no loader is needed in worker threads.
import { spawnSync } from 'node:child_process';

/** What some tests need: the program, and which tests. */
const PROGRAMS = [
  {
    program: process.env['REDIS_SERVER'] ?? 'redis-server',
    tests: '/tests/cluster/[^/]*$',
    setting: 'REQUIRE_REDIS',
    what: 'tests/cluster',
  },
  {
    program: 'chromium',
    tests: '/tests/(dashboard/page|core/trace/viewer)\\.',
    setting: 'REQUIRE_CHROMIUM',
    what: 'tests/dashboard/page and tests/core/trace/viewer',
  },
];
const missing = PROGRAMS.filter(({ program }) => spawnSync(program, ['--version']).status !== 0);
for (const { program, setting, what } of missing) {
  const message = `${what} needs a ${program} in PATH: apt-get install ${program}`;
  if (process.env[setting] !== undefined) throw new Error(message);
  // once, not in each process of jest
  if (process.env.JEST_WORKER_ID === undefined) console.log(`Not run: ${message}`);
}

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/tests'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', ...missing.map(({ tests }) => tests)],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true, tsconfig: 'tsconfig.json' }] },
  maxWorkers: 2,
  // modules of tests that have ended are never freed: a process that holds so much is replaced
  workerIdleMemoryLimit: '1GB',
  // for what compiles or bundles on a machine that is busy; nothing waits so long else
  testTimeout: 120_000,
};
