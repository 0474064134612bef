// What calls in a task make of options that they do not have.
import {
  Barrier,
  CancellationToken,
  Channel,
  Condition,
  currentJob,
  Latch,
  Mutex,
  Semaphore,
  Signal,
  Till,
} from 'thread-system/worker';

/** What must be held for it is held by the thread for good: a waiting call must not get past its options. */
function calls() {
  const mutex = new Mutex();
  mutex.tryLock();
  return {
    'CurrentJob.submit': (options) => currentJob().submit(() => 1, [], options),
    'CurrentJob.receiveSync': (options) => currentJob().receiveSync(options),
    'CancellationToken.wait': (options) => new CancellationToken().wait(options),
    'CancellationToken.waitSync': (options) => new CancellationToken().waitSync(options),
    'Signal.wait': (options) => new Signal().wait(options),
    'Signal.waitSync': (options) => new Signal().waitSync(options),
    'Till.wait': (options) => new Till({ ms: 1e9 }).wait(options),
    'Till.waitSync': (options) => new Till({ ms: 1e9 }).waitSync(options),
    'Latch.wait': (options) => new Latch(1).wait(options),
    'Latch.waitSync': (options) => new Latch(1).waitSync(options),
    'Barrier.arriveAndWait': (options) => new Barrier(2).arriveAndWait(options),
    'Barrier.arriveAndWaitSync': (options) => new Barrier(2).arriveAndWaitSync(options),
    'Semaphore.acquire': (options) => new Semaphore(0).acquire(options),
    'Semaphore.acquireSync': (options) => new Semaphore(0).acquireSync(options),
    'Mutex.lock': (options) => mutex.lock(options),
    'Mutex.lockSync': (options) => mutex.lockSync(options),
    'Condition.wait': (options) => new Condition(mutex).wait(options),
    'Condition.waitSync': (options) => new Condition(mutex).waitSync(options),
    'Channel.sendSync': (options) => new Channel().sendSync(1, options),
    'Channel.receiveSync': (options) => new Channel().receiveSync(options),
    'new Till': (options) => new Till(options),
  };
}

/** The names of all of them. */
export const names = () => Object.keys(calls());

/** What a call throws, or rejects with, for options that are wrong. */
export async function refusal(name, options) {
  try {
    await calls()[name](options);
    return 'accepted';
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
}

/** Calls with options of which some are inherited: what becomes of the call. */
export function withInherited(name, own) {
  return refusal(
    name,
    Object.assign(Object.create({ nonsense: 1, timeoutMs: 'x', token: 7, priority: 'y', ms: 'z' }), own),
  );
}
