import { describe, expect, test } from '@jest/globals';
import {
  Barrier,
  CancellationToken,
  Channel,
  Condition,
  Latch,
  Mutex,
  Semaphore,
  Signal,
  ThreadPool,
  Till,
  taskModule,
} from 'thread-system';
import { until } from '../support/gate.ts';
import { fixture } from '../support/tasks.ts';

interface WaitResult {
  readonly got?: unknown;
  readonly error?: string;
  readonly message?: string;
  readonly tookMs: number;
}

const tasks = taskModule<{
  classesOf(objects: readonly object[]): string[][];
  areSame(first: object, nested: object): boolean;
  isSameAsLast(object: object): boolean;
  back(value: object): { list: object[]; map: Map<string, object>; plain: object };
  callWait(object: object, method: string, options: object): Promise<WaitResult>;
  made(name: string, ...args: unknown[]): object;
}>(fixture('shared.mjs'));

type WaitOptions = { timeoutMs?: number; token?: CancellationToken; signal?: AbortSignal };

/** A class, one that keeps whoever waits for it waiting, and how it is waited for. */
interface Kind {
  readonly name: string;
  readonly make: () => object;
  readonly method: string;
  readonly action: string;
  readonly timedOut: unknown;
}

const kinds: Kind[] = [
  { name: 'Signal', make: () => new Signal(), method: 'wait', action: 'wait for a signal', timedOut: false },
  { name: 'Till', make: () => new Till({ ms: 1e9 }), method: 'wait', action: 'wait for a signal', timedOut: false },
  {
    name: 'CancellationToken',
    make: () => new CancellationToken(),
    method: 'wait',
    action: 'wait for a token',
    timedOut: false,
  },
  { name: 'Latch', make: () => new Latch(1), method: 'wait', action: 'wait for a latch', timedOut: false },
  {
    name: 'Barrier',
    make: () => new Barrier(2),
    method: 'arriveAndWait',
    action: 'wait at a barrier',
    timedOut: false,
  },
  { name: 'Semaphore', make: () => new Semaphore(0), method: 'acquire', action: 'acquire a semaphore', timedOut: null },
  {
    name: 'Mutex',
    make: () => {
      const mutex = new Mutex();
      mutex.tryLock();
      return mutex;
    },
    method: 'lock',
    action: 'lock a mutex',
    timedOut: null,
  },
];

const call = (object: object, method: string, options: WaitOptions): Promise<unknown> =>
  (object as Record<string, (options: WaitOptions) => Promise<unknown>>)[method]?.(options) as Promise<unknown>;

/** Calls it, whether it throws or rejects. */
const attempt = async (object: object, method: string, options: unknown): Promise<unknown> =>
  call(object, method, options as WaitOptions);

describe.each(kinds)('waiting for a $name', ({ name, make, method, action, timedOut }) => {
  test('ends after its time, never before', async () => {
    for (const timeoutMs of [0, 1, 7.5, 20]) {
      const startMs = performance.now();
      expect(await call(make(), method, { timeoutMs })).toBe(timedOut);
      expect(performance.now() - startMs).toBeGreaterThanOrEqual(timeoutMs);
    }
  });

  test('ends when a token or an AbortSignal cancels it, or has', async () => {
    const token = new CancellationToken();
    const byToken = call(make(), method, { token, timeoutMs: 1e9 });
    token.cancel('enough');
    const message = `The attempt to ${action} was cancelled: enough`;
    await expect(byToken).rejects.toMatchObject({ name: 'CancelledError', reason: 'enough', message });
    await expect(attempt(make(), method, { token })).rejects.toMatchObject({ message });
    const controller = new AbortController();
    const bySignal = call(make(), method, { signal: controller.signal });
    controller.abort('enough');
    await expect(bySignal).rejects.toMatchObject({ reason: 'enough', message });
    await expect(attempt(make(), method, { signal: controller.signal })).rejects.toMatchObject({ message });
  });

  test('refuses bad options, by name, rule and value', async () => {
    const object = make();
    const refused = (options: unknown): Promise<unknown> =>
      attempt(object, method, options).then(
        () => 'taken',
        (error: Error) => `${error.name}: ${error.message}`,
      );
    expect(await refused({ timeoutMs: -1 })).toBe(
      `RangeError: Cannot ${action}: timeoutMs must be 0 or more milliseconds, received -1`,
    );
    expect(await refused({ timeoutMs: Number.NaN })).toMatch('received NaN');
    expect(await refused({ timeoutMs: '5' })).toBe(
      `TypeError: Cannot ${action}: timeoutMs must be a number of milliseconds, received '5'; write 5 without quotes, or Number(…)`,
    );
    expect(await refused({ token: 5 })).toBe(
      `TypeError: Cannot ${action}: token must be a CancellationToken, received 5`,
    );
    expect(await refused({ signal: {} })).toBe(
      `TypeError: Cannot ${action}: signal must be an AbortSignal, received an object`,
    );
    expect(await refused(null)).toBe(`TypeError: Cannot ${action}: options must be an object, received null`);
  });

  test('does not block the main thread, and says what does instead', () => {
    const sync = (make() as Record<string, () => unknown>)[`${method}Sync`];
    const variable = name === 'CancellationToken' ? 'token' : name === 'Till' ? 'signal' : name.toLowerCase();
    expect(() => sync?.call(make())).toThrow(
      new TypeError(
        `Cannot block the main thread: ${method}Sync is for tasks, use \`await ${variable}.${method}()\` here`,
      ),
    );
  });

  test('in a task, blocking or not, ends after its time and by a token', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    for (const form of [method, `${method}Sync`]) {
      const timed = await pool.submit(tasks.callWait, [make(), form, { timeoutMs: 15 }]);
      expect(timed).toMatchObject({ got: timedOut });
      expect(timed.tookMs).toBeGreaterThanOrEqual(15);
      const refused = await pool.submit(tasks.callWait, [make(), form, { timeoutMs: -1 }]);
      expect(refused).toMatchObject({ error: 'RangeError' });
      const cancelled = await pool.submit(tasks.callWait, [make(), form, { cancelledToken: true }]);
      expect(cancelled).toMatchObject({ error: 'CancelledError' });
      const token = new CancellationToken();
      const waiting = pool.submit(tasks.callWait, [make(), form, { token }]);
      await until(() => waiting.state === 'RUNNING');
      token.cancel('from here');
      expect(await waiting).toMatchObject({ error: 'CancelledError' });
    }
  });

  test('by blocking ends when the job that waits is cancelled', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY });
    const job = pool.submit(
      (object: object, sync: string) => (object as Record<string, () => unknown>)[sync]?.(),
      [make(), `${method}Sync`],
    );
    await until(() => job.state === 'RUNNING');
    job.cancel('not needed');
    await expect(job).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'not needed' });
  });
});

const mutex = new Mutex();
const all = {
  ...Object.fromEntries(kinds.map(({ name, make }) => [name, make])),
  Channel: () => new Channel(),
  Condition: () => new Condition(mutex),
};

describe.each(Object.entries(all))('a %s that crosses', (name, make) => {
  test('is one object there, however often it comes, and wherever it stands', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const object = make();
    const nested = {
      list: [object],
      map: new Map<unknown, unknown>([
        ['it', object],
        [object, 'key'],
      ]),
      set: new Set([object]),
    };
    expect(await pool.submit(tasks.areSame, [object, nested])).toBe(true);
    await pool.submit(tasks.isSameAsLast, [object]);
    expect(await pool.submit(tasks.isSameAsLast, [object])).toBe(true);
    expect(await pool.submit(tasks.isSameAsLast, [make()])).toBe(false);
  });

  test('comes back as itself', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const object = make();
    const { list, map, plain } = await pool.submit(tasks.back, [object]);
    expect(list[0]).toBe(object);
    expect(map.get('it')).toBe(object);
    expect(plain).toBe(object);
  });

  test('is an instance of its class, whichever copy of the library looks', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const [classes] = await pool.submit(tasks.classesOf, [[make()]]);
    expect(classes).toEqual(name === 'Till' ? ['Signal', 'Till'] : [name]);
  });
});

test('an object that a task made is one here, too', async () => {
  await using pool = new ThreadPool({ maxWorkers: 2 });
  const token = (await pool.submit(tasks.made, ['CancellationToken'])) as CancellationToken;
  expect(token).toBeInstanceOf(CancellationToken);
  const semaphore = (await pool.submit(tasks.made, ['Semaphore', 3])) as Semaphore;
  expect(semaphore).toBeInstanceOf(Semaphore);
  expect(semaphore.tryAcquire()).toBe(true);
  const value = pool.submit((theirs: Semaphore) => theirs.value, [semaphore]);
  expect(await value).toBe(2);
  const latch = (await pool.submit(tasks.made, ['Latch', 1])) as Latch;
  const waiting = pool.submit((theirs: Latch) => theirs.waitSync(), [latch]);
  latch.countDown();
  expect(await waiting).toBe(true);
});
