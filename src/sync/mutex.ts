import { inspect } from 'node:util';
import { refuseSurplus } from '../base/check/options.js';
import { GIVE_AWAY, HANDLE_FOR, Inner, IS_HELD, IS_NEEDED, THREAD_GONE } from './inner.js';
import { Lease } from './lease.js';
import type { CrossingHandle } from './sharing/crossing.js';
import type { Peer } from './sharing/registry.js';
import { brand, reviveAs, SharedObject } from './sharing/shared-object.js';
import { waitQueueWords } from './waiting/queue-words.js';
import { checkMayBlock, type WaitOptions } from './waiting/wait.js';
import { WaitQueue } from './waiting/wait-queue.js';

const ACTION = 'lock a mutex';

/** Notes in a lease that its mutex was unlocked for a while and is locked again. */
let lockedAgain: (lease: MutexLease, abandoned: boolean) => void;

/** Holds a locked mutex until it is released. */
export class MutexLease extends Lease {
  #abandoned: boolean;

  /** @internal */
  constructor(unlock: () => void, abandoned: boolean) {
    super(unlock);
    this.#abandoned = abandoned;
  }

  static {
    lockedAgain = (lease, abandoned) => lease.#lockedAgain(abandoned);
  }

  /** Whether the thread of the previous holder died with the lock: what the mutex guards may be half written. */
  get abandoned(): boolean {
    return this.#abandoned;
  }

  #lockedAgain(abandoned: boolean): void {
    this.#abandoned ||= abandoned;
  }
}

/**
 * A lock shared by threads: one caller holds it at a time, the others wait and are served in order (FIFO). Not
 * re-entrant: a caller that locks it twice waits for itself.
 *
 * @example
 * ```ts
 * using lock = mutex.lockSync(); // in a task; `await mutex.lock()` in async code
 * if (lock.abandoned) repair();
 * ```
 */
export class Mutex extends SharedObject {
  readonly #queue: WaitQueue;
  #holder: MutexLease | undefined;

  constructor();
  /** @internal */
  constructor(words: Inner<Int32Array>);
  constructor(words?: Inner<Int32Array>) {
    super();
    this.#queue = new WaitQueue(Inner.of(words, 'no arguments', 'make a mutex') ?? waitQueueWords(1));
  }

  /** Whether the mutex is locked now, by any thread. */
  get isLocked(): boolean {
    return this.#queue.permits <= 0;
  }

  /**
   * Waits for the lock. Resolves with a lease, or with `null` if `timeoutMs` passes first.
   *
   * @throws {CancelledError} by rejection, if the given token or signal is cancelled first.
   */
  async lock(): Promise<MutexLease>;
  async lock(options: WaitOptions): Promise<MutexLease | null>;
  async lock(options?: WaitOptions): Promise<MutexLease | null> {
    return (await this.#queue.acquire(options, ACTION)) ? this.#locked() : null;
  }

  /**
   * Blocks the task's thread until it holds the lock. Returns a lease, or `null` if `timeoutMs` passes first.
   *
   * @throws {CancelledError} if the given token or signal, or the waiting job, is cancelled first.
   * @throws {TypeError} on the main thread, which must not block: use `lock`.
   */
  lockSync(): MutexLease;
  lockSync(options: WaitOptions): MutexLease | null;
  lockSync(options?: WaitOptions): MutexLease | null {
    checkMayBlock('lockSync', 'mutex.lock()');
    return this.#queue.acquireSync(options, ACTION) ? this.#locked() : null;
  }

  /** Locks the mutex if nobody holds it or waits for it. Returns a lease, or `null`. */
  tryLock(): MutexLease | null;
  tryLock(...rest: readonly unknown[]): MutexLease | null {
    refuseSurplus(rest, 'no arguments', 'try to lock a mutex');
    return this.#queue.tryAcquire() ? this.#locked() : null;
  }

  /** @internal Whether this thread holds the mutex. */
  get [IS_HELD](): boolean {
    return this.#holder !== undefined;
  }

  /** @internal Unlocks for a while without invalidating the lease. Returns functions that lock again. */
  [GIVE_AWAY](): { readonly again: () => Promise<void>; readonly againSync: () => void } {
    const lease = this.#holder;
    this.#unlock();
    const locked = (): void => {
      this.#holder = lease;
      const abandoned = this.#queue.takeAbandoned();
      if (lease === undefined) return;
      lockedAgain(lease, abandoned);
      if (lease.isReleased) this.#unlock(); // released during the wait
    };
    return {
      again: async () => {
        await this.#queue.acquire({}, ACTION);
        locked();
      },
      againSync: () => {
        this.#queue.acquireUninterruptibly();
        locked();
      },
    };
  }

  /** @internal */
  override [THREAD_GONE](peer: Peer, threads: readonly number[]): void {
    super[THREAD_GONE](peer, threads);
    this.#queue.threadsDied(threads);
  }

  [inspect.custom](): string {
    return `Mutex { isLocked: ${this.isLocked} }`;
  }

  /** @internal */
  override [HANDLE_FOR](): Omit<CrossingHandle, 'id'> {
    return { type: 'mutex', words: this.#queue.words };
  }

  /** @internal This copy takes the lock back from threads that die with it. */
  override get [IS_NEEDED](): boolean {
    return true;
  }

  #locked(): MutexLease {
    const unlock = (): void => {
      if (this.#holder === lease) this.#unlock();
    };
    const lease = new MutexLease(unlock, this.#queue.takeAbandoned());
    this.#holder = lease;
    return lease;
  }

  #unlock(): void {
    this.#holder = undefined;
    this.#queue.release();
  }
}

brand(Mutex, 'Mutex');

/** Returns this thread's copy of a mutex that arrived over `peer`. */
export function reviveMutex(handle: CrossingHandle, peer: Peer): Mutex {
  return reviveAs(handle, peer, () => new Mutex(new Inner(handle.words)));
}
