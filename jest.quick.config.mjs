// The tests that take a moment each: what `npm run test:quick` runs. All of them: `npm test`.
import all from './jest.config.mjs';

const SLOW = [
  ...[
    'package',
    'platforms',
    'examples',
    'bench',
    'invariants',
    'faults',
    'docs/(code|site)',
    'conformance/(process|thread)',
    'sync/model/(wait-queue|channel)',
    'wire/model',
    'cluster/([^/]*$|codec/priority)',
    'cli',
  ],
  ...[
    'core/(context|log|security|program-exit|resilience|shutdown|opentelemetry|signals)\\.',
    'core/(profile|hooks)/',
    'compose/schedule/',
  ],
  ...[
    'core/lifecycle/(back-pressure|cancel|children|retry|deferred-jobs|attempt-times)\\.',
    'core/dispatch/(aging|reserve|starvation|priority)\\.',
  ],
  ...[
    'core/workers/(thread-death|retire)\\.',
    'core/trace/viewer\\.',
    'dashboard/(page|stream|frameworks)\\.',
    'exporters/spans\\.',
  ],
  ...[
    'sync/(process-life|stress|till|wakeup|sharing|mutex|channel)\\.',
    'wire/message/(codec-fuzz|values)\\.',
    'wire/lane/(ring|round-trip|text-lane)\\.',
    'worker/(output|tasks/task-modules)\\.',
  ],
];

/** @type {import('jest').Config} */
export default { ...all, testPathIgnorePatterns: SLOW.map((path) => `/tests/${path}`) };
