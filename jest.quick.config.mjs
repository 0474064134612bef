// The tests that take a moment each: what `npm run test:quick` runs. All of them: `npm test`.
import all from './jest.config.mjs';

const SLOW = [
  ...[
    'package',
    'examples',
    'invariants',
    'faults',
    'docs/(code|site)',
    'conformance/(process|thread)',
    'sync/model/wait-queue',
    'wire/model',
  ],
  ...[
    'core/(context|security|program-exit|resilience|shutdown|opentelemetry)\\.',
    'core/(profile|hooks)/',
    'compose/schedule/',
  ],
  ...['core/lifecycle/(children|retry|deferred-jobs)\\.', 'core/dispatch/(aging|reserve|starvation)\\.'],
  ...['core/workers/thread-death\\.', 'dashboard/(page|stream)\\.'],
  ...[
    'sync/(process-life|stress|till|wakeup|sharing|mutex)\\.',
    'wire/message/(codec-fuzz|values)\\.',
    'wire/lane/(ring|text-lane)\\.',
    'worker/(output|tasks/task-modules)\\.',
  ],
];

/** @type {import('jest').Config} */
export default { ...all, testPathIgnorePatterns: SLOW.map((path) => `/tests/${path}`) };
