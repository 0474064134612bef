import { describe, expect, test } from '@jest/globals';
import { ThreadPool, type ThreadPoolOptions } from 'thread-system';
import { FileGate, FileLog, gated } from '../../support/file-gate.ts';
import { Gate, occupy, occupyAsync, until } from '../../support/gate.ts';
import { OrderLog } from '../../support/order-log.ts';
import { runProgram } from '../../support/program.ts';
import { tasks } from '../../support/tasks.ts';
import { workerHooks } from '../../support/worker-hooks-tasks.ts';

const threads = (pool: ThreadPool): number => pool.metrics().workers.length;

describe.each(['thread', 'process', 'inline'] as const)("in a pool of kind '%s'", (kind) => {
  const makePool = (options: ThreadPoolOptions = {}): ThreadPool => new ThreadPool({ kind, maxWorkers: 1, ...options });

  test('a broadcast gives the result of each worker, and leaves its state to later jobs', async () => {
    await using pool = makePool({ maxWorkers: 2 });
    using gate = new FileGate();
    const jobs = [pool.submit(gated.hold, [gate.path]), pool.submit(gated.hold, [gate.path])];
    await gate.reachedBy(2);
    // the workers of an inline pool share the state of their modules
    expect((await pool.broadcast(workerHooks.add, ['+a'])).sort()).toEqual(
      kind === 'inline' ? ['none+a', 'none+a+a'] : ['none+a', 'none+a'],
    );
    gate.open();
    await Promise.all(jobs);
    expect((await pool.submit(workerHooks.opened))[0]).toMatch(/^none\+a/);
    expect(pool.metrics()).toMatchObject({ submitted: 3, completed: 3, executionMs: { count: 3 } });
    expect(pool.metrics().workers.reduce((sum, worker) => sum + worker.jobs, 0)).toBe(3);
  });

  test('a worker that is started later runs all of them in order, behind its setup and before its first job', async () => {
    using log = new FileLog();
    await using pool = makePool({ setup: workerHooks.open, setupArgs: [log.path, 'db'], idleTimeoutMs: 1 });
    expect(await pool.broadcast(workerHooks.addLater, ['+a', log.path])).toEqual([]);
    expect(await pool.broadcast(workerHooks.add, ['+b', log.path])).toEqual([]);
    expect(await pool.submit(workerHooks.opened)).toEqual(['db+a+b', 0]);
    await until(() => threads(pool) === 0);
    expect(await pool.submit(workerHooks.opened)).toEqual(['db+a+b', 1]);
    expect(log.lines).toEqual(['open db', 'add +a', 'add +b', 'open db', 'add +a', 'add +b']);
  });

  test('those made one after the other run one after the other, although the first takes longer', async () => {
    await using pool = makePool({ minWorkers: 1, setup: workerHooks.open, setupArgs: ['', 'db'] });
    const results = await Promise.all([
      pool.broadcast(workerHooks.addLater, ['+a']),
      pool.broadcast(workerHooks.add, ['+b']),
      pool.submit(workerHooks.opened),
    ]);
    expect(results).toEqual([['db+a'], ['db+a+b'], ['db+a+b', 0]]);
  });

  test('one that fails rejects with the error as it was thrown, and costs the pool nothing', async () => {
    await using pool = makePool({ idleTimeoutMs: 1 });
    await pool.submit(tasks.echo, [1]);
    using gate = new FileGate();
    const held = pool.submit(gated.hold, [gate.path, 'held']);
    await gate.reachedBy(1);
    await expect(pool.broadcast(workerHooks.fail)).rejects.toMatchObject({ name: 'RangeError', code: 'E_OPEN' });
    await expect(pool.broadcast(workerHooks.missing)).rejects.toMatchObject({ code: 'ERR_TASK_NOT_FOUND' });
    await expect(pool.broadcast(tasks.echo, [{ fn() {} }] as never)).rejects.toMatchObject({
      code: 'ERR_NOT_CLONEABLE',
      path: 'args[0].fn',
    });
    gate.open();
    expect(await held).toBe('held');
    await until(() => threads(pool) === 0);
    // it was told to the caller: workers to come do without
    const next = pool.submit(tasks.add, [1, 2]);
    expect(await next).toBe(3);
    expect(next.workerId).toBe(1);
  });

  test('one that fails on a worker to come keeps it from starting, as a setup that fails', async () => {
    await using pool = makePool();
    expect(await pool.broadcast(workerHooks.fail)).toEqual([]);
    await expect(pool.submit(tasks.echo, [1])).rejects.toMatchObject({
      message: "Cannot start a worker: its broadcast 'fail' failed: no such database",
      cause: { name: 'RangeError', code: 'E_OPEN' },
    });
  });

  test('what a task moves is not copied', async () => {
    await using pool = makePool();
    await pool.submit(tasks.echo, [1]);
    using gate = new FileGate();
    pool.submit(gated.hold, [gate.path]);
    await gate.reachedBy(1);
    const [moved] = await pool.broadcast(gated.moved, [1000]);
    expect(moved).toEqual({ bytes: new Uint8Array(1000).fill(7), length: 1000 });
    gate.open();
  });

  test('after shutdown none is made', async () => {
    const pool = makePool();
    await pool.shutdown();
    await expect(pool.broadcast(tasks.echo, [1])).rejects.toMatchObject({
      code: 'ERR_POOL_CLOSED',
      message: "Cannot broadcast 'echo': the pool is shut down",
    });
  });
});

test('workers that are being started are there already', async () => {
  await using pool = new ThreadPool({ maxWorkers: 2, minWorkers: 2 });
  expect(await pool.broadcast(workerHooks.add, ['!'])).toEqual(['none!', 'none!']);
});

test('it waits for the code of a synchronous job, and goes ahead of the jobs not begun', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const log = new OrderLog(60);
  await Promise.all(pool.submitMany(tasks.note, Array(20).fill([new OrderLog(20).words, 0]))); // short, as is known now
  using gate = await occupy(pool);
  const values = Array.from({ length: 50 }, (_, i) => i);
  const jobs = pool.submitMany(
    tasks.note,
    values.map((i): [Int32Array, number] => [log.words, i]),
  );
  await new Promise((resolve) => setImmediate(resolve));
  const told = pool.broadcast(tasks.note, [log.words, -1]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(log.values).toEqual([]);
  gate.open();
  expect(await told).toEqual([undefined]);
  await Promise.all(jobs);
  expect(log.values).toEqual([-1, ...values]);
});

test('no job begins on a worker while its broadcast is awaited there', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1, concurrency: 4 });
  using open = await occupyAsync(pool);
  using gate = new Gate();
  const log = new OrderLog(2);
  const holdAndNote = async (words: Int32Array, values: Int32Array) => {
    Atomics.add(words, 1, 1);
    while (Atomics.load(words, 0) === 0) await new Promise((resolve) => setImmediate(resolve));
    values[1 + Atomics.add(values, 0, 1)] = 1;
  };
  const told = pool.broadcast(holdAndNote, [gate.words, log.words]);
  await gate.reachedBy(1);
  const job = pool.submit(tasks.note, [log.words, 2]);
  for (let turns = 0; turns < 50; turns++) await new Promise((resolve) => setImmediate(resolve));
  expect(pool.metrics().workers).toMatchObject([{ state: 'busy' }]);
  expect([job.state, open.jobs[0]?.state]).toEqual(['PENDING', 'RUNNING']);
  gate.open();
  await Promise.all([told, job]);
  expect(log.values).toEqual([1, 2]);
  open.open();
});

test('it does not wait for the end of an async job', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  using gate = await occupyAsync(pool);
  expect(await pool.broadcast(workerHooks.add, ['!'])).toEqual(['none!']);
  expect(gate.jobs[0]?.state).toBe('RUNNING');
  gate.open();
});

test('a paused pool broadcasts, too', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1, minWorkers: 1 });
  pool.pause();
  expect(await pool.broadcast(workerHooks.add, ['!'])).toEqual(['none!']);
});

test('it rejects with the first failure, once all workers are done', async () => {
  await using pool = new ThreadPool({ maxWorkers: 2, minWorkers: 2 });
  using gate = new Gate();
  let isSettled = false;
  const told = pool
    .broadcast(
      async function (this: { workerId: number }, words: Int32Array) {
        Atomics.add(words, 1, 1);
        if (this.workerId === 0) throw new RangeError('only here');
        while (Atomics.load(words, 0) === 0) await new Promise((resolve) => setImmediate(resolve));
      } as (words: Int32Array) => Promise<void>,
      [gate.words],
    )
    .finally(() => {
      isSettled = true;
    });
  told.catch(() => {});
  await gate.reachedBy(2);
  const [idle] = await Promise.all([pool.submit(tasks.echo, ['goes on'])]); // on the worker that has failed
  expect([idle, isSettled]).toEqual(['goes on', false]);
  gate.open();
  await expect(told).rejects.toThrow(new RangeError('only here'));
});

const holdAndExit = (words: Int32Array): never => {
  Atomics.add(words, 1, 1);
  Atomics.wait(words, 0, 0);
  process.exit(3);
};

test('a worker that dies before its turn is left out, and the one in its place runs it as it starts', async () => {
  await using pool = new ThreadPool({ maxWorkers: 2, minWorkers: 2 });
  using gate = new Gate();
  using other = new Gate();
  const victim = pool.submit(holdAndExit, [gate.words]);
  pool.submit(tasks.hold, [other.words]);
  await gate.reachedBy(1);
  await other.reachedBy(1);
  const told = pool.broadcast(workerHooks.add, ['!']);
  gate.open();
  await expect(victim).rejects.toMatchObject({ exitCode: 3 });
  const states = await pool.submit(workerHooks.opened);
  expect(states[0]).toBe('none!'); // on the newcomer, as the other is busy
  other.open();
  expect(await told).toEqual(['none!']);
});

test('one whose code ends the thread rejects, and says so', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1, minWorkers: 1 });
  await expect(pool.broadcast(workerHooks.exit, [5])).rejects.toMatchObject({
    code: 'ERR_WORKER_EXITED',
    exitCode: 5,
    message: "The thread of worker 0 ended with exit code 5 while it was running broadcast 'exit'",
  });
  expect(await pool.submit(tasks.echo, [1])).toBe(1);
});

test('what it has returned stands, although its thread ends at once', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  await pool.submit(tasks.echo, [1]);
  const told = pool.broadcast(() => {
    setImmediate(() => process.exit(3));
    return 'done';
  });
  for (const end = performance.now() + 50; performance.now() < end; ); // so that both come at once
  expect(await told).toEqual(['done']);
});

test('shutdown lets it end within the grace', async () => {
  const pool = new ThreadPool({ maxWorkers: 1 });
  await occupy(pool).then((gate) => gate.open());
  const told = pool.broadcast(workerHooks.addLater, ['!']);
  await pool.shutdown();
  expect(await told).toEqual(['none!']);
});

test.each(['drain', 'abort'] as const)("what shutdown in mode '%s' cuts short rejects", async (mode) => {
  const pool = new ThreadPool({ maxWorkers: 1, minWorkers: 1, graceMs: 30 });
  await pool.submit(tasks.echo, [1]);
  using gate = new Gate();
  const told = pool.broadcast(
    async (words: Int32Array) => {
      Atomics.add(words, 1, 1);
      await new Promise(() => {});
    },
    [gate.words],
  );
  told.catch(() => {});
  await gate.reachedBy(1);
  await pool.shutdown({ mode });
  await expect(told).rejects.toMatchObject({
    code: 'ERR_POOL_CLOSED',
    message: "Cannot finish broadcast 'anonymous': the pool is shut down",
  });
});

test('the process stays for one', async () => {
  const { code, stdout } = await runProgram(`
    import { ThreadPool } from 'thread-system';
    const pool = new ThreadPool({ minWorkers: 1, maxWorkers: 1 });
    const later = () => new Promise((resolve) => setTimeout(resolve, 100, 'later'));
    pool.broadcast(later).then((results) => console.log(results[0]));`);
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'later\n' });
});

test('while jobs of all kinds come, each worker has run each broadcast before whatever was submitted after it', async () => {
  await using pool = new ThreadPool({ maxWorkers: 3, concurrency: 2 });
  const bump = (value: number) => Reflect.set(globalThis, 'seen', value);
  const late: unknown[] = [];
  const look = (submitted: number) => [submitted, Reflect.get(globalThis, 'seen') as number];
  const jobs: PromiseLike<unknown>[] = [];
  for (let round = 1; round <= 30; round++) {
    const told = pool.broadcast(bump, [round]);
    for (let i = 0; i < 40; i++)
      jobs.push(
        pool.submit(look, [round]).then(([submitted = 0, seen = 0]) => {
          if (!(seen >= submitted)) late.push([submitted, seen]);
        }),
      );
    if (round % 10 === 0) jobs.push(pool.submit(tasks.exit, [1]).catch(() => {}));
    if (round % 3 === 0) await told;
  }
  await Promise.all(jobs);
  expect(late).toEqual([]);
  expect(pool.metrics()).toMatchObject({ submitted: 1203, completed: 1200, failed: 3 });
});

test.each<[unknown[], string]>([
  [
    ['echo'],
    "Cannot broadcast: task must be a function or a task of a taskModule(), received 'echo'; write taskModule(new URL(…, import.meta.url)), and pass one of its functions",
  ],
  [
    [tasks.echo, 1],
    "Cannot broadcast 'echo': args must be an array, received 1; write the list of the arguments, such as [x, y]",
  ],
])('%j is refused at the call', async (args, message) => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const loose = pool as unknown as { broadcast(...args: unknown[]): Promise<unknown> };
  expect(() => loose.broadcast(...args)).toThrow(new TypeError(message));
});
