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
    'cluster/([^/]*$|codec/(priority|value-codec))',
    'cli',
  ],
  ...[
    'core/(channels|context|log|metrics-and-events|once|security|program-exit|resilience|shutdown|opentelemetry|signals|thread)\\.',
    'core/(profile|hooks)/',
    'compose/(graph|schedule)/',
    'compose/(group|map/real-data)\\.',
    'jobs/(handlers|shapes)\\.',
  ],
  ...[
    'core/lifecycle/(back-pressure|cancel|children|retry|deferred-jobs|attempt-times|time-limits)\\.',
    'core/dispatch/(aging|many-workers|reserve|starvation|priority)\\.',
  ],
  ...[
    'core/workers/(thread-death|retire|resize|exit-reasons)\\.',
    'core/trace/(trace|viewer)\\.',
    'dashboard/(page|stream|frameworks|requests)\\.',
    'exporters/(prometheus|spans)\\.',
  ],
  ...[
    'sync/(process-life|stress|till|wakeup|sharing|mutex|channel)\\.',
    'wire/message/(codec-fuzz|packed-values|values|views)\\.',
    'wire/lane/(ring|round-trip|text-lane)\\.',
    'worker/(output|tasks/task-modules)\\.',
  ],
];

/** @type {import('jest').Config} */
export default { ...all, testPathIgnorePatterns: SLOW.map((path) => `/tests/${path}`) };
