const { join } = require('node:path');
const library = require('thread-system');
const { checksOf } = require('../checks.cjs');

const tasks = { esm: join(__dirname, '../tasks.mjs'), cjs: join(__dirname, '../tasks.cjs') };

describe.each(['thread', 'process', 'inline'])('kind %s', (kind) => {
  // import() of an ES module in this thread needs the ESM mode of Jest
  const checks = checksOf(library, kind, tasks).filter(([name]) => kind !== 'inline' || !/an ES module/.test(name));
  test.each(checks)('%s', (_, check) => check());

  describe('with fake timers', () => {
    beforeEach(() => jest.useFakeTimers());
    afterEach(() => jest.useRealTimers());
    test.each(checks)('%s', (_, check) => check());
  });
});
