import { EventEmitter } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { expect, jest, test } from '@jest/globals';

const TIMER = '../../../build/base/timer.js';
const timer = (await import(TIMER)) as typeof import('../../../build/base/timer.js');
const startTimer = jest.fn<typeof timer.startTimer>();
jest.unstable_mockModule(TIMER, () => ({ ...timer, startTimer }));
const { warnIfSilent } = await import('../../../build/core/workers/thread-factory.js');

test('a thread of the option worker is silent once it has run its file for 5 s, however long its start takes', () => {
  const thread = new EventEmitter();
  warnIfSilent({ workerId: 7, isUp: false, state: 'starting' } as Parameters<typeof warnIfSilent>[0], thread as Worker);
  expect(startTimer).not.toHaveBeenCalled();
  thread.emit('online');
  expect(startTimer).toHaveBeenCalledWith(5_000, expect.any(Function), { keepsProcess: false });
});
