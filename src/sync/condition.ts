import { inspect } from 'node:util';
import { describe } from '../errors.js';
import { GIVE_AWAY, HANDLE_FOR, Inner, IS_HELD, IS_NEEDED, THREAD_GONE } from './inner.js';
import { Mutex, mutexArrived } from './mutex.js';
import { CROSS, type CrossingHandle } from './sharing/crossing.js';
import type { Peer } from './sharing/registry.js';
import { arriveAs, brand, SharedObject } from './sharing/shared-object.js';
import { waitQueueWords } from './waiting/queue-words.js';
import { checkMayBlock, type WaitOptions } from './waiting/wait.js';
import { WaitQueue } from './waiting/wait-queue.js';

const ACTION = 'wait for a condition';

/**
 * Waits under a {@link Mutex} for what another thread will have changed. `wait` gives the lock away, and holds it again
 * when it returns, however it returns.
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

  /** @throws {TypeError} where `mutex` is none. */
  constructor(mutex: Mutex);
  /** @internal */
  constructor(mutex: Mutex, words: Inner<Int32Array>);
  constructor(mutex: Mutex, words?: Inner<Int32Array>) {
    super();
    if (!(mutex instanceof Mutex))
      throw new TypeError(`Cannot make a condition: mutex must be a Mutex, received ${describe(mutex)}`);
    this.#mutex = mutex;
    this.#queue = new WaitQueue(Inner.of(words) ?? waitQueueWords(0), { isForWaiters: true });
  }

  /**
   * Gives the lock away, waits to be notified (`true`) or for `timeoutMs` to pass (`false`), and holds the lock again.
   *
   * @throws {Error} by rejection, where this thread does not hold the mutex.
   * @throws {CancelledError} by rejection, with the lock held, when the token or signal given is cancelled first.
   */
  async wait(options?: WaitOptions): Promise<boolean> {
    this.#checkHeld();
    const notified = this.#queue.hold(options, ACTION); // in line before the lock is free
    const lock = this.#mutex[GIVE_AWAY]();
    try {
      return await notified;
    } finally {
      await lock.again();
    }
  }

  /**
   * The same, blocking a task's thread.
   *
   * @throws {Error} where this thread does not hold the mutex.
   * @throws {CancelledError} with the lock held, when the token or signal given, or the job that waits, is cancelled first.
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
      return this.#queue.holdSync(options, ACTION, entered);
    } finally {
      lock?.againSync();
    }
  }

  /** Lets the first who waits go on; does nothing where nobody waits. */
  notify(): void {
    this.#queue.putForWaiters(1);
  }

  /** Lets all go on that wait now. */
  notifyAll(): void {
    this.#queue.putForWaiters(Number.POSITIVE_INFINITY);
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

/** The copy, on this thread, of what came over `peer`. */
export function conditionArrived(handle: CrossingHandle, peer: Peer): Condition {
  const mutex = mutexArrived(handle.details as CrossingHandle, peer);
  return arriveAs(handle, peer, () => new Condition(mutex, new Inner(handle.words)));
}
