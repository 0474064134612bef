// What both consumers run: handed the library, whichever way it was loaded, and the folder of the task modules.
const assert = require('node:assert/strict');
const { setImmediate: turn } = require('node:timers/promises');

exports.check = async ({ ThreadPool, taskModule }, folder, kind) => {
  const pool = new ThreadPool({ maxWorkers: 2 });
  const sum = pool.submit((x, y) => x + y, [5, 10]);
  assert.equal(await sum, 15);
  assert.equal(sum.state, 'COMPLETED');
  assert.equal(sum.result, 15);

  for (const file of ['tasks.mjs', 'tasks.cjs']) {
    const tasks = taskModule(new URL(file, folder));
    assert.equal(await pool.submit(tasks.nameOfJob, [], { name: file }), file);

    const endless = pool.submit(tasks.runUntilCancelled);
    while (endless.state !== 'RUNNING') await turn();
    assert.equal(endless.cancel(), true);
    await assert.rejects(Promise.resolve(endless), { code: 'ERR_JOB_CANCELLED' });
    assert.equal(endless.state, 'CANCELLED');
  }

  pool.submit((x) => x * 2, [21]);
  assert.equal(await pool.waitAll(), true);
  const { submitted, completed, failed, cancelled, active, pending } = pool.metrics();
  assert.deepEqual(
    { submitted, completed, failed, cancelled, active, pending },
    { submitted: 6, completed: 4, failed: 0, cancelled: 2, active: 0, pending: 0 },
  );
  await pool.shutdown();
  console.log(`ok ${process.version} ${kind}`);
};
