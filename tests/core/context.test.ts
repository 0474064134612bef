import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, test } from '@jest/globals';
import {
  CancellationToken,
  type ContextStores,
  type CurrentJob,
  Job,
  JobGraph,
  type JobOptions,
  NotCloneableError,
  type Schedule,
  Thread,
  ThreadPool,
  type ThreadPoolOptions,
  taskModule,
} from 'thread-system';
import { Gate, occupy } from '../support/gate.ts';
import { runProgram } from '../support/program.ts';
import { fixture, tasks } from '../support/tasks.ts';

interface Trace {
  readonly id: string;
}

type Seen = Readonly<Record<string, unknown>>;

/** The types of `tests/tasks/context.mjs`. */
interface ContextTasks {
  seen(): Seen;
  isFrozen(): boolean;
  seenFor(item: number): { item: number; trace: unknown };
  seenTwice(): { attempt: number; context: Seen };
  seenByChildren(depth: number): Promise<Readonly<Record<'bare' | 'own' | 'empty', Seen>> & { grandchild: unknown }>;
  refusals(): string[];
  childWithOptions(options: unknown): Promise<unknown>;
}

const { seen, isFrozen, seenFor, seenTwice, seenByChildren, refusals, childWithOptions } = taskModule<ContextTasks>(
  fixture('context.mjs'),
);
const trace = new AsyncLocalStorage<unknown>();
const user = new AsyncLocalStorage<unknown>();
const context: ContextStores = { trace };

describe.each(['thread', 'process', 'inline'] as const)('in a pool of kind %s a task sees', (kind) => {
  const makePool = (options: ThreadPoolOptions = {}): ThreadPool => new ThreadPool({ kind, maxWorkers: 1, ...options });
  const at = <T>(id: string, fn: () => T): T => trace.run({ id } satisfies Trace, fn);

  test('the values that were current where its job was submitted', async () => {
    await using pool = makePool();
    const first = at('first', () => pool.submit(seen, [], { context }));
    const second = at('second', () => user.run('Ada', () => pool.submit(seen, [], { context: { trace, user } })));
    expect(await first).toEqual({ trace: { id: 'first' } });
    expect(await second).toEqual({ trace: { id: 'second' }, user: 'Ada' });
  });

  test('undefined where there was none, and an empty object without the option', async () => {
    await using pool = makePool();
    expect(await pool.submit(seen, [], { context })).toEqual({ trace: undefined });
    expect(await pool.submit(seen)).toEqual({});
    expect(await pool.submit(seen, [], { context: {} })).toEqual({});
    expect(await pool.submit(isFrozen)).toBe(true);
    expect(await at('a', () => pool.submit(isFrozen, [], { context }))).toBe(true);
  });

  test('them in `this` too, as copies of its own', async () => {
    await using pool = makePool();
    const store = { count: 0 };
    const count = function (this: CurrentJob<{ trace: { count: number } }>): number | undefined {
      const { trace: own } = this.context;
      return own === undefined ? undefined : ++own.count;
    };
    const jobs = trace.run(store, () => [1, 2].map(() => pool.submit(count, [], { context })));
    expect(await Promise.all(jobs)).toEqual([1, 1]);
    expect(store.count).toBe(0);
  });

  test('values of any kind that can be cloned, beside any number of arguments, a name and an attempt', async () => {
    await using pool = makePool();
    const store = { when: new Date(5), map: new Map([['a', 1n]]), long: 'x'.repeat(10_000) };
    const echo = function (this: CurrentJob, ...args: unknown[]): unknown {
      return { args, name: this.name, context: this.context };
    };
    for (const value of [1, 'text', null, { plain: [1, true] }, store])
      for (let length = 0; length <= 8; length++) {
        const args = Array.from({ length }, (_, i) => i);
        const expected = { args, name: 'mine', context: { trace: value } };
        const job = trace.run(value, () => pool.submit(echo, args, { context, name: 'mine' }));
        expect(await job).toEqual(expected);
      }
  });

  test('the same in each attempt', async () => {
    await using pool = makePool();
    const job = at('first', () => pool.submit(seenTwice, [], { context, retry: { maxAttempts: 2 } }));
    expect(await at('other', () => job)).toEqual({ attempt: 2, context: { trace: { id: 'first' } } });
  });

  test('what was current at submitJob, not where the Job was made', async () => {
    await using pool = makePool();
    const job = at('made', () => new Job(seen, [], { context }));
    expect(await at('submitted', () => pool.submitJob(job))).toEqual({ trace: { id: 'submitted' } });
  });

  test('what was current at submitMany, map and in a group', async () => {
    await using pool = makePool();
    const many = at('many', () => pool.submitMany(seen, [[], []], { context }));
    expect(await Promise.all(many)).toEqual([{ trace: { id: 'many' } }, { trace: { id: 'many' } }]);
    const items = Array.from({ length: 10 }, (_, i) => i);
    const mapped = at('map', () => pool.map(seenFor, items, { context, chunk: 1 }));
    const results = await at('elsewhere', async () => {
      const list: unknown[] = [];
      for await (const result of mapped) list.push(result); // sends further items
      return list;
    });
    expect(results).toEqual(items.map((item) => ({ item, trace: { id: 'map' } })));
    await using group = pool.group('some');
    expect(await at('group', () => group.submit(seen, [], { context }))).toEqual({ trace: { id: 'group' } });
  });

  test('in each node of a graph what was current when it was run', async () => {
    await using pool = makePool();
    const graph = new JobGraph();
    const fail = (): Seen => {
      throw new Error('no');
    };
    const [first, second] = at('made', () => {
      const a = graph.add('a', seen, [], { context });
      const b = graph.add('b', fail, [], { context, fallback: seen });
      graph.connect(a, b);
      return [a, b];
    });
    await at('run', () => graph.run(pool));
    expect([first.job?.result, second.job?.result]).toEqual([{ trace: { id: 'run' } }, { trace: { id: 'run' } }]);
  });

  test('in each run of a schedule what was current when it was scheduled', async () => {
    await using pool = makePool();
    const results: unknown[] = [];
    let schedule: Schedule | undefined;
    at('elsewhere', () => pool.submit(tasks.echo, [1], { delayMs: 1 })); // its timer comes first, and wakes the schedule
    await new Promise<void>((resolve) => {
      pool.on('jobCompleted', (job) => {
        if (job.name === 'seen') results.push(job.result);
        if (results.length === 2) resolve();
      });
      schedule = at('scheduled', () => pool.schedule(seen, [], { everyMs: 5, context }));
    });
    schedule?.cancel();
    expect(results.slice(0, 2)).toEqual([{ trace: { id: 'scheduled' } }, { trace: { id: 'scheduled' } }]);
  });

  test("in a child what its parent sees, and the child's own values in their place", async () => {
    await using pool = makePool();
    const job = trace.run({ id: 'root' }, () =>
      user.run('Ada', () => pool.submit(seenByChildren, [1], { context: { trace, user } })),
    );
    const below = (id: string) => ({
      bare: { trace: { id }, user: 'Ada' },
      own: { trace: { id: 'own' }, user: 'Ada' },
      empty: { trace: undefined, user: 'Ada' },
    });
    expect(await job).toEqual({ ...below('root'), grandchild: { ...below('outer'), grandchild: undefined } });
    expect(await pool.submit(seenByChildren, [0])).toMatchObject({ bare: {}, own: { trace: { id: 'own' } } });
  });

  test('a token, cancelled with the one that was given', async () => {
    await using pool = makePool();
    const token = new CancellationToken();
    const wait = async function (this: CurrentJob<{ token: CancellationToken }>): Promise<boolean | undefined> {
      this.report('begun');
      return await this.context.token?.wait();
    };
    const stores = { token: { getStore: () => token } };
    const job = pool.submit(wait, [], { context: stores });
    for await (const _ of job.progress) token.cancel();
    expect(await job).toBe(true);
  });
});

describe('a value that cannot be cloned', () => {
  test.each(['thread', 'process', 'inline'] as const)(
    'fails the job, and is named, in a pool of kind %s',
    async (kind) => {
      await using pool = new ThreadPool({ kind, maxWorkers: 1 });
      const submit = (args: unknown[], options: JobOptions = {}): Job =>
        trace.run({ span: { end: () => {} } }, () =>
          pool.submit((..._: unknown[]) => 1, args, { context, ...options }),
        );
      for (const job of [
        submit([]),
        submit([{ big: 'x'.repeat(10_000) }, 2], { name: 'mine' }),
        submit([1, 2, 3, 4, 5, 6, 7]),
      ]) {
        const error = await job.catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(NotCloneableError);
        expect(error).toMatchObject({ path: 'context.trace.span.end' });
        expect(String(error)).toContain('context.trace.span.end');
        expect(job.state).toBe('FAILED');
      }
      const other = pool.submit((..._: unknown[]) => 1, [1, () => {}], { context, name: 'mine' });
      await expect(other).rejects.toMatchObject({ path: 'args[1]' });
      expect(await pool.submit(seen, [], { context })).toEqual({ trace: undefined });
    },
  );

  test.each(['thread', 'process', 'inline'] as const)(
    'is refused for a child at its submit, in a pool of kind %s',
    async (kind) => {
      await using pool = new ThreadPool({ kind, maxWorkers: 1 });
      const [notStore, notObject, notCloneable] = await pool.submit(refusals);
      expect(notStore).toBe(
        "TypeError: Cannot submit child 'seen': context.trace must be an AsyncLocalStorage, or have its getStore(), received 'x'",
      );
      expect(notObject).toContain('context must be an object { name: asyncLocalStorage }, received null');
      expect(notCloneable).toMatch(/^NotCloneableError: .*context\.trace\.fn/);
    },
  );
});

test('bad options of a child are refused as before', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  expect(await pool.submit(childWithOptions, [5])).toBe(
    "TypeError: Cannot submit child 'seen': options must be an object, received 5",
  );
  expect(await pool.submit(childWithOptions, [{ prio: 1 }])).toMatch(
    /no option 'prio' .*; the options are .*context, name/,
  );
  expect(await pool.submit(childWithOptions, [{ context: undefined }])).toEqual({});
});

test('a job that is taken back from a worker that dies keeps its context', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1, graceMs: 0 });
  await Promise.all(Array.from({ length: 300 }, () => pool.submit(seen, [], { context }))); // others are sent ahead
  using gate = new Gate();
  const held = pool.submit(tasks.hold, [gate.words]);
  const job = trace.run({ id: 'kept' }, () => pool.submit(seen, [], { context }));
  await gate.reachedBy(1);
  held.cancel();
  expect(await job).toEqual({ trace: { id: 'kept' } });
});

test('a job that joins another by its key leaves that one its context', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  using gate = await occupy(pool);
  const job = trace.run('first', () => pool.submit(seen, [], { context, key: 'k' }));
  expect(trace.run('second', () => pool.submit(seen, [], { context, key: 'k' }))).toBe(job);
  gate.open();
  expect(await job).toEqual({ trace: 'first' });
});

test('a named thread sees it too', async () => {
  const thread = trace.run('here', () => Thread.run('one', seen, [], { context }));
  expect(await thread.join()).toEqual({ trace: 'here' });
});

test('a settled job lets the values go', async () => {
  const { stdout, stderr } = await runProgram(
    `
    import { AsyncLocalStorage } from 'node:async_hooks';
    import { setTimeout } from 'node:timers/promises';
    import { ThreadPool } from 'thread-system';
    const pool = new ThreadPool({ maxWorkers: 1 });
    const trace = new AsyncLocalStorage();
    let gone = 0;
    const watch = new FinalizationRegistry(() => gone++);
    await pool.submit(() => 1); // a thread keeps the context it was started in
    const submit = () => {
      const store = { big: new Array(1000).fill(0) };
      watch.register(store);
      return trace.run(store, () => pool.submit(() => 1, [], { context: { trace } }));
    };
    const jobs = [submit(), submit(), submit()];
    await pool.waitAll();
    while (gone < 3) {
      globalThis.gc();
      await setTimeout(1);
    }
    console.log(gone, jobs.length);
    `,
    { flags: ['--expose-gc'] },
  );
  expect({ stdout, stderr }).toEqual({ stdout: '3 3\n', stderr: '' });
});

test.each<[unknown, string]>([
  ['trace', "context must be an object { name: asyncLocalStorage }, received 'trace'"],
  [null, 'context must be an object { name: asyncLocalStorage }, received null'],
  [trace, 'context must be an object { name: asyncLocalStorage }, received an instance of AsyncLocalStorage'],
  [{ trace: { id: 1 } }, 'context.trace must be an AsyncLocalStorage, or have its getStore(), received an object'],
  [{ trace, user: undefined }, 'context.user must be an AsyncLocalStorage, or have its getStore(), received undefined'],
])('a context of %p is refused', async (value, message) => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const options = { context: value } as JobOptions;
  expect(() => pool.submit(seen, [], options)).toThrow(new TypeError(`Cannot make job 'seen': ${message}`));
  expect(() => pool.schedule(seen, [], { ...options, everyMs: 1 } as never)).toThrow(message);
  expect(() => pool.map(seenFor, [1], options as never)).toThrow(message);
  expect(() => new JobGraph().add('a', seen, [], options as never)).toThrow(message);
});

describe.each(['thread', 'process', 'inline'] as const)('the context of a pool of kind %s', (kind) => {
  const makePool = (options: ThreadPoolOptions = {}): ThreadPool =>
    new ThreadPool({ kind, maxWorkers: 1, context, ...options });
  const at = <T>(id: string, fn: () => T): T => trace.run({ id }, fn);

  test('is that of every job, its children, its maps and its schedules; the names of a job win', async () => {
    await using pool = makePool();
    const jobs = at('now', () => [
      pool.submit(seen),
      pool.submit(seen, [], { priority: 3 }),
      pool.submit(seen, [], { context: { user } }),
      pool.submit(seen, [], { context: { trace: { getStore: () => 'own' } } }),
      ...pool.submitMany(seen, [[]]),
      pool.submitJob(new Job(seen)),
    ]);
    const now = { trace: { id: 'now' } };
    expect(await Promise.all(jobs)).toEqual([now, now, { ...now, user: undefined }, { trace: 'own' }, now, now]);
    const family = await at('parent', () => pool.submit(seenByChildren, [1]));
    expect(family.bare).toEqual({ trace: { id: 'parent' } });
    expect(await at('map', () => pool.map(seenFor, [1, 2]))).toEqual([
      { item: 1, trace: { id: 'map' } },
      { item: 2, trace: { id: 'map' } },
    ]);
    const schedule = at('schedule', () => pool.schedule(seen, [], { everyMs: 1 }));
    const [scheduled] = await new Promise<[Job]>((resolve) => pool.on('jobCompleted', (job) => resolve([job])));
    schedule.cancel();
    expect(scheduled.result).toEqual({ trace: { id: 'schedule' } });
  });

  test('is checked when the pool is made', () => {
    expect(() => makePool({ context: trace as never })).toThrow(
      /^Cannot create pool: context must be an object \{ name: asyncLocalStorage \}, received /,
    );
    expect(() => makePool({ context: { trace: 5 } as never })).toThrow(
      /^Cannot create pool: context.trace must be an AsyncLocalStorage/,
    );
  });

  test('may be that of a pool with a bounded queue, and of jobs with a key', async () => {
    await using pool = makePool({ maxQueue: 5 });
    expect(await at('bounded', () => pool.submit(seen))).toEqual({ trace: { id: 'bounded' } });
    const [one, same] = [
      at('one', () => pool.submit(seen, [], { key: 1 })),
      at('two', () => pool.submit(seen, [], { key: 1 })),
    ];
    expect(same).toBe(one);
    expect(await one).toEqual({ trace: { id: 'one' } });
  });
});
