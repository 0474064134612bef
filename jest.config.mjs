// Tests import the package by its own name, so they run the built dist/ (npm test builds first): the worker is the
// file that ships, coverage offsets match, and no loader is needed in worker threads.
import { spawnSync } from 'node:child_process';

const hasRedis = spawnSync('redis-server', ['--version']).status === 0;
// once, not in each process of jest
if (!hasRedis && process.env.JEST_WORKER_ID === undefined) {
  const missing = 'tests/cluster needs a redis-server in PATH: apt-get install redis-server';
  if (process.env.REQUIRE_REDIS !== undefined) throw new Error(missing);
  console.log(`Not run: ${missing}`);
}

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/tests'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: hasRedis ? ['/node_modules/'] : ['/node_modules/', '/tests/cluster/[^/]*$'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true, tsconfig: 'tsconfig.json' }] },
  maxWorkers: 2,
  // modules of tests that have ended are never freed: a process that holds so much is replaced
  workerIdleMemoryLimit: '1GB',
  // for what compiles or bundles on a machine that is busy; nothing waits so long else
  testTimeout: 120_000,
};
