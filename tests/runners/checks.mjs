// What is checked of pools under each test runner. Plain functions, which know of no runner: each of them has its own way to
// load this file, and to write into it. scripts/runners.mjs makes checks.cjs of it.

/**
 * @param library as the runner has loaded it.
 * @param tasks addresses of task modules: an ES module, and a CommonJS one.
 */
export function checksOf({ ThreadPool, taskModule, CancellationToken }, kind, { esm, cjs }) {
  const assert = process.getBuiltinModule('node:assert');
  const withPool = (check) => async () => {
    const pool = new ThreadPool({ kind, maxWorkers: 2, name: 'checked' });
    try {
      await check(pool);
    } finally {
      await pool.shutdown();
    }
  };
  const checks = {
    'runs an inline function': async (pool) => {
      const job = pool.submit(
        (list) => list.filter((x) => x % 2 === 0).map((x) => (x > 2 ? x / 2 : x)),
        [[1, 2, 3, 4]],
      );
      assert.deepEqual(await job, [2, 2]);
      assert.equal(job.state, 'COMPLETED');
    },
    'runs async functions and generators': async (pool) => {
      const later = pool.submit(async (x) => (await Promise.resolve(x)) + 1, [41]);
      const steps = pool.submit(
        function* (x) {
          yield 'a step';
          return x + 1;
        },
        [41],
      );
      const told = [];
      for await (const step of steps.progress) told.push(step);
      assert.deepEqual([await later, await steps, told], [42, 42, ['a step']]);
    },
    'runs tasks of an ES module': async (pool) => {
      const tasks = taskModule(esm);
      assert.equal(await pool.submit(tasks.double, [21]), 42);
      assert.equal(await pool.submit(tasks.default, [41]), 42);
      assert.equal(await pool.submit(tasks.nameOfJob, [], { name: 'mine' }), 'mine');
    },
    'runs tasks of a CommonJS module': async (pool) => {
      const tasks = taskModule(cjs);
      assert.equal(await pool.submit(tasks.double, [21]), 42);
      assert.equal(await pool.submit(tasks.default, [41]), 42);
    },
    'clones arguments and results': async (pool) => {
      const given = { list: [1], when: new Date(5), map: new Map([[1, { a: 1 }]]), bytes: new Uint8Array([1, 2]) };
      const result = await pool.submit((value) => Object.assign(value, { seen: value.list.push(2) }), [given]);
      assert.deepEqual(given.list, [1]);
      assert.deepEqual([result.list, result.seen, result.when.getTime()], [[1, 2], 2, 5]);
      assert.deepEqual([result.map.get(1).a, [...result.bytes]], [1, [1, 2]]);
      const unsendable = await pool.submit((fn) => fn, [() => {}]).catch((error) => error);
      assert.equal(unsendable.code, 'ERR_NOT_CLONEABLE');
    },
    'brings errors as they were thrown': async (pool) => {
      const error = await pool
        .submit(() => {
          throw Object.assign(new RangeError('no'), { code: 'E_NO' });
        })
        .catch((thrown) => thrown);
      assert.deepEqual([error.name, error.message, error.code], ['RangeError', 'no', 'E_NO']);
    },
    'says what an inline function has missed': async (pool) => {
      const outside = 1;
      const error = await pool.submit(() => outside).catch((thrown) => thrown);
      assert.match(error.message, /was sent by its source text/);
    },
    cancels: async (pool) => {
      const token = new CancellationToken();
      const running = pool.submit(
        async (flag) => {
          while (!flag.isCancelled) await new Promise((resolve) => queueMicrotask(resolve));
        },
        [token],
        { token, graceMs: 10_000 },
      );
      const pending = pool.submit(() => {}, [], { startAt: new Date(Date.now() + 1e8) });
      token.cancel('enough');
      pending.cancel();
      const errors = [await running.catch((error) => error), await pending.catch((error) => error)];
      assert.deepEqual(
        errors.map((error) => error?.code),
        ['ERR_JOB_CANCELLED', 'ERR_JOB_CANCELLED'],
      );
    },
    'maps, waits for all, counts': async (pool) => {
      assert.deepEqual(await pool.map((x) => x * x, [1, 2, 3]), [1, 4, 9]);
      pool.submit(() => 1);
      assert.equal(await pool.waitAll(), true);
      assert.equal(pool.metrics().failed, 0);
    },
    'has follow-ups, groups and listeners': async (pool) => {
      const told = [];
      pool.on('jobCompleted', (job) => told.push(job.name));
      const first = pool.submit(() => 1, [], { name: 'first' });
      await pool.submit(() => 2, [], { name: 'second', dependsOn: [first] });
      const group = pool.group('some');
      group.submit(() => 3, [], { name: 'third' });
      await pool.waitAll();
      await Promise.resolve();
      assert.deepEqual(told, ['first', 'second', 'third']);
    },
  };
  // a process takes a second to start where the machine is busy; what it does differently is tested elsewhere
  const tried = Object.entries(checks).filter(([name]) => kind !== 'process' || /inline|module/.test(name));
  return tried.map(([name, check]) => [`a pool of kind ${kind} ${name}`, withPool(check)]);
}
