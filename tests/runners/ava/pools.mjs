import { install } from '@sinonjs/fake-timers';
import test from 'ava';
import * as library from 'thread-system';
import { checksOf } from '../checks.mjs';

const tasks = { esm: new URL('../tasks.mjs', import.meta.url), cjs: new URL('../tasks.cjs', import.meta.url) };

for (const kind of ['thread', 'process', 'inline']) {
  for (const [name, check] of checksOf(library, kind, tasks)) {
    test.serial(name, async (t) => {
      await check();
      t.pass();
    });
    test.serial(`${name}, with fake timers`, async (t) => {
      const clock = install();
      try {
        await check();
      } finally {
        clock.uninstall();
      }
      t.pass();
    });
  }
}
