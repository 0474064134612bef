import * as library from 'thread-system';
import { afterEach, beforeEach, describe, test, vi } from 'vitest';
import { checksOf } from '../checks.mjs';

const tasks = { esm: new URL('../tasks.mjs', import.meta.url), cjs: new URL('../tasks.cjs', import.meta.url) };

describe.each(['thread', 'process', 'inline'])('kind %s', (kind) => {
  const checks = checksOf(library, kind, tasks);
  test.each(checks)('%s', (_, check) => check());

  describe('with fake timers', () => {
    beforeEach(() => {
      vi.useFakeTimers();
    });
    afterEach(() => {
      vi.useRealTimers();
    });
    test.each(checks)('%s', (_, check) => check());
  });
});
