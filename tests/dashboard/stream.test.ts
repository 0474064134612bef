import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { type CurrentJob, ThreadPool } from 'thread-system';
import { type DashboardOptions, type DashboardSnapshot, dashboard } from 'thread-system/dashboard';
import { occupy } from '../support/gate.ts';
import { runProgram } from '../support/program.ts';
import { tasks } from '../support/tasks.ts';
import { messagesOf, poolIn, Served, snapshotWhere } from './served.ts';

interface TaskThis {
  report(value: unknown): void;
}

/** A function of which a pool makes a task of this name. */
function named<F extends () => unknown>(name: string, fn: F): F {
  return Object.defineProperty(fn, 'name', { value: name });
}

async function serve(pool: ThreadPool, options: DashboardOptions = {}): Promise<Served> {
  return Served.at(dashboard({ main: pool }, { everyMs: 20, ...options }));
}

function failing(this: CurrentJob): void {
  throw new RangeError(`attempt ${this.attempt}`);
}

const first = (served: Served): Promise<DashboardSnapshot> => snapshotWhere(`${served.url}/stream`, () => true);

describe.each(['thread', 'process', 'inline'] as const)('the stream shows of a pool of kind %s', (kind) => {
  test('its counts, tasks and workers', async () => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    await using served = await serve(pool);
    await pool.submit(tasks.add, [1, 2]);
    await pool.submit(tasks.fail, ['no']).catch(() => {});
    const main = poolIn(await first(served));
    const { submitted, completed, failed, cancelled, active, pending, maxWorkers, state } = main;
    expect({ submitted, completed, failed, cancelled, active, pending, maxWorkers, state }).toEqual({
      ...{ submitted: 2, completed: 1, failed: 1, cancelled: 0, active: 0, pending: 0, maxWorkers: 1, state: 'open' },
    });
    expect(main.tasks.map(({ task, completed, failed }) => [task, completed, failed])).toEqual([
      ['add', 1, 0],
      ['fail', 0, 1],
    ]);
    expect(main.workers).toHaveLength(1);
    expect(main.workers[0]).toMatchObject({ jobs: 2, state: 'idle', concurrency: 1 });
    expect(main.executionMs.count).toBe(2);
  });

  test('the last failures, by task and message', async () => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    await using served = await serve(pool);
    for (const text of ['a', 'b', 'a']) await pool.submit(tasks.fail, [text]).catch(() => {});
    const { failures = [], byError } = poolIn(await first(served));
    expect(
      failures.map(({ task, code, message, count, attempts, canRetry }) => ({
        task,
        code,
        message,
        count,
        attempts,
        canRetry,
      })),
    ).toEqual([
      { task: 'fail', code: 'RangeError', message: 'a', count: 2, attempts: 1, canRetry: false },
      { task: 'fail', code: 'RangeError', message: 'b', count: 1, attempts: 1, canRetry: false },
    ]);
    expect(failures[0]?.stack).toMatch(/^RangeError: a\n {4}at /);
    expect(byError).toEqual([{ code: 'RangeError', count: 3 }]);
  });

  test('the earlier attempts of a failed job, with when and where they ran', async () => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    await using served = await serve(pool);
    const job = pool.submit(failing, [], { retry: { maxAttempts: 3 } });
    await job.catch(() => {});
    await pool.submit(tasks.fail, ['once']).catch(() => {});
    const { failures = [] } = poolIn(await first(served));
    const attempt = (number: number) => ({
      ...{ attempt: number, code: 'RangeError', message: `attempt ${number}`, workerId: 0 },
      stack: expect.stringMatching(`^RangeError: attempt ${number}\n {4}at `),
    });
    expect(failures).toMatchObject([
      { message: 'once', attempts: 1 },
      { message: 'attempt 3', attempts: 3, earlier: [attempt(1), attempt(2)] },
    ]);
    expect(failures[0]).not.toHaveProperty('earlier');
    const begun = failures[1]?.earlier?.map(({ startedAt }) => startedAt) ?? [];
    const inOrder = [...begun, job.startedAt ?? 0];
    expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b));
    expect(new Set(inOrder).size).toBe(3);
  });
});

describe('the stream', () => {
  test('begins with what the dashboard is, and goes on with snapshots', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await using served = await serve(pool);
    const kinds: string[] = [];
    for await (const message of messagesOf(`${served.url}/stream`)) {
      kinds.push(message.kind);
      if (message.kind === 'welcome') {
        const { version, everyMs, actions, recordings } = message;
        expect({ version, everyMs, actions, recordings }).toEqual({
          version: '0.1.0',
          everyMs: 20,
          actions: [],
          recordings: ['profile', 'trace'],
        });
      }
      if (kinds.length === 4) break;
    }
    expect(kinds).toEqual(['welcome', 'snapshot', 'snapshot', 'snapshot']);
    const { headers, body } = await fetch(`${served.url}/stream`);
    await body?.cancel();
    expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(headers.get('x-accel-buffering')).toBe('no');
    expect(headers.get('cache-control')).toBe('no-store, no-transform');
  });

  test('shows what runs, with its worker and progress, and what waits and why', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await using served = await serve(pool);
    using gate = await occupy(pool, 1, { name: 'holder', priority: 3 });
    const later = pool.submit(tasks.add, [1, 2], { delayMs: 3_600_000, name: 'later' });
    const next = pool.submit(tasks.add, [1, 2], { priority: 7 });
    const after = pool.submit(tasks.add, [1, 2], { dependsOn: [next], name: 'after' });
    const { running, waiting, byPriority, held, queued } = poolIn(await first(served));
    expect(running).toMatchObject([{ name: 'holder', task: 'hold', priority: 3, workerId: 0, attempts: 1 }]);
    expect(running[0]?.startedAt).toBeGreaterThan(Date.now() - 60_000);
    expect(waiting.map(({ name, held: why }) => [name, why])).toEqual([
      ['add', undefined],
      ['later', 'delay'],
      ['after', 'dependency'],
    ]);
    expect(waiting[1]?.until).toBeGreaterThan(Date.now() + 3_000_000);
    expect(byPriority).toEqual([
      { priority: '7', unsettled: 1 },
      { priority: '3', unsettled: 1 },
      { priority: '2', unsettled: 2 },
    ]);
    expect({ held, queued }).toEqual({ held: 2, queued: 1 });
    later.cancel();
    gate.open();
    await Promise.all([next, after]);
  });

  test('shows how far a job is, and what else it reports only if told to', async () => {
    await using pool = new ThreadPool({ maxWorkers: 3 });
    const words = new Int32Array(new SharedArrayBuffer(4));
    const report = function report(this: TaskThis, value: unknown, until: Int32Array): void {
      while (Atomics.wait(until, 0, 0, 1) === 'timed-out') this.report(value);
    };
    const jobs = [0.25, { done: 3, total: 4 }, 'a secret'].map((value) => pool.submit(report, [value, words]));
    for (const results of [false, true]) {
      await using served = await serve(pool, { show: { results } });
      const isReported = (snapshot: DashboardSnapshot): boolean => {
        const rows = poolIn(snapshot).running;
        const shares = rows.filter(({ share }) => share !== undefined);
        return rows.length === 3 && shares.length === 2 && (!results || rows.every((row) => row.report !== undefined));
      };
      const { running } = poolIn(await snapshotWhere(`${served.url}/stream`, isReported));
      const byId = running.toSorted((a, b) => a.id - b.id);
      expect(byId.map(({ share }) => share)).toEqual([0.25, 0.75, undefined]);
      expect(byId[2]?.report).toBe(results ? "'a secret'" : undefined);
    }
    Atomics.store(words, 0, 1);
    await Promise.all(jobs);
  });

  test('shows arguments only if told to, and runs no code of theirs', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    pool.pause();
    let ran = 0;
    const hostile = {
      get password() {
        ran++;
        return 'p4ss';
      },
      [Symbol.for('nodejs.util.inspect.custom')]: () => {
        ran++;
        return 'p4ss';
      },
    };
    const job = pool.submit(tasks.echo, [{ user: 'eve', hostile }]);
    job.catch(() => {});
    for (const args of [false, true]) {
      await using served = await serve(pool, { show: { args } });
      const { waiting } = poolIn(await first(served));
      expect(waiting[0]?.args).toEqual(args ? expect.stringContaining("user: 'eve'") : undefined);
    }
    expect(ran).toBe(0);
    job.cancel();
  });

  test.each<[string, PropertyDescriptor & { key: string }]>([
    ['whose message is a symbol', { key: 'message', value: Symbol('of no text') }],
    [
      'whose stack throws',
      {
        key: 'stack',
        get: () => {
          throw new Error('not to be read');
        },
      },
    ],
  ])('goes on for an argument that is an error %s', async (_name, { key, ...property }) => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await using served = await serve(pool, { show: { args: true } });
    const job = pool.submit(tasks.echo, [Object.defineProperty(new Error(), key, property) as unknown], {
      delayMs: 60_000,
    });
    job.catch(() => {});
    expect((await first(served)).kind).toBe('snapshot');
    job.cancel();
  });

  test('cuts names and messages, whatever their length, and sends them as text', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await using served = await serve(pool);
    const name = '<img src=x onerror=alert(1)>';
    await pool
      .submit(
        named(name, () => {
          throw new Error('\u2028</script>'.repeat(100_000));
        }),
      )
      .catch(() => {});
    await pool.submit(named('n'.repeat(1_000_000), () => {}));
    const { tasks: rows, failures } = poolIn(await first(served));
    expect(rows.map(({ task }) => task.length)).toEqual([name.length, 200]);
    expect(rows[0]?.task).toBe(name);
    expect(failures?.[0]?.message).toHaveLength(2_000);
    expect(failures?.[0]?.stack?.length).toBeLessThanOrEqual(16_000);
  });

  test('of ten thousand tasks is bounded', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await using served = await serve(pool);
    pool.pause();
    for (let index = 0; index < 10_000; index++)
      pool.submit(named(`task ${index} ${'x'.repeat(100)}`, () => {})).catch(() => {});
    const snapshot = await first(served);
    expect(poolIn(snapshot).tasks.length).toBeLessThanOrEqual(257);
    expect(poolIn(snapshot)).toMatchObject({ pending: 10_000, moreWaiting: 9_900 });
    expect(JSON.stringify(snapshot).length).toBeLessThan(250_000);
    pool.cancelAll();
  });

  test('has no stacks if told so', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await using served = await serve(pool, { show: { stacks: false } });
    await pool.submit(tasks.fail, ['no']).catch(() => {});
    const { failures } = poolIn(await first(served));
    expect(failures).toMatchObject([{ message: 'no' }]);
    expect(failures?.[0]).not.toHaveProperty('stack');
  });

  test('keeps the last five earlier attempts of a job, and no stacks of them if there are to be none', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await using served = await serve(pool, { show: { stacks: false } });
    await pool.submit(failing, [], { retry: { maxAttempts: 8 } }).catch(() => {});
    const [row] = poolIn(await first(served)).failures ?? [];
    expect(row?.earlier?.map(({ attempt }) => attempt)).toEqual([3, 4, 5, 6, 7]);
    expect(row?.earlier?.filter((each) => 'stack' in each)).toEqual([]);
  });

  test('counts failures as one whose messages differ in a moment alone', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await using served = await serve(pool);
    pool.pause();
    const now = Date.now();
    for (const deadline of [now - 2_000, now - 1_000])
      await pool.submit(tasks.add, [1, 2], { deadline }).catch(() => {});
    pool.resume();
    for (const text of ['at 2026-11-30T14:35Z', 'at 2025-01-02T03:04:05.678+01:00', 'at 2025-01-02'])
      await pool.submit(tasks.fail, [text]).catch(() => {});
    const { failures = [] } = poolIn(await first(served));
    expect(failures.map(({ count, message }) => [count, message])).toEqual([
      [1, 'at 2025-01-02'],
      [2, 'at …'],
      [2, "Job 'add' missed its deadline of … before it began"],
    ]);
  });

  test('keeps as many failures as it is told to', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await using served = await serve(pool, { failures: 2 });
    for (const text of ['a', 'b', 'c']) await pool.submit(tasks.fail, [text]).catch(() => {});
    expect(poolIn(await first(served)).failures?.map(({ message }) => message)).toEqual(['c', 'b']);
  });

  test('shows schedules and groups', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await using served = await serve(pool);
    const schedule = pool.schedule(tasks.add, [1, 2], { everyMs: 3_600_000, name: 'hourly' });
    const group = pool.group('nightly');
    pool.pause();
    group.submit(tasks.add, [1, 2]);
    const { schedules, groups, state } = poolIn(await first(served));
    expect(schedules).toEqual([{ id: 1, name: 'hourly', state: 'active', runs: 0, next: schedule.next?.getTime() }]);
    expect(groups).toEqual([{ name: 'nightly', submitted: 1, completed: 0, failed: 0, cancelled: 0, unsettled: 1 }]);
    expect(state).toBe('paused');
    schedule.cancel();
    pool.resume();
    await group.waitAll();
    const settled = await snapshotWhere(`${served.url}/stream`, (each) => poolIn(each).groups.length === 0);
    expect(poolIn(settled).schedules).toEqual([]);
  });

  test('shows the runs of jobs on their workers, with how they ended', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await using served = await serve(pool);
    using gate = await occupy(pool);
    const seen = new Map<string, number | undefined>();
    for await (const message of messagesOf(`${served.url}/stream`)) {
      if (message.kind === 'welcome') continue;
      for (const { task, workerId, state, startedAt, endedAt } of poolIn(message).runs) {
        expect([task, workerId]).toEqual(['hold', 0]);
        seen.set(state, endedAt === undefined ? undefined : endedAt - startedAt);
      }
      if (seen.has('RUNNING')) gate.open();
      if (seen.has('COMPLETED')) break;
    }
    const [job] = gate.jobs;
    expect(seen.get('COMPLETED')).toBeCloseTo(job?.executionMs ?? 0, 1);
  });

  test('keeps the past for those who come later', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await using served = await serve(pool, { history: 3 });
    await pool.submit(tasks.add, [1, 2]);
    let count = 0;
    for await (const { kind } of messagesOf(`${served.url}/stream`)) if (kind === 'snapshot' && ++count === 5) break;
    for await (const message of messagesOf(`${served.url}/stream`)) {
      if (message.kind !== 'welcome') break;
      expect(message.history).toMatchObject([{ pool: 'main' }]);
      expect(message.history[0]?.points).toHaveLength(3);
    }
  });

  test('is one for all who look', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await using served = await serve(pool);
    let readings = 0;
    const { metrics } = pool;
    pool.metrics = () => {
      readings++;
      return metrics.call(pool);
    };
    const times: number[][] = [[], []];
    const read = async (list: number[]): Promise<void> => {
      for await (const message of messagesOf(`${served.url}/stream`)) {
        if (message.kind === 'snapshot') list.push(message.at);
        if (list.length === 6) break;
      }
    };
    await Promise.all(times.map(read));
    const all = new Set(times.flat());
    expect(all.size).toBeLessThan(12);
    expect(readings).toBeLessThanOrEqual(all.size + 1);
  });

  test('shows that a pool is shut down', async () => {
    const pool = new ThreadPool({ maxWorkers: 1 });
    await using served = await serve(pool);
    await pool.submit(tasks.add, [1, 2]);
    await pool.shutdown();
    const { state, workers, completed, lastExit } = poolIn(await first(served));
    expect({ state, workers, completed }).toEqual({ state: 'closed', workers: [], completed: 1 });
    expect(lastExit).toMatchObject({ workerId: 0, reason: 'shutdown', jobs: 1 });
  });
});

test('a viewer that does not read costs less than a megabyte, and holds up no other', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  pool.pause();
  for (let index = 0; index < 300; index++)
    pool.submit(named(`task ${index} ${'x'.repeat(150)}`, () => {})).catch(() => {});
  await using served = await serve(pool, { everyMs: 1 });
  const accepted = once(served.server, 'connection') as Promise<[Socket]>;
  const { port } = served.server.address() as AddressInfo;
  const stalled = connect(port, '127.0.0.1').pause();
  stalled.write('GET /stream HTTP/1.1\r\nhost: x\r\n\r\n');
  const [socket] = await accepted;
  let bytes = 0;
  let count = 0;
  let most = 0;
  for await (const message of messagesOf(`${served.url}/stream`)) {
    bytes += JSON.stringify(message).length;
    most = Math.max(most, socket.writableLength);
    if (++count === 150) break;
  }
  expect(bytes).toBeGreaterThan(8_000_000); // more than what lies in the buffers of the system
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThan(1_000_000);
  stalled.destroy();
  pool.cancelAll();
});

const SERVE = `
  import { createServer, get } from 'node:http';
  import { once } from 'node:events';
  import { ThreadPool } from 'thread-system';
  import { dashboard } from 'thread-system/dashboard';
  const pool = new ThreadPool({ maxWorkers: 1 });
  const server = createServer(dashboard({ main: pool }, { everyMs: 5 })).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const look = async () => {
    const request = get({ port: server.address().port, path: '/stream', agent: false });
    const [response] = await once(request, 'response');
    await once(response, 'data');
    return { request, response };
  };`;

describe('a dashboard keeps no process', () => {
  test('while nobody looks it has no timer', async () => {
    const { stdout, stderr } = await runProgram(`
      import timers from 'node:timers';
      import { syncBuiltinESMExports } from 'node:module';
      const { setInterval, clearInterval } = timers;
      const running = new Set();
      timers.setInterval = (...args) => { const timer = setInterval(...args); running.add(timer); return timer; };
      timers.clearInterval = (timer) => { running.delete(timer); clearInterval(timer); };
      syncBuiltinESMExports();
      ${SERVE.replaceAll(/import \{([^}]*)\} from ('[^']+');/g, 'const {$1} = await import($2);')}
      const before = running.size;
      const { request, response } = await look();
      console.log(running.size > before);
      response.destroy();
      while (running.size > before) await new Promise((resolve) => setImmediate(resolve));
      server.close();`);
    expect(stderr).toBe('');
    expect(stdout).toBe('true\n');
  });

  test('somebody who looks keeps none either', async () => {
    const { code, stdout } = await runProgram(`${SERVE}
      const { request, response } = await look();
      request.socket.unref();
      response.on('close', () => {});
      server.close();
      process.on('exit', () => console.log('exits'));`);
    expect([code, stdout]).toEqual([0, 'exits\n']);
  });
});

test('a failure that only a dashboard sees is unobserved', async () => {
  const { stderr } = await runProgram(`${SERVE}
    pool.submit(function f() { throw new Error('nobody looks'); });
    await pool.waitAll();
    server.close();`);
  expect(stderr).toContain("Job 'f' (id 1) failed and its error was never observed: Error: nobody looks");
});
