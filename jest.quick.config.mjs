// The tests that take a moment each: what `npm run test:quick` runs. All of them: `npm test`.
import all from './jest.config.mjs';

const SLOW = [
  ...[
    'package',
    'examples',
    'invariants',
    'faults',
    'docs/code',
    'conformance/(process|thread)',
    'sync/model/wait-queue',
    'wire/model',
  ],
  ...['core/(profile|starvation|worker-hooks|children|context|security|broadcast|retry|thread-death|deferred-jobs)\\.'],
  ...['core/(aging|reserve|process|schedule|shutdown|resilience|opentelemetry)\\.'],
  ...[
    'sync/(process-life|stress|till|wakeup|sharing|mutex)\\.',
    'workers/(codec-fuzz|task-modules|texts|output|values)\\.',
  ],
];

/** @type {import('jest').Config} */
export default { ...all, testPathIgnorePatterns: SLOW.map((path) => `/tests/${path}`) };
