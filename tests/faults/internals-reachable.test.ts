import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { Job, JobGraph, Thread, ThreadPool } from 'thread-system';
import { Gate } from '../support/gate.ts';
import { runProgram } from '../support/program.ts';
import { tasks } from '../support/tasks.ts';

/** Every name by which somebody who holds the object reaches something, besides what all objects have. */
function reachable(object: object): string[] {
  const names = new Set<string>();
  for (let at: object | null = object; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at))
    for (const key of Reflect.ownKeys(at)) names.add(String(key));
  names.delete('constructor');
  return [...names].sort();
}

const ITERATOR = 'Symbol(Symbol.asyncIterator)';
const TAG = 'Symbol(Symbol.toStringTag)';
const INSPECT = 'Symbol(nodejs.util.inspect.custom)';
const DISPOSE = String(Symbol.asyncDispose);
const PROMISE = ['then', 'catch', 'finally'];

describe('nothing of the engine is reachable from', () => {
  const JOB = [
    ...['id', 'name', 'priority', 'state', 'result', 'error', 'queuedMs', 'executionMs', 'attempts', 'workerId'],
    ...['startedAt', 'endedAt'],
    ...[
      'token',
      'progress',
      'onProgress',
      'post',
      'cancel',
      'setPriority',
      'setTimeLimit',
      'toJSON',
      INSPECT,
      ...PROMISE,
    ],
  ].sort();

  test('a job: pending, running, completed, failed, cancelled', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = new Gate();
    const held = pool.submit(tasks.hold, [gate.words, 1]);
    const [failed, cancelled, unsubmitted] = [
      pool.submit(tasks.fail, ['no']),
      pool.submit(tasks.add, [1, 2]),
      new Job(tasks.add, [1, 2]),
    ];
    cancelled.cancel();
    gate.open();
    await Promise.allSettled([held, failed, cancelled]);
    for (const job of [held, failed, cancelled, unsubmitted]) {
      expect(reachable(job)).toEqual(JOB);
      expect(Reflect.ownKeys(job)).toEqual([]);
      expect(Object.keys(job)).toEqual([]);
    }
    // nor through the class
    expect(Reflect.ownKeys(Job).sort()).toEqual(['length', 'name', 'prototype']);
    expect(() => structuredClone(held)).not.toThrow(); // a bare object, with nothing in it
    expect(structuredClone(held)).toEqual({});
  });

  test('a job of a subclass, which sees no more of it', async () => {
    class Mine extends (Job as unknown as new (task: unknown, args: unknown[]) => Job) {
      settle(): string {
        return 'mine';
      }
      override get priority(): number {
        throw new Error('the engine asks nobody');
      }
    }
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const job = pool.submitJob(new Mine((x: number) => x, [5]));
    expect(await job).toBe(5);
    expect((job as Mine).settle()).toBe('mine');
    expect(pool.metrics()).toMatchObject({ completed: 1, pending: 0, active: 0 });
  });

  test('its id, which names it in the order of jobs, cannot be written', () => {
    const job = new Job(tasks.add, [1, 2]);
    expect(() => Object.assign(job, { id: -1 })).toThrow(TypeError);
    expect(() => Object.assign(job, { state: 'COMPLETED' })).toThrow(TypeError);
  });

  test('a group, a map, a stream, a schedule, a thread, a graph and its nodes', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    expect(reachable(pool.group('g'))).toEqual(
      ['name', 'token', 'submit', 'submitMany', 'group', 'stats', 'cancel', 'waitAll', DISPOSE, INSPECT].sort(),
    );
    const map = pool.map((x: number) => x, [1]);
    expect(reachable(map)).toEqual(
      ['cancel', 'failure', 'onProgress', 'settledCount', ...PROMISE, ITERATOR, TAG, INSPECT].sort(),
    );
    await map;
    expect(reachable(pool.results())).toEqual(['next', 'return', 'take', ITERATOR].sort());
    const schedule = pool.schedule(tasks.add, [1, 2], { everyMs: 100_000 });
    expect(reachable(schedule)).toEqual(
      ['id', 'job', 'name', 'next', 'runs', 'state', 'pause', 'resume', 'cancel', 'ref', 'unref', INSPECT].sort(),
    );
    schedule.cancel();
    const thread = Thread.run('t', tasks.add, [1, 2]);
    expect(reachable(thread)).toEqual(['name', 'stopped', 'job', 'run', 'stop', 'join', 'release', INSPECT].sort());
    await thread.join();
    const node = new JobGraph().add('n', tasks.add, [1, 2]);
    expect(reachable(node)).toEqual(['name', 'output', 'job', 'toJSON', INSPECT].sort());
    expect(reachable(node.output)).toEqual([INSPECT]);
  });

  test('a task of a module, or its class', () => {
    expect(reachable(tasks.add)).toEqual(['name', 'url', INSPECT].sort());
    expect(Reflect.ownKeys(tasks.add.constructor).sort()).toEqual(['length', 'name', 'prototype']);
    expect(JSON.parse(JSON.stringify(tasks.add))).toEqual({ name: 'add', url: tasks.add.url });
  });
});

test('a job whose internals are guessed at from outside is not forged, and the pool ends', async () => {
  const { code, stdout } = await runProgram(`
    import { ThreadPool } from 'thread-system';
    const pool = new ThreadPool({ maxWorkers: 1 });
    const job = pool.submit(() => 1);
    for (const name of ['settle', 'settleBy', 'ran', 'moveTo', 'raiseToken', 'report', 'submittedTo', 'lost', 'again'])
      try { job[name]('COMPLETED', 'forged'); console.log('called ' + name); } catch {}
    for (const name of ['kind', 'place', 'seq', 'ending', 'context']) job[name] = undefined;
    console.log(await job, await pool.waitAll({ timeoutMs: 20000 }), JSON.stringify(await pool.shutdown()));`);
  expect({ code, stdout }).toEqual({ code: 0, stdout: '1 true {"completed":0,"failed":0,"cancelled":0}\n' });
});

describe('what an object of ours shows of itself', () => {
  test('a job in JSON is what it is and how it stands, whatever it results in', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const big = pool.submit(() => 10n, [], { name: 'big', priority: 3 });
    const cyclic = pool.submit(() => {
      const ring: Record<string, unknown> = {};
      ring['self'] = ring;
      return ring;
    });
    const failed = pool.submit(tasks.fail, ['no']);
    const pending = new Job(tasks.add, [1, 2]);
    await Promise.allSettled([big, cyclic, failed]);
    const text = JSON.stringify({ jobs: [big, cyclic, failed, pending] });
    const times = { queuedMs: expect.any(Number), executionMs: expect.any(Number) };
    expect(JSON.parse(text)).toEqual({
      jobs: [
        { id: big.id, name: 'big', state: 'COMPLETED', priority: 3, attempts: 1, ...times },
        { id: cyclic.id, name: 'anonymous', state: 'COMPLETED', priority: 2, attempts: 1, ...times },
        { id: failed.id, name: 'fail', state: 'FAILED', priority: 2, attempts: 1, ...times },
        { id: pending.id, name: 'add', state: 'PENDING', priority: 2, attempts: 0, ...times },
      ],
    });
  });

  test('a node of a graph in JSON, and a group, a schedule, a thread', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const graph = new JobGraph();
    const first = graph.add('first', tasks.add, [1, 2]);
    graph.add('second', tasks.add, [first.output, 1]);
    await graph.run(pool);
    expect(JSON.parse(JSON.stringify(first))).toMatchObject({ name: 'first', job: { state: 'COMPLETED' } });
    const group = pool.group('g');
    expect(JSON.parse(JSON.stringify(group))).toMatchObject({ name: 'g' });
    expect(JSON.stringify({ pool, graph })).toBe('{"pool":{},"graph":{}}');
  });

  test('console.log shows what matters, in colours and at depth, and never throws', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2, name: 'mill' });
    const failed = pool.submit(tasks.fail, ['no'], { name: 'bad' });
    await failed.catch(() => {});
    const text = { compact: true, breakLength: Number.POSITIVE_INFINITY };
    expect(inspect(failed, text)).toBe(
      `Job { id: ${failed.id}, name: 'bad', state: 'FAILED', priority: 2, error: 'RangeError: no' }`,
    );
    expect(inspect(pool, text)).toBe(
      "ThreadPool { name: 'mill', state: 'open', workers: '1 of 2', submitted: 1, pending: 0, active: 0, completed: 0, failed: 1, cancelled: 0 }",
    );
    expect(inspect(pool.group('g'), text)).toBe(
      "JobGroup { name: 'g', submitted: 0, completed: 0, failed: 0, cancelled: 0, active: 0, pending: 0 }",
    );
    const graph = new JobGraph();
    const node = graph.add('n', tasks.add, [1, 2]);
    expect(inspect(graph, text)).toBe("JobGraph { nodes: [ 'n' ], isRunning: false }");
    expect(inspect(node, text)).toBe("GraphNode { name: 'n', state: undefined }");
    const { url } = tasks.add;
    expect(inspect(tasks.add, text)).toBe(`ModuleTask { name: 'add', url: '${url}' }`);
    expect(inspect(tasks, text)).toBe(`TaskModule { url: '${url}' }`);
    expect(inspect([[[[failed]]]])).toContain('[Array]');
    expect(inspect({ a: { b: { c: failed } } }, { depth: 2 })).toContain('[Job]');
    expect(inspect(failed, { colors: true })).toContain('\u001b[');
  });
});
