import { getEventListeners } from 'node:events';
import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { CancellationToken, CancelledError, Latch, Signal, ThreadPool } from 'thread-system';
import { Gate, until } from '../support/gate.ts';
import { tasks } from '../support/tasks.ts';

describe('a CancellationToken', () => {
  test('is cancelled once, by the first reason, and stays so', () => {
    const token = new CancellationToken();
    expect(token).toMatchObject({ isCancelled: false, reason: undefined });
    token.throwIfCancelled();
    token.cancel('first');
    token.cancel('second');
    expect(token).toMatchObject({ isCancelled: true, reason: 'first' });
    expect(() => token.throwIfCancelled()).toThrow(new CancelledError('The operation was cancelled: first'));
    expect(inspect(token)).toBe('CancellationToken { isCancelled: true }');
  });

  test('tells its listeners once, at once where it is cancelled already', () => {
    const token = new CancellationToken();
    const told: unknown[] = [];
    token.onCancel((reason) => told.push(['a', reason]));
    const off = token.onCancel((reason) => told.push(['b', reason]));
    off();
    token.cancel(7);
    token.cancel(8);
    token.onCancel((reason) => told.push(['late', reason]));
    expect(told).toEqual([
      ['a', 7],
      ['late', 7],
    ]);
  });

  test('is consistent when its listeners run', () => {
    const token = new CancellationToken();
    const seen: unknown[] = [];
    token.onCancel(() => {
      seen.push(token.isCancelled, token.signal.aborted);
      token.onCancel(() => seen.push('from within'));
      token.cancel('again');
    });
    token.cancel('once');
    expect(seen).toEqual([true, true, 'from within']);
    expect(token.reason).toBe('once');
  });

  test('is followed by its signal', () => {
    const token = new CancellationToken();
    const { signal } = token;
    expect(signal.aborted).toBe(false);
    token.cancel('stop');
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toBe('stop');
    expect(token.signal).toBe(signal);
    const silent = new CancellationToken();
    silent.cancel();
    expect(silent.signal.reason).toBeInstanceOf(CancelledError);
  });

  test('can be waited for, with and without a time', async () => {
    const token = new CancellationToken();
    expect(await token.wait({ timeoutMs: 1 })).toBe(false);
    const waits = [token.wait(), token.wait({ timeoutMs: 2 ** 40 })];
    token.cancel();
    expect(await Promise.all(waits)).toEqual([true, true]);
    expect(await token.wait({ timeoutMs: 0 })).toBe(true);
    expect(() => token.wait({ timeoutMs: -1 })).toThrow(RangeError);
  });

  test('does not block the main thread', () => {
    expect(() => new CancellationToken().waitSync()).toThrow(
      new TypeError('Cannot block the main thread: waitSync is for tasks, use `await token.wait()` here'),
    );
  });
});

describe('a token passed as an argument', () => {
  test('is the same token on the other thread: a loop there sees it cancelled', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const token = new CancellationToken();
    const job = pool.submit(tasks.spinUntilToken, [token]);
    await until(() => job.state === 'RUNNING');
    token.cancel();
    expect(await job).toBe(true);
  });

  test('at any depth of arrays, objects, maps and sets, with what is around it', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const token = new CancellationToken();
    token.cancel('deep');
    const cyclic: { self?: unknown; list: unknown[] } = { list: [token, 'x', undefined] };
    cyclic.self = cyclic;
    const job = pool.submit(
      (value: {
        cyclic: { self: unknown; list: { isCancelled: boolean }[] };
        map: Map<string, { isCancelled: boolean }>;
        set: Set<{ isCancelled: boolean }>;
        date: Date;
      }) => [
        value.cyclic.list[0]?.isCancelled,
        value.cyclic.self === value.cyclic,
        value.map.get('t')?.isCancelled,
        [...value.set][0] === value.map.get('t'),
        value.date.getTime(),
      ],
      [{ cyclic: cyclic as never, map: new Map([['t', token]]), set: new Set([token]), date: new Date(5) }],
    );
    expect(await job).toEqual([true, true, true, true, 5]);
  });

  test('cancelled by a task is heard here, with its reason, and by other tasks', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const token = new CancellationToken();
    const heard = new Promise((resolve) => token.onCancel(resolve));
    const other = pool.submit(tasks.spinUntilToken, [token]);
    await until(() => other.state === 'RUNNING');
    expect(await pool.submit(tasks.cancelToken, [token, { code: 7 }])).toBe('went on');
    expect(await heard).toEqual({ code: 7 });
    expect(await other).toBe(true);
  });

  test('tells listeners on the other thread, with the reason', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const token = new CancellationToken();
    using gate = new Gate();
    const job = pool.submit(
      (theirs: { onCancel(fn: (reason: unknown) => void): void }, words: Int32Array) =>
        new Promise((resolve) => {
          theirs.onCancel(resolve);
          Atomics.add(words, 1, 1);
        }),
      [token, gate.words],
    );
    await gate.reachedBy(1);
    token.cancel('hear me');
    expect(await job).toBe('hear me');
  });

  // kinds of objects that others wait for, and how each comes about
  test.each([
    ['a token', () => new CancellationToken(), (given: unknown) => (given as CancellationToken).cancel('told')],
    ['a signal', () => new Signal(), (given: unknown) => (given as Signal).go()],
    ['a latch', () => new Latch(1), (given: unknown) => (given as Latch).countDown()],
  ])('%s tells who holds nothing but a wait, whatever is collected meanwhile', async (_kind, make, comeAbout) => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const object = make();
    using gate = new Gate();
    const job = pool.submit(
      (theirs: { wait(): Promise<boolean> }, words: Int32Array) => {
        const collect = async (told: Promise<boolean>): Promise<boolean> => {
          process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc');
          const gc = process.getBuiltinModule('node:vm').runInNewContext('gc') as () => void;
          for (let turn = 0; turn < 3; turn++) {
            await new Promise((resolve) => setImmediate(resolve));
            gc();
          }
          Atomics.add(words, 1, 1);
          return told;
        };
        return collect(theirs.wait());
      },
      [object, gate.words] as never,
    );
    await gate.reachedBy(1);
    comeAbout(object);
    expect(await job).toBe(true);
  });

  test('comes back as itself', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const token = new CancellationToken();
    const { back } = await pool.submit((value: { back: CancellationToken }) => value, [{ back: token }]);
    expect(back).toBe(token);
  });

  test('can be blocked on in a task', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const token = new CancellationToken();
    const waiting = pool.submit((theirs: CancellationToken) => theirs.waitSync(), [token]);
    await until(() => waiting.state === 'RUNNING');
    token.cancel();
    expect(await waiting).toBe(true);
    const timed = pool.submit(
      (theirs: CancellationToken) => theirs.waitSync({ timeoutMs: 1 }),
      [new CancellationToken()],
    );
    expect(await timed).toBe(false);
  });

  test('a task blocked on it still hears that its own job is cancelled', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1, graceMs: Number.POSITIVE_INFINITY });
    const job = pool.submit((theirs: CancellationToken) => theirs.waitSync(), [new CancellationToken()]);
    await until(() => job.state === 'RUNNING');
    job.cancel('never mind');
    await expect(job).rejects.toMatchObject({ reason: 'never mind' });
    expect((job.error as Error).cause).toBeUndefined();
  });
});

test('a thousand jobs on one AbortSignal cost it one listener, and leave none', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const { signal } = new AbortController();
  pool.pause();
  const jobs = Array.from({ length: 1000 }, (_, i) => pool.submit(tasks.echo, [i], { signal }));
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  pool.resume();
  await Promise.all(jobs);
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});
