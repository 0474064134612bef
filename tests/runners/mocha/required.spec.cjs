const { join } = require('node:path');
const library = require('thread-system');
const { checksOf } = require('../checks.cjs');

const tasks = { esm: join(__dirname, '../tasks.mjs'), cjs: join(__dirname, '../tasks.cjs') };

for (const kind of ['thread', 'inline']) {
  describe(`required, kind ${kind}`, () => {
    for (const [name, check] of checksOf(library, kind, tasks)) it(name, check);
  });
}
