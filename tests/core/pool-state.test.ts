import { expect, test } from '@jest/globals';
import type { PoolPhase, PoolState as State } from '../../build/core/pool-state.js';

const { PoolState } = await import('../../build/core/pool-state.js');

/** Shuts down and closes a new pool as the steps say. Returns what each transition returned, and where the pool is then. */
function walk(...steps: readonly ('close' | Parameters<State['shutDown']>[0])[]): [string[], PoolPhase] {
  const state = new PoolState();
  const results = steps.map((step) => (step === 'close' ? state.close() : state.shutDown(step)));
  return [results, state.phase];
}

test('a pool is open, and shuts down in the mode that is asked for', () => {
  expect(walk()).toEqual([[], 'open']);
  for (const mode of ['drain', 'finishRunning', 'abort'] as const) expect(walk(mode)).toEqual([['begun'], mode]);
});

test('a stricter mode escalates the shutdown; the same or a milder one changes nothing', () => {
  expect(walk('drain', 'abort')).toEqual([['begun', 'escalated'], 'abort']);
  expect(walk('drain', 'finishRunning', 'abort')).toEqual([['begun', 'escalated', 'escalated'], 'abort']);
  expect(walk('finishRunning', 'finishRunning', 'drain')).toEqual([
    ['begun', 'unchanged', 'unchanged'],
    'finishRunning',
  ]);
});

test('a pool that shuts down is closed once, and then stays so', () => {
  expect(walk('drain', 'close', 'close', 'abort')).toEqual([['begun', 'closed', 'unchanged', 'unchanged'], 'closed']);
  expect(walk('close')).toEqual([['unchanged'], 'open']);
});

test('pending jobs run in an open pool and in one that drains, in no other', () => {
  const runsPending = (...modes: readonly Parameters<State['shutDown']>[0][]): boolean => {
    const state = new PoolState();
    for (const mode of modes) state.shutDown(mode);
    return state.runsPending;
  };
  expect([runsPending(), runsPending('drain')]).toEqual([true, true]);
  expect([runsPending('finishRunning'), runsPending('drain', 'abort')]).toEqual([false, false]);
  const closed = new PoolState();
  closed.shutDown('drain');
  closed.close();
  expect(closed.runsPending).toBe(false);
});
