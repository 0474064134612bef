import { describe, expect, test } from '@jest/globals';

const { settlesWithin } = await import('../../build/base/timer.js');

describe('settlesWithin', () => {
  const failure = new Error('failed');

  test('is true of a promise that fulfils in time, whatever its value', async () => {
    expect(await settlesWithin(Promise.resolve(false), 60_000)).toBe(true);
    expect(await settlesWithin(Promise.resolve(), Number.POSITIVE_INFINITY)).toBe(true);
  });

  test('is false of one that does not', async () => {
    expect(await settlesWithin(new Promise(() => {}), 1)).toBe(false);
  });

  test('rejects as the promise does', async () => {
    await expect(settlesWithin(Promise.reject(failure), 60_000)).rejects.toBe(failure);
  });

  test('ignores a rejection that comes too late', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      const { promise, reject } = withReject();
      expect(await settlesWithin(promise, 1)).toBe(false);
      reject(failure);
      await new Promise((resolve) => setImmediate(resolve)); // by then Node.js would have reported it
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });

  test.each([
    ['fulfilled', () => Promise.resolve()],
    ['rejected', () => Promise.reject(failure)],
  ])('leaves no timer behind a promise that has %s', async (_how, settled) => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    await settlesWithin(settled(), 60_000).catch(() => {});
    expect(timers()).toBe(before);
  });
});

function withReject(): { readonly promise: Promise<never>; readonly reject: (reason: unknown) => void } {
  let reject = (_reason: unknown): void => {};
  const promise = new Promise<never>((_resolve, refuse) => {
    reject = refuse;
  });
  return { promise, reject };
}
