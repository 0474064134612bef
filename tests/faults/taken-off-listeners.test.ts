import { expect, test } from '@jest/globals';
import { CancellationToken, type Job, Signal, ThreadPool } from 'thread-system';
import { until } from '../support/gate.ts';
import { tasks } from '../support/tasks.ts';

const VALUES = Array.from({ length: 50 }, (_, index) => index);

test.each(['thread', 'process', 'inline'] as const)(
  'a listener of progress that was taken off is not called for what had arrived, kind %s',
  async (kind) => {
    await using pool = new ThreadPool({ kind, maxWorkers: 1 });
    const job = pool.submit(tasks.report, [VALUES]);
    const calls = { self: 0, byOther: 0, kept: 0 };
    const offSelf = job.onProgress(() => {
      calls.self++;
      offSelf();
      offOther();
    });
    const offOther = job.onProgress(() => calls.byOther++);
    job.onProgress(() => calls.kept++);
    await job;
    await until(() => calls.kept === VALUES.length);
    expect(calls).toEqual({ self: 1, byOther: 0, kept: VALUES.length });
  },
);

test('nor are those of events, tokens and signals that another listener takes off', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  let calls = 0;
  const [token, signal, controller] = [new CancellationToken(), new Signal(), new AbortController()];
  const [fromAbort, other] = [CancellationToken.from(controller.signal), CancellationToken.from(controller.signal)];
  const offs: (() => void)[] = [];
  const off = (): void => {
    for (const each of offs) each();
  };
  pool.on('jobCompleted', off);
  token.onCancel(off);
  signal.onGo(off);
  fromAbort.onCancel(off);
  const count = (): void => void calls++;
  offs.push(pool.on('jobCompleted', count), token.onCancel(count), signal.onGo(count), other.onCancel(count));
  await Promise.all(pool.submitMany(tasks.echo, [[1], [2], [3]]));
  token.cancel();
  signal.go();
  controller.abort();
  await new Promise((resolve) => setImmediate(resolve));
  expect(calls).toBe(0);
});

test('streams and progress that are left give nothing more, not even to who waits for the next', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const results = pool.results();
  const waiting = results.next();
  await results.return?.();
  const job: Job = pool.submit(tasks.report, [VALUES]);
  const progress = job.progress[Symbol.asyncIterator]();
  const next = progress.next();
  await progress.return?.();
  expect(await next).toEqual({ value: undefined, done: true });
  expect(await progress.next()).toEqual({ value: undefined, done: true });
  await job;
  expect(await waiting).toEqual({ value: undefined, done: true });
  expect(await results.next()).toEqual({ value: undefined, done: true });
});

test('what handles signals and was taken off by another listener of the signal does nothing', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const first = (): void => off();
  process.once('SIGUSR2', first);
  const off = ThreadPool.handleSignals({ signals: ['SIGUSR2'] });
  process.emit('SIGUSR2', 'SIGUSR2');
  expect(await pool.submit(tasks.add, [1, 2])).toBe(3);
});
