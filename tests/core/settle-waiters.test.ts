import { expect, test } from '@jest/globals';

const { SettleWaiters } = await import('../../build/core/settle-waiters.js');
const never = Number.POSITIVE_INFINITY;

/** Whether each promise has settled by now. */
async function areDone(...promises: readonly Promise<boolean>[]): Promise<boolean[]> {
  return await Promise.all(promises.map((promise) => Promise.race([promise.then(() => true), Promise.resolve(false)])));
}

test('who waits for nothing is done at once', async () => {
  const waiters = new SettleWaiters();
  expect(await waiters.wait(3, 0, never)).toBe(true);
  expect(waiters.count).toBe(0);
});

test('each waits for the jobs that were unsettled at its call, not for later ones', async () => {
  const waiters = new SettleWaiters();
  const first = waiters.wait(2, 2, never);
  const second = waiters.wait(3, 3, never);
  expect(waiters.count).toBe(2);
  waiters.settled(4); // submitted after both calls
  waiters.settled(2);
  waiters.settled(3);
  expect([await areDone(first, second), waiters.count]).toEqual([[false, false], 2]);
  waiters.settled(1);
  expect(await Promise.all([first, second])).toEqual([true, true]);
  expect(waiters.count).toBe(0);
});

test('one whose time is over is notified, and the others go on waiting', async () => {
  const waiters = new SettleWaiters();
  const patient = waiters.wait(1, 1, never);
  expect(await waiters.wait(1, 1, 1)).toBe(false);
  expect(waiters.count).toBe(1);
  waiters.settled(1);
  expect(await patient).toBe(true);
});
