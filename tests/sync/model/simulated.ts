import { expect, jest } from '@jest/globals';
import { ofThisVersion } from '../../../build/base/version.js';
import { type Exploration, Model } from './explorer.ts';

const WAKEUPS = Symbol.for(ofThisVersion('wakeups'));
const globals = globalThis as typeof globalThis & { [WAKEUPS]?: unknown };

let model: Model | undefined;

const METHODS: string = '../../../build/base/methods.js'; // made by the build, without types
const methods = (await import(METHODS)) as object;
// the getter of the platform does not know the model's views
jest.unstable_mockModule(METHODS, () => ({
  ...methods,
  Int32Array_length: (words: Int32Array) => words.length,
}));

// what the library asks of the platform, and that it may block
jest.unstable_mockModule('node:worker_threads', () => ({ isMainThread: false, threadId: 1 }));
jest.unstable_mockModule('../../../build/base/clock.js', () => ({
  ...{ setTimeout, clearTimeout, setInterval, clearInterval, queueMicrotask, nextTick: process.nextTick },
  setImmediate: (fn: () => void) => model?.setImmediate(fn),
  now: () => model?.now() ?? 0,
}));
// the model calls back at once what waits for its promise
jest.unstable_mockModule('../../../build/base/promises.js', () => ({
  whenSettled: (promise: PromiseLike<unknown>, onFulfilled: () => void) => promise.then(onFulfilled),
}));

// without polls, which are more of the same
jest.unstable_mockModule('../../../build/sync/channel/tuning.js', () => ({
  SPINS: 0,
  LONGEST_SLEEP_MS: Number.POSITIVE_INFINITY,
  CHECKS: 1,
}));

const wakeups = await import('../../../build/sync/waiting/wakeup.js');
const queueWords = await import('../../../build/sync/waiting/queue-words.js');
const waitQueue = await import('../../../build/sync/waiting/wait-queue.js');
const registry = await import('../../../build/sync/sharing/registry.js');
const flag = await import('../../../build/sync/sharing/flag.js');
const inner = await import('../../../build/sync/inner.js');
const signal = await import('../../../build/sync/signal.js');
const latch = await import('../../../build/sync/latch.js');
const barrier = await import('../../../build/sync/barrier.js');
const mutex = await import('../../../build/sync/mutex.js');
const condition = await import('../../../build/sync/condition.js');
const token = await import('../../../build/sync/cancellation-token.js');

/** The library as it is built, on simulated threads. */
export const { block, wake, wakeOthers, wakeAll, freeWakeups } = wakeups;
export const { WaitQueue } = waitQueue;
export const { setCurrentJobCheck } = registry;
export const { Flag } = flag;
export const { Inner } = inner;
export const LINK: typeof inner.LINK = inner.LINK;
export const UNLINK: typeof inner.UNLINK = inner.UNLINK;
export const SHARED: typeof inner.SHARED = inner.SHARED;
export const { Signal } = signal;
export const { Latch } = latch;
export const { Barrier } = barrier;
export const { Mutex } = mutex;
export const { Condition } = condition;
export const { CancellationToken } = token;

export type Signal = import('../../../build/sync/signal.js').Signal;
export type Latch = import('../../../build/sync/latch.js').Latch;
export type Barrier = import('../../../build/sync/barrier.js').Barrier;
export type Mutex = import('../../../build/sync/mutex.js').Mutex;
export type Condition = import('../../../build/sync/condition.js').Condition;
export type CancellationToken = import('../../../build/sync/cancellation-token.js').CancellationToken;
export type WaitQueue = import('../../../build/sync/waiting/wait-queue.js').WaitQueue;
export type Inner = import('../../../build/sync/inner.js').Inner<unknown>;
export type Flag = import('../../../build/sync/sharing/flag.js').Flag;
/** A model whose threads, numbered from 0, have a wakeup each. */
export function modelOf(threads: number): Model {
  globals[WAKEUPS] = undefined;
  const words = wakeups.wakeupTable();
  for (let thread = 1; thread < threads; thread++) wakeups.claimWakeup();
  const made = new Model((thread) => enter(words, thread));
  made.share('wakeups', words);
  model = made;
  return made;
}

/** Words of a queue that `threads` threads have used before. */
export function usedQueueWords(made: Model, { permits, threads }: { permits: number; threads: number }): Int32Array {
  const words = queueWords.waitQueueWords(permits + 1);
  const { words: table } = globals[WAKEUPS] as { words: Int32Array };
  for (let thread = 0; thread < threads; thread++) {
    enter(table, thread);
    const queue = new WaitQueue(words);
    queue.tryAcquire();
    queue.release();
  }
  enter(table, 0);
  new WaitQueue(words).tryAcquireBare();
  return made.views.words(made.share('queue', words));
}

/** Words of the test's own. */
export function wordsOf(made: Model, name: string, values: readonly number[] = [0]): Int32Array {
  const words = new Int32Array(new SharedArrayBuffer(values.length * Int32Array.BYTES_PER_ELEMENT));
  words.set(values);
  return made.share(name, words);
}

/** That a search went through something: one that is over at once proves nothing. `MODEL_FIGURES=1` prints its figures. */
export function expectSearched({ operations, states, endings }: Exploration, moreThan: number): void {
  if (process.env['MODEL_FIGURES'] !== undefined)
    process.stderr.write(
      `${operations} operations, ${states} states, ${endings} endings: ${expect.getState().currentTestName}\n`,
    );
  expect(operations).toBeGreaterThan(moreThan);
  expect(endings).toBeGreaterThan(0);
}

function enter(words: Int32Array, thread: number): void {
  globals[WAKEUPS] = undefined;
  wakeups.joinWakeups(words, thread);
}
