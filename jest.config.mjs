// Tests import the package by its own name, so they run the built dist/ (npm test builds first): the worker is the
// file that ships, coverage offsets match, and no loader is needed in worker threads.
/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/tests'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true, tsconfig: 'tsconfig.json' }] },
  maxWorkers: 2,
  // modules of tests that have ended are never freed: a process that holds so much is replaced
  workerIdleMemoryLimit: '1GB',
  // for what compiles or bundles on a machine that is busy; nothing waits so long else
  testTimeout: 120_000,
};
