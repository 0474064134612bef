import { getEventListeners } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { CancellationToken, ThreadPool } from 'thread-system';
import { until } from '../support/gate.ts';
import { tasks } from '../support/tasks.ts';

describe('a linked token', () => {
  test('is cancelled with its parent, by its reason, and not the other way round', () => {
    const parent = new CancellationToken();
    const [child, sibling] = [parent.child(), parent.child()];
    const told: unknown[] = [];
    child.onCancel((reason) => told.push(reason));
    child.cancel('child');
    expect([parent.isCancelled, sibling.isCancelled, child.reason]).toEqual([false, false, 'child']);
    const grandchild = sibling.child();
    parent.cancel('parent');
    expect([sibling.reason, grandchild.reason, child.reason]).toEqual(['parent', 'parent', 'child']);
    expect(grandchild.signal.reason).toBe('parent');
    expect(() => grandchild.throwIfCancelled()).toThrow('The operation was cancelled: parent');
    expect(told).toEqual(['child']);
  });

  test('of several is cancelled with the first of them', async () => {
    const tokens = [new CancellationToken(), new CancellationToken(), new CancellationToken()];
    const [first = tokens[0], second] = tokens;
    const any = CancellationToken.any(...tokens);
    const listed = CancellationToken.any(new Set(tokens));
    const waiting = any.wait();
    second?.cancel('second');
    first?.cancel('first');
    expect(await waiting).toBe(true);
    expect(any.reason).toBe('second');
    expect(listed.isCancelled).toBe(true);
    expect(CancellationToken.any().isCancelled).toBe(false);
    expect(CancellationToken.any([]).isCancelled).toBe(false);
    expect(() => CancellationToken.any(7 as never)).toThrow(
      new TypeError('Cannot link tokens: each must be a CancellationToken, received 7'),
    );
  });

  test('of a time is cancelled when it has passed, never before, by a TimeoutError', async () => {
    const startMs = performance.now();
    const token = CancellationToken.timeout(10);
    expect(await token.wait({ timeoutMs: 5000 })).toBe(true);
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(10);
    expect(token.reason).toMatchObject({ name: 'TimeoutError', message: 'timed out after 10 ms' });
    expect(token.reason).toBe(token.reason);
    expect(CancellationToken.timeout(0).isCancelled).toBe(true);
    expect(CancellationToken.timeout(Number.POSITIVE_INFINITY).isCancelled).toBe(false);
    expect(CancellationToken.deadline(new Date(0)).reason).toMatchObject({ message: 'the deadline passed' });
    expect(CancellationToken.deadline(Date.now() + 1e6).isCancelled).toBe(false);
    expect(() => CancellationToken.timeout(-1)).toThrow(
      new RangeError('Cannot make a token: ms must be 0 or more milliseconds, received -1'),
    );
    expect(() => CancellationToken.deadline('x' as never)).toThrow(TypeError);
  });

  test('of an AbortSignal follows it, and listens only while somebody is to be notified', () => {
    const controller = new AbortController();
    const { signal } = controller;
    const token = CancellationToken.from(signal);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    const off = token.onCancel(() => {});
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    off();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    const told: unknown[] = [];
    token.onCancel((reason) => told.push(reason));
    controller.abort('aborted');
    expect(told).toEqual(['aborted']);
    expect(token).toMatchObject({ isCancelled: true, reason: 'aborted' });
    expect(token.signal.reason).toBe('aborted');
    expect(CancellationToken.from(AbortSignal.abort('before')).reason).toBe('before');
    expect(() => CancellationToken.from({} as AbortSignal)).toThrow(
      new TypeError('Cannot make a token: signal must be an AbortSignal, received an object'),
    );
  });

  test('reaches the task that holds it, whatever it follows', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const parent = new CancellationToken();
    const controller = new AbortController();
    for (const [token, cancel] of [
      [parent.child(), () => parent.cancel()],
      [CancellationToken.any(new CancellationToken(), parent).child(), () => parent.cancel()],
      [CancellationToken.from(controller.signal), () => controller.abort()],
      [CancellationToken.timeout(20), () => {}],
    ] as const) {
      const job = pool.submit(tasks.spinUntilToken, [token]);
      await until(() => job.state !== 'PENDING');
      cancel();
      expect(await job).toBe(true);
    }
  });

  test('cancels jobs and waits that were given it', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const parent = new CancellationToken();
    const job = pool.submit(tasks.spin, [], { token: parent.child() });
    await until(() => job.state === 'RUNNING');
    const waiting = new CancellationToken().wait({ token: parent.child().child() });
    parent.cancel('all of it');
    await expect(job).rejects.toMatchObject({ reason: 'all of it' });
    await expect(waiting).rejects.toMatchObject({ reason: 'all of it' });
  });
});

test('one token cancels 100 000 jobs', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const token = new CancellationToken();
  pool.pause();
  const jobs = Array.from({ length: 100_000 }, (_, i) => pool.submit(tasks.echo, [i], { token }));
  token.cancel('all');
  expect(jobs.every(({ state }) => state === 'CANCELLED')).toBe(true);
  expect(pool.metrics()).toMatchObject({ cancelled: 100_000, pending: 0, active: 0 });
});
