import { getEventListeners } from 'node:events';
import { inspect } from 'node:util';
import { describe, expect, jest, test } from '@jest/globals';
import { Signal, ThreadPool, Till } from 'thread-system';
import { until } from '../support/gate.ts';

describe('a Signal', () => {
  test('goes once, and stays so', async () => {
    const signal = new Signal();
    const waits = [signal.wait(), signal.wait({ timeoutMs: 2 ** 40 })];
    expect(signal.isSet).toBe(false);
    signal.go();
    signal.go();
    expect(signal.isSet).toBe(true);
    expect(await Promise.all(waits)).toEqual([true, true]);
    expect(await signal.wait({ timeoutMs: 0 })).toBe(true);
    expect(inspect(signal)).toBe('Signal { isSet: true }');
  });

  test('tells each listener once, at once where it has gone', () => {
    const signal = new Signal();
    const told: string[] = [];
    signal.onGo(() => told.push('a'));
    signal.onGo(() => told.push('b'))();
    signal.go();
    signal.go();
    signal.onGo(() => told.push('late'));
    expect(told).toEqual(['a', 'late']);
    expect(() => signal.onGo(5 as never)).toThrow(
      new TypeError('Cannot register onGo: the listener must be a function, received 5'),
    );
  });

  test('is consistent when its listeners run, and takes a fault of theirs for a warning', () => {
    const signal = new Signal();
    const seen: unknown[] = [];
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    signal.onGo(() => {
      throw new Error('on purpose');
    });
    signal.onGo(() => {
      signal.go();
      seen.push(signal.isSet);
    });
    signal.go();
    expect(seen).toEqual([true]);
    expect(warn).toHaveBeenCalledWith('A listener of onGo threw: on purpose', expect.anything());
    warn.mockRestore();
  });

  test('is heard on other threads, and from them, by waits, listeners and those that block', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const [go, answer] = [new Signal(), new Signal()];
    const blocked = pool.submit(
      (signal: Signal, other: Signal) => {
        signal.waitSync();
        other.go();
        return signal.isSet;
      },
      [go, answer],
    );
    const listening = pool.submit(
      (signal: Signal) => new Promise<string>((resolve) => signal.onGo(() => resolve('heard'))),
      [go],
    );
    const heard = new Promise<void>((resolve) => answer.onGo(resolve));
    await until(() => blocked.state === 'RUNNING');
    go.go();
    await Promise.all([heard, answer.wait()]);
    expect(await Promise.all([blocked, listening])).toEqual([true, 'heard']);
    expect(answer.isSet).toBe(true);
  });

  test('that has gone, and that never goes, stand ready', async () => {
    expect([Signal.DONE.isSet, Signal.NEVER.isSet]).toEqual([true, false]);
    expect(await Signal.DONE.wait()).toBe(true);
    expect(await Signal.NEVER.wait({ timeoutMs: 1 })).toBe(false);
    expect(() => Signal.NEVER.go()).toThrow(new TypeError('Cannot make a signal go: this one is Signal.NEVER'));
    expect(Signal.DONE).toBe(Signal.DONE);
  });
});

describe('signals combined', () => {
  test.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])('from %s and %s go by the rules of and, or', (left, right) => {
    const of = (isSet: boolean): Signal => {
      const signal = new Signal();
      if (isSet) signal.go();
      return signal;
    };
    expect(of(left).and(of(right)).isSet).toBe(left && right);
    expect(of(left).or(of(right)).isSet).toBe(left || right);
    const [a, b] = [of(false), of(false)];
    const [both, either] = [a.and(b), a.or(b)];
    const told: string[] = [];
    both.onGo(() => told.push('both'));
    either.onGo(() => told.push('either'));
    (left ? a : b).go();
    expect(told).toEqual(['either']);
    (left ? b : a).go();
    expect(told).toEqual(['either', 'both']);
  });

  test('with those that stand ready are as in algebra', () => {
    const signal = new Signal();
    const isSet = (): boolean[] =>
      [signal.and(Signal.DONE), signal.or(Signal.NEVER), signal.or(Signal.DONE), signal.and(Signal.NEVER)].map(
        (each) => each.isSet,
      );
    expect(isSet()).toEqual([false, false, true, false]);
    signal.go();
    expect(isSet()).toEqual([true, true, true, false]);
    expect(() => signal.or(7 as never)).toThrow(
      new TypeError('Cannot combine signals: the other must be a Signal, received 7'),
    );
  });

  test('with a Till go when its time has come', async () => {
    const signal = new Signal();
    const startMs = performance.now();
    expect(await signal.or(new Till({ ms: 10 })).wait()).toBe(true);
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(10);
    const both = signal.and(new Till({ ms: 0 }));
    expect(both.isSet).toBe(false);
    signal.go();
    expect(both.isSet).toBe(true);
  });

  test('are seen by a task that blocks, whichever operand goes', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const [a, b] = [new Signal(), new Signal()];
    const blocked = pool.submit((signal: Signal) => signal.waitSync(), [a.or(b).and(Signal.DONE)]);
    await until(() => blocked.state === 'RUNNING');
    b.go();
    expect(await blocked).toBe(true);
    const never = pool.submit((signal: Signal) => signal.waitSync({ timeoutMs: 5 }), [a.and(b)]);
    expect(await never).toBe(false);
  });
});

describe('an AbortSignal', () => {
  test('follows a signal, and is followed', async () => {
    const signal = new Signal();
    const abortSignal = signal.toAbortSignal();
    expect(signal.toAbortSignal()).toBe(abortSignal);
    expect(abortSignal.aborted).toBe(false);
    signal.go();
    expect(abortSignal.aborted).toBe(true);
    const controller = new AbortController();
    const from = Signal.from(controller.signal);
    const waiting = from.wait();
    expect(from.isSet).toBe(false);
    controller.abort();
    expect(from.isSet).toBe(true);
    expect(await waiting).toBe(true);
    expect(Signal.from(AbortSignal.abort()).isSet).toBe(true);
    expect(() => Signal.from({} as AbortSignal)).toThrow(
      new TypeError('Cannot make a signal: abortSignal must be an AbortSignal, received an object'),
    );
  });

  test('followed by a signal that nobody waits for has no listener', async () => {
    const { signal } = new AbortController();
    const followed = Signal.from(signal);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    const waiting = followed.wait({ timeoutMs: 1 });
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await waiting;
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test('followed by a signal reaches the task that holds it', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const controller = new AbortController();
    const blocked = pool.submit((signal: Signal) => signal.waitSync(), [Signal.from(controller.signal)]);
    await until(() => blocked.state === 'RUNNING');
    controller.abort();
    expect(await blocked).toBe(true);
  });
});
