import { createRequire } from 'node:module';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import * as library from 'thread-system';
import { checksOf } from '../checks.mjs';

const required = createRequire(import.meta.url)('thread-system');
const tasks = { esm: new URL('../tasks.mjs', import.meta.url), cjs: new URL('../tasks.cjs', import.meta.url) };

for (const [way, exports] of Object.entries({ imported: library, required })) {
  for (const kind of ['thread', 'process', 'inline']) {
    const checks = checksOf(exports, kind, tasks);
    describe(`${way}, kind ${kind}`, () => {
      for (const [name, check] of checks) test(name, check);
    });
    describe(`${way}, kind ${kind}, with fake timers`, () => {
      beforeEach(() => mock.timers.enable());
      afterEach(() => mock.timers.reset());
      for (const [name, check] of checks) test(name, check);
    });
  }
}
