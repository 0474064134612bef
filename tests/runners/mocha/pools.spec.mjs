import { install } from '@sinonjs/fake-timers';
import * as library from 'thread-system';
import { checksOf } from '../checks.mjs';

const tasks = { esm: new URL('../tasks.mjs', import.meta.url), cjs: new URL('../tasks.cjs', import.meta.url) };

for (const kind of ['thread', 'process', 'inline']) {
  const checks = checksOf(library, kind, tasks);
  describe(`kind ${kind}`, () => {
    for (const [name, check] of checks) it(name, check);
  });
  describe(`kind ${kind}, with fake timers`, () => {
    let clock;
    beforeEach(() => {
      clock = install();
    });
    afterEach(() => clock.uninstall());
    for (const [name, check] of checks) it(name, check);
  });
}
