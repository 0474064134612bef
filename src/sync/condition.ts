import { inspect } from 'node:util';
import { checkInstance } from '../base/check/values.js';
import { GIVE_AWAY, HANDLE_FOR, Inner, IS_HELD, IS_NEEDED, THREAD_GONE } from './inner.js';
import { Mutex, reviveMutex } from './mutex.js';
import { CROSS, type CrossingHandle } from './sharing/crossing.js';
import type { Peer } from './sharing/registry.js';
import { brand, reviveAs, SharedObject } from './sharing/shared-object.js';
import { waitQueueWords } from './waiting/queue-words.js';
import { checkMayBlock, type WaitOptions } from './waiting/wait.js';
import { WaitQueue } from './waiting/wait-queue.js';

const ACTION = 'wait for a condition';

/**
 * Waits, under a {@link Mutex}, for another thread to change what the mutex guards. `wait` unlocks the mutex while it
 * waits, and has locked it again when it returns or throws.
 *
 * @example
 * ```ts
 * using lock = mutex.lockSync();
 * while (isEmpty(words)) notEmpty.waitSync();
 * ```
 */
export class Condition extends SharedObject {
  readonly #mutex: Mutex;
  readonly #queue: WaitQueue;

  /** @throws {TypeError} if `mutex` is not a `Mutex`. */
  constructor(mutex: Mutex);
  /** @internal */
  constructor(mutex: Mutex, words: Inner<Int32Array>);
  constructor(mutex: Mutex, words?: Inner<Int32Array>) {
    super();
    this.#mutex = checkInstance(mutex, Mutex, 'mutex', 'make a condition');
    this.#queue = new WaitQueue(Inner.of(words, 'only a mutex', 'make a condition') ?? waitQueueWords(0), {
      isForWaiters: true,
    });
  }

  /**
   * Unlocks the mutex, waits, and locks it again. Resolves with `true` if notified, with `false` if `timeoutMs` passed
   * first.
   *
   * @throws {Error} by rejection, if this thread does not hold the mutex.
   * @throws {CancelledError} by rejection, with the lock held, if the given token or signal is cancelled first.
   */
  async wait(options?: WaitOptions): Promise<boolean> {
    this.#checkHeld();
    const notified = this.#queue.acquire(options, ACTION); // queued before the lock is free
    const lock = this.#mutex[GIVE_AWAY]();
    try {
      return await notified;
    } finally {
      await lock.again();
    }
  }

  /**
   * Like `wait`, but blocks the task's thread.
   *
   * @throws {Error} if this thread does not hold the mutex.
   * @throws {CancelledError} with the lock held, if the given token or signal, or the waiting job, is cancelled first.
   * @throws {TypeError} on the main thread, which must not block: use `wait`.
   */
  waitSync(options?: WaitOptions): boolean {
    checkMayBlock('waitSync', 'condition.wait()');
    this.#checkHeld();
    let lock: ReturnType<Mutex[typeof GIVE_AWAY]> | undefined;
    const entered = (): void => {
      lock = this.#mutex[GIVE_AWAY]();
    };
    try {
      return this.#queue.acquireSync(options, ACTION, entered);
    } finally {
      lock?.againSync();
    }
  }

  /** Wakes the first waiter; does nothing if nobody waits. */
  notify(): void {
    this.#queue.addForWaiters(1);
  }

  /** Wakes all current waiters. */
  notifyAll(): void {
    this.#queue.addForWaiters(Number.POSITIVE_INFINITY);
  }

  /** @internal */
  override [THREAD_GONE](peer: Peer, threads: readonly number[]): void {
    super[THREAD_GONE](peer, threads);
    this.#queue.threadsDied(threads);
  }

  [inspect.custom](): string {
    return 'Condition {}';
  }

  /** @internal */
  override [HANDLE_FOR](peer: Peer): Omit<CrossingHandle, 'id'> {
    return { type: 'condition', words: this.#queue.words, details: this.#mutex[CROSS](peer) };
  }

  /** @internal */
  override get [IS_NEEDED](): boolean {
    return true;
  }

  #checkHeld(): void {
    if (!this.#mutex[IS_HELD])
      throw new Error(`Cannot ${ACTION}: the mutex must be locked on this thread; lock it first`);
  }
}

brand(Condition, 'Condition');

/** Returns this thread's copy of a condition that arrived over `peer`. */
export function reviveCondition(handle: CrossingHandle, peer: Peer): Condition {
  const mutex = reviveMutex(handle.details as CrossingHandle, peer);
  return reviveAs(handle, peer, () => new Condition(mutex, new Inner(handle.words)));
}
