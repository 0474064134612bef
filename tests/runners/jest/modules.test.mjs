import { jest } from '@jest/globals';
import * as library from 'thread-system';
import { checksOf } from '../checks.mjs';

const tasks = { esm: new URL('../tasks.mjs', import.meta.url), cjs: new URL('../tasks.cjs', import.meta.url) };

describe.each(['thread', 'process', 'inline'])('kind %s', (kind) => {
  const checks = checksOf(library, kind, tasks);
  test.each(checks)('%s', (_, check) => check());

  describe('with fake timers', () => {
    beforeEach(() => jest.useFakeTimers());
    afterEach(() => jest.useRealTimers());
    test.each(checks)('%s', (_, check) => check());
  });
});
