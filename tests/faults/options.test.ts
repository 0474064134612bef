import { describe, expect, test } from '@jest/globals';
import {
  Barrier,
  CancellationToken,
  Channel,
  Condition,
  Job,
  JobGraph,
  Latch,
  Mutex,
  Semaphore,
  Signal,
  shutdownAll,
  Thread,
  ThreadPool,
  Till,
  taskModule,
} from 'thread-system';
import { occupy } from '../support/gate.ts';
import { takersOfOptions } from '../support/public-options.ts';
import { fixture, tasks } from '../support/tasks.ts';

/** What is called, and what it is called on. Each would wait, or do something, if it took the options. */
interface Taker {
  readonly name: string;
  readonly call: (options: never, on: { readonly pool: ThreadPool; readonly mutex: Mutex }) => unknown;
  /** Options by which it does next to nothing. */
  readonly harmless: object;
  /** It takes a function in their place. */
  readonly takesFunction?: true;
}

const NOW = { timeoutMs: 0 };

const takers: readonly Taker[] = [
  { name: 'new ThreadPool', call: (options) => new ThreadPool(options), harmless: { maxWorkers: 1 } },
  {
    name: 'ThreadPool.submit',
    call: (options, { pool }) => pool.submit(tasks.add, [1, 2], options),
    harmless: { priority: 1 },
  },
  {
    name: 'ThreadPool.submitMany',
    call: (options, { pool }) => pool.submitMany(tasks.add, [[1, 2]], options),
    harmless: { name: 'n' },
  },
  {
    name: 'ThreadPool.map',
    call: (options, { pool }) => pool.map((x: number) => x, [4], options),
    harmless: { chunk: 1 },
  },
  {
    name: 'ThreadPool.schedule',
    call: (options, { pool }) => pool.schedule(tasks.add, [1, 2], options).cancel(),
    harmless: { everyMs: 1e6 },
  },
  { name: 'ThreadPool.asCompleted', call: (options, { pool }) => pool.asCompleted([], options), harmless: NOW },
  { name: 'ThreadPool.results', call: (options, { pool }) => pool.results(options), harmless: { limit: 1 } },
  { name: 'ThreadPool.failures', call: (options, { pool }) => pool.failures(options), harmless: { limit: 1 } },
  { name: 'ThreadPool.waitAll', call: (options, { pool }) => pool.waitAll(options), harmless: NOW },
  { name: 'ThreadPool.shutdown', call: (options, { pool }) => pool.shutdown(options), harmless: { mode: 'abort' } },
  {
    name: 'ThreadPool.handleSignals',
    call: (options) => ThreadPool.handleSignals(options)(),
    harmless: { signals: ['SIGUSR2'] },
  },
  { name: 'shutdownAll', call: (options) => shutdownAll(options), harmless: { mode: 'abort' } },
  { name: 'new Job', call: (options) => new Job(tasks.add, [1, 2], options), harmless: { timeoutMs: 1 } },
  { name: 'ThreadPool.group', call: (options, { pool }) => pool.group('g', options), harmless: { concurrency: 1 } },
  {
    name: 'JobGroup.group',
    call: (options, { pool }) => pool.group('g').group('part', options),
    harmless: { concurrency: 1 },
  },
  {
    name: 'JobGroup.submit',
    call: (options, { pool }) => pool.group('g').submit(tasks.add, [1, 2], options),
    harmless: { front: true },
  },
  {
    name: 'JobGroup.submitMany',
    call: (options, { pool }) => pool.group('g').submitMany(tasks.add, [[1, 2]], options),
    harmless: { delayMs: 0 },
  },
  {
    name: 'JobGroup.waitAll',
    call: (options, { pool }) => {
      const group = pool.group('g');
      pool.pause();
      void group.submit(tasks.add, [1, 2]);
      return group.waitAll(options);
    },
    harmless: NOW,
  },
  {
    name: 'ThreadPool.top',
    call: (options, { pool }) => pool.top(options).close(),
    harmless: { everyMs: 1e6, output: { write: () => {} } },
  },
  {
    name: 'ThreadPool.trace',
    call: (options, { pool }) => pool.trace(options),
    harmless: { lastMs: 1 },
    takesFunction: true,
  },
  { name: 'new JobGraph', call: (options) => new JobGraph(options), harmless: { onFailure: 'failFast' } },
  {
    name: 'JobGraph.add',
    call: (options) => new JobGraph().add('a', tasks.add, [1, 2], options),
    harmless: { priority: 1 },
  },
  {
    name: 'JobGraph.run',
    call: (options, { pool }) => new JobGraph().run(pool, options),
    harmless: { token: new CancellationToken() },
  },
  {
    name: 'Thread.run',
    call: (options) => Thread.run('t', tasks.add, [1, 2], options).join(),
    harmless: { timeoutMs: 1e6 },
  },
  { name: 'new Till', call: (options) => new Till(options), harmless: { ms: 1 } },
  { name: 'Till.wait', call: (options) => new Till({ ms: 50 }).wait(options), harmless: NOW },
  { name: 'Signal.wait', call: (options) => new Signal().wait(options), harmless: NOW },
  { name: 'Latch.wait', call: (options) => new Latch(1).wait(options), harmless: NOW },
  { name: 'CancellationToken.wait', call: (options) => new CancellationToken().wait(options), harmless: NOW },
  { name: 'Barrier.arriveAndWait', call: (options) => new Barrier(2).arriveAndWait(options), harmless: NOW },
  { name: 'Semaphore.acquire', call: (options) => new Semaphore(0).acquire(options), harmless: NOW },
  { name: 'Mutex.lock', call: (options, { mutex }) => mutex.lock(options), harmless: NOW },
  { name: 'Condition.wait', call: (options, { mutex }) => new Condition(mutex).wait(options), harmless: NOW },
  { name: 'new Channel', call: (options) => new Channel(options), harmless: { capacity: 2 } },
  { name: 'Channel.send', call: (options) => new Channel().send(1, options), harmless: NOW },
  { name: 'Channel.receive', call: (options) => new Channel().receive(options), harmless: NOW },
  { name: 'Channel.receiveMany', call: (options) => new Channel().receiveMany(1, options), harmless: NOW },
  {
    name: 'ThreadPool.once',
    call: (options, { pool }) => pool.once('idle', options),
    harmless: { signal: new AbortController().signal },
    takesFunction: true,
  },
];

/** Takes the cause of an error that may come with others besides its message, but no options of the library's. */
const ERRORS = /^new \w+Error$/;
/** What the pools of a process and of a cluster have in common: it is tested with each. */
const IN_COMMON = /^Submitter/;
/** Called in a task: see `tests/tasks/options.mjs`. */
interface InTasks {
  names(): string[];
  refusal(name: string, options: unknown): Promise<string>;
  withInherited(name: string, own: object): Promise<string>;
}
const inTasks = taskModule<InTasks>(fixture('options.mjs'));

/** What it throws, or rejects with; 'accepted' where it does not within a turn or two of the event loop. */
async function refusalOf(taker: Taker, options: unknown): Promise<string> {
  const pool = new ThreadPool({ kind: 'inline', maxWorkers: 1 });
  const mutex = new Mutex();
  mutex.tryLock();
  try {
    const called = Promise.resolve(taker.call(options as never, { pool, mutex }));
    const later = new Promise((resolve) => setTimeout(resolve, 20));
    await Promise.race([called, later]);
    called.catch(() => {});
    return 'accepted';
  } catch (error) {
    return String(error);
  } finally {
    await pool.shutdown({ mode: 'abort' });
  }
}

test('the table holds all that takes options, as the published types say', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const tested = [...takers.map(({ name }) => name), ...(await pool.submit(inTasks.names))];
  const taking = takersOfOptions().filter((name) => !ERRORS.test(name) && !IN_COMMON.test(name));
  expect(taking.filter((name) => !tested.includes(name))).toEqual([]);
  expect(tested.filter((name) => !taking.includes(name))).toEqual([]);
});

describe.each(takers)('options of $name', (taker) => {
  test('refuse a name that there is not, and name those that there are', async () => {
    const refusal = await refusalOf(taker, { ...taker.harmless, nonsense: 1 });
    expect(refusal).toMatch(/^TypeError: Cannot .*: there is no option 'nonsense'; the options are \w+/);
    const [name = ''] = Object.keys(taker.harmless);
    const misspelt = await refusalOf(taker, { [`${name}s`]: 1 });
    expect(misspelt).toContain(`'${name}s' (did you mean '${name}'?)`);
  });

  test.each([500, 'abort', true, null, [], () => {}, AbortSignal.abort(), Symbol('s')])(
    'refuse what is no object of options: %p',
    async (options) => {
      if (taker.takesFunction && typeof options === 'function') return;
      expect(await refusalOf(taker, options)).toMatch(/^TypeError: Cannot .* must be an object, received /);
    },
  );

  test('refuse a token that is given in their place', async () => {
    expect(await refusalOf(taker, new CancellationToken())).toMatch(
      /^TypeError: Cannot .*, received an instance of CancellationToken$/,
    );
  });

  test('are own properties: what is inherited is neither obeyed nor refused', async () => {
    const poison = new Proxy(
      {},
      { get: (_target, name) => (typeof name === 'symbol' ? undefined : 'poison'), has: () => true },
    );
    expect(await refusalOf(taker, Object.assign(Object.create(poison), taker.harmless))).toBe('accepted');
  });

  test('may be not enumerable, or undefined; symbols, and other hidden names, are ignored as in Node.js', async () => {
    const hidden = Object.defineProperties(
      { [Symbol('nonsense')]: 1 },
      {
        nonsense: { value: 1, enumerable: false },
        ...Object.fromEntries(
          Object.entries(taker.harmless).map(([name, value]) => [name, { value, enumerable: false }]),
        ),
      },
    );
    expect(await refusalOf(taker, hidden)).toBe('accepted');
    const [name = ''] = Object.keys(taker.harmless);
    const wrong = Object.defineProperty({}, name, { value: Symbol('wrong'), enumerable: false });
    expect(await refusalOf(taker, wrong)).toMatch(/^TypeError: Cannot /);
    if (taker.name !== 'ThreadPool.schedule' && taker.name !== 'new Till')
      expect(await refusalOf(taker, { [name]: undefined })).toBe('accepted');
  });

  test('are read once each', async () => {
    const reads: string[] = [];
    const given = {};
    for (const [name, value] of Object.entries(taker.harmless))
      Object.defineProperty(given, name, {
        enumerable: true,
        get: () => {
          reads.push(name);
          return value;
        },
      });
    expect(await refusalOf(taker, given)).toBe('accepted');
    expect(reads).toEqual(Object.keys(taker.harmless));
  });
});

describe.each(['thread', 'process', 'inline'] as const)('options in a task of kind %s', (kind) => {
  test('refuse the same, in waits that block and in others', async () => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    const all = await pool.submit(inTasks.names);
    expect(all.length).toBeGreaterThan(10);
    for (const name of all) {
      if (kind === 'inline' && name.endsWith('Sync')) continue; // there is no other thread to wait for
      expect([name, await pool.submit(inTasks.refusal, [name, { nonsense: 1 }])]).toEqual([
        name,
        expect.stringMatching(/^TypeError: Cannot .*: there is no option 'nonsense'; the options are /),
      ]);
      expect([name, await pool.submit(inTasks.refusal, [name, 500])]).toEqual([
        name,
        expect.stringMatching(/^TypeError: Cannot .* must be an object, received 500/),
      ]);
      const own =
        name === 'new Till' ? { ms: 1 } : name === 'CurrentJob.submit' ? { timeoutMs: 1e6 } : { timeoutMs: 0 };
      expect([name, await pool.submit(inTasks.withInherited, [name, own])]).toEqual([name, 'accepted']);
    }
  });
});

const retry = (options: object): unknown => new Job(tasks.add, [1, 2], { retry: options as never });
const poolWith = (options: object): unknown => new ThreadPool(options as never);

test.each<[string, () => unknown]>([
  ["there is no option 'retry.times'", () => retry({ maxAttempts: 2, times: 1 })],
  [
    "there is no option 'aging.steps' (did you mean 'aging.step'?)",
    () => poolWith({ aging: { everyMs: 1, steps: 1 } }),
  ],
  ["there is no option 'workerss'", () => poolWith({ reserved: [{ atLeast: 1, workerss: 1 }] })],
  ["there is no option 'resourceLimits.stackSize'", () => poolWith({ resourceLimits: { stackSize: 1 } })],
  ['resourceLimits must be an object, received 7', () => poolWith({ resourceLimits: 7 })],
  ['resourceLimits.stackSizeMb must be a number', () => poolWith({ resourceLimits: { stackSizeMb: '4' } })],
  ['retry must be an object, received 3', () => retry(3 as never)],
  ['retry must be an object, received an array', () => retry([])],
  ['env must be an object, received 1', () => poolWith({ env: 1 })],
])('options within options: %s', (message, call) => {
  expect(call).toThrow(TypeError);
  expect(call).toThrow(message);
});

test('what options are made of may change once they were given', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  using gate = await occupy(pool);
  const first = pool.submit(tasks.add, [1, 2]);
  const deadline = new Date(Date.now() + 1e6);
  const dependsOn: Job[] = [first];
  const attempts = { maxAttempts: 2 };
  const options = { deadline, dependsOn, retry: attempts, priority: 1, name: 'own' };
  const job = pool.submit(tasks.failUntil, [2], options);
  deadline.setTime(0);
  dependsOn.push(new Job(tasks.add, [1, 1]));
  attempts.maxAttempts = 1;
  Object.assign(options, { name: 'other', nonsense: 1 });
  gate.open();
  expect(await job).toBe(2);
  expect([job.name, job.attempts]).toEqual(['own', 2]);
});

test('what takes no options refuses them', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const thread = Thread.run('t', tasks.add, [1, 2]);
  const surplus = { timeoutMs: 5 } as never;
  const more =
    (fn: (...args: never[]) => unknown, ...args: unknown[]): (() => unknown) =>
    () =>
      fn.apply(pool, args as never[]);
  expect(more(pool.ready, surplus)).toThrow(
    'Cannot wait for room in the queue: it takes no options, received an object',
  );
  expect(more(pool.broadcast, tasks.add, [1, 2], surplus)).toThrow('Cannot broadcast: it takes no options');
  expect(more(pool.profile, () => {}, surplus)).toThrow('Cannot profile: it takes no options');
  expect(more(pool.resize, undefined)).toThrow(
    new TypeError('Cannot resize pool: maxWorkers must be an integer, received undefined'),
  );
  await expect((thread.join as (options: unknown) => Promise<unknown>).call(thread, surplus)).rejects.toThrow(
    "Cannot join thread 't': it takes no options",
  );
  expect(await thread.join()).toBe(3);
});

test('a wait for a group is given up when its time has passed', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  using gate = await occupy(pool);
  const group = pool.group('g');
  const job = group.group('inner').submit(tasks.add, [1, 2]);
  expect(await group.waitAll({ timeoutMs: 1 })).toBe(false);
  gate.open();
  expect(await group.waitAll({ timeoutMs: 60_000 })).toBe(true);
  expect(job.state).toBe('COMPLETED');
});
