import { describe, expect, test } from '@jest/globals';
import { type CurrentJob, type Job, ThreadPool, type ThreadPoolOptions, taskModule } from 'thread-system';
import { runProgram } from '../support/program.ts';

type Replaceable = readonly [owner: string, isOfPrototype: boolean, index: number, text: string];

/** The types of `tests/tasks/replacing.mjs`. */
interface ReplacingTasks {
  replaceables(): Replaceable[];
  replace(owner: string, isOfPrototype: boolean, index: number): void;
  restore(): void;
  echo<T>(value: T): T;
  later<T>(value: T): Promise<T>;
  fails(): never;
  takeOver(): boolean;
  oldPromise<T>(value: T): Promise<T>;
  oldRejection(reason: unknown): Promise<never>;
  thenable<T>(value: T): Promise<T>;
  callableThenable<T>(value: T): Promise<T>;
  thenableOnce<T>(value: T): Promise<[T, number]>;
  throwingThenable(): Promise<never>;
}

const file = new URL('../tasks/replacing.mjs', import.meta.url);
const tasks = taskModule<ReplacingTasks>(file);
const KINDS = ['thread', 'process', 'inline'] as const;

/** How a job ended. */
async function ended(job: Job): Promise<unknown> {
  try {
    return await job;
  } catch (error) {
    return (error as Error).message;
  }
}

describe('a task that replaces what is built in', () => {
  test('harms no other job: each global, each method, one after the other', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const value = { list: ['text', 1.5], map: new Map([[1, new Set(['a'])]]), when: new Date(0) };
    const harmed: string[] = [];
    for (const [owner, isOfPrototype, index, text] of await pool.submit(tasks.replaceables)) {
      await pool.submit(tasks.replace, [owner, isOfPrototype, index]);
      const answers = await Promise.all([
        ended(pool.submit(tasks.echo, [value])),
        ended(pool.submit(tasks.echo, [['plain', { n: 1 }]])),
        ended(pool.submit(tasks.later, ['later'])),
        ended(pool.submit(tasks.fails)),
      ]);
      await pool.submit(tasks.restore);
      // the error may say less than it should, where what its stack is read by was replaced: the job fails all the same
      const right = [value, ['plain', { n: 1 }], 'later', expect.any(String)];
      for (const [i, answer] of answers.entries())
        if (!isSame(answer, right[i])) harmed.push(`${text}: ${String(answer)}`);
    }
    // the task's own code asks for `Error`; Node's own async hooks and contexts, in some versions, for the others
    const expected = /^(Error|Array\.prototype\.(pop|push)|MapIterator\.prototype\.next): .*/;
    expect(harmed.filter((text) => !expected.test(text))).toEqual([]);
  });
});

function isSame(answer: unknown, right: unknown): boolean {
  try {
    expect(answer).toEqual(right);
    return true;
  } catch {
    return false;
  }
}

describe.each(KINDS)('a foreign promise of a task (%s)', (kind) => {
  const makePool = (options: ThreadPoolOptions = {}) => new ThreadPool({ kind, maxWorkers: 1, ...options });

  test('is resolved as await does', async () => {
    await using pool = makePool();
    expect(await pool.submit(tasks.oldPromise, ['old'])).toBe('old');
    expect(await pool.submit(tasks.thenable, ['twice'])).toBe('twice');
    expect(await pool.submit(tasks.callableThenable, ['called'])).toBe('called');
    expect(await pool.submit(tasks.thenableOnce, ['once'])).toEqual(['once', 1]);
    await expect(pool.submit(tasks.throwingThenable)).rejects.toThrow(new RangeError('thrown by then'));
    await expect(pool.submit(tasks.oldRejection, ['no'])).rejects.toMatchObject({ thrown: 'no' });
  });
});

describe.each(['thread', 'process'] as const)('another class takes the name Promise in a task (%s)', (kind) => {
  test('its promises and native ones are both awaited', async () => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    expect(await pool.submit(tasks.takeOver)).toBe(true);
    expect(await pool.submit(tasks.oldPromise, [1])).toBe(1);
    expect(await pool.submit(tasks.later, [2])).toBe(2);
    expect(await pool.submit((x: number) => x + 1, [2])).toBe(3);
    await expect(pool.submit(tasks.oldRejection, ['no'])).rejects.toMatchObject({ thrown: 'no' });
  });
});

/** A program that fakes or replaces something, before or after it loads the library, and then uses it. */
const program = (before: string, after: string, kind: string): string => `
  const real = { setTimeout };
  const Native = Promise;
  const { OldPromise } = await import(${JSON.stringify(file.href)});
  ${before}
  const { ThreadPool, taskModule } = await import('thread-system');
  ${after}
  const pool = new ThreadPool({ kind: '${kind}', maxWorkers: 1, graceMs: 20 });
  const tasks = taskModule(new URL(${JSON.stringify(file.href)}));
  const promises = [pool.submit(() => 1).then((x) => x), pool.submit(() => 1).catch(() => 1), pool.waitAll()];
  const stopped = pool.submit(async () => { for (;;) await new Promise((go) => setTimeout(go, 1)); }, [], { timeoutMs: 20 })
    .catch(({ name }) => name);
  const values = [
    await pool.submit((x) => x + 1, [41]),
    await pool.submit(tasks.later, ['later']),
    await pool.map((x) => x * 2, [1, 2, 3]),
    await stopped,
    promises.every((promise) => promise instanceof Native),
  ];
  await pool.shutdown();
  console.log(JSON.stringify(values));
  process.exit();
`;

const FAKED = "const { mock } = await import('node:test'); mock.timers.enable();";
const TAKEN = 'globalThis.Promise = OldPromise;';
const THROWING = `
  for (const Class of [Array, Map, Set, Promise])
    for (const key of Object.getOwnPropertyNames(Class.prototype))
      if (/^(get|has|delete|map|filter|some|every|includes|indexOf|splice|finally)$/.test(key))
        Class.prototype[key] = () => { throw new Error('replaced'); };
`;

describe.each(KINDS)('a program that replaces what is built in (%s)', (kind) => {
  test.each([
    ['timers, before it loads the library', FAKED, ''],
    ['timers, after it', '', FAKED],
    ['Promise, before', TAKEN, ''],
    ['Promise, after', '', TAKEN],
  ])('%s', async (_what, before, after) => {
    const { stdout, stderr } = await runProgram(program(before, after, kind));
    expect([stdout, stderr.replace(/^.*(Warning|trace-warnings).*\n/gm, '')]).toEqual([
      '[42,"later",[2,4,6],"JobTimeoutError",true]\n',
      '',
    ]);
  });
});

test.each(['thread', 'inline'])('a main thread whose methods throw by now runs jobs as ever (%s)', async (kind) => {
  const run = `
    import { ThreadPool } from 'thread-system';
    const pool = new ThreadPool({ kind: '${kind}', maxWorkers: 2 });
    await pool.submit(() => 1);
    ${THROWING}
    const jobs = [];
    for (let i = 0; i < 50; i++) jobs[jobs.length] = pool.submit((x, y) => [x, y], [i, { i }]);
    for (let i = 0; i < 50; i++) if ((await jobs[i])[1].i !== i) process.exit(1);
    console.log('done');
    process.exit();
  `;
  const { stdout, stderr } = await runProgram(run);
  expect([stdout, stderr]).toEqual(['done\n', '']);
});

test.each(['thread', 'process'] as const)(
  'a job gets its token though the global object is frozen, in a pool of kind %s',
  async (kind) => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    await pool.submit(() => void Object.freeze(globalThis));
    const isCancelled = function (this: CurrentJob): boolean {
      return this.token.isCancelled;
    };
    expect(await pool.submit(isCancelled)).toBe(false);
  },
);
