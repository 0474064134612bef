import { inspect } from 'node:util';
import { GIVE_AWAY, HANDLE_FOR, Inner, IS_HELD, IS_NEEDED, THREAD_GONE } from './inner.js';
import { Lease } from './lease.js';
import type { CrossingHandle } from './sharing/crossing.js';
import type { Peer } from './sharing/registry.js';
import { arriveAs, brand, SharedObject } from './sharing/shared-object.js';
import { waitQueueWords } from './waiting/queue-words.js';
import { checkMayBlock, type WaitOptions } from './waiting/wait.js';
import { WaitQueue } from './waiting/wait-queue.js';

const ACTION = 'lock a mutex';

/** The mutex of a lease was given away for a while, and is held again. */
let lockedAgain: (lease: MutexLease, abandoned: boolean) => void;

/** A locked mutex: holds it until it is released. */
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

  /** The one before died with its thread while it held the mutex: what the mutex guards may be half written. */
  get abandoned(): boolean {
    return this.#abandoned;
  }

  #lockedAgain(abandoned: boolean): void {
    this.#abandoned ||= abandoned;
  }
}

/**
 * A lock that threads share: one holds it at a time, the others wait and are served in order (FIFO). Not re-entrant: who
 * locks it twice waits for itself.
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
    this.#queue = new WaitQueue(Inner.of(words) ?? waitQueueWords(1));
  }

  /** Whether anybody holds it now. */
  get isLocked(): boolean {
    return this.#queue.permits <= 0;
  }

  /**
   * Waits for the lock: a lease, or `null` when `timeoutMs` passed first.
   *
   * @throws {CancelledError} by rejection, when the token or signal given is cancelled first.
   */
  async lock(): Promise<MutexLease>;
  async lock(options: WaitOptions): Promise<MutexLease | null>;
  async lock(options?: WaitOptions): Promise<MutexLease | null> {
    return (await this.#queue.hold(options, ACTION)) ? this.#locked() : null;
  }

  /**
   * Blocks a task's thread until it holds the lock: a lease, or `null` when `timeoutMs` passed first.
   *
   * @throws {CancelledError} when the token or signal given, or the job that waits, is cancelled first.
   * @throws {TypeError} on the main thread, which must not block: use `lock`.
   */
  lockSync(): MutexLease;
  lockSync(options: WaitOptions): MutexLease | null;
  lockSync(options?: WaitOptions): MutexLease | null {
    checkMayBlock('lockSync', 'mutex.lock()');
    return this.#queue.holdSync(options, ACTION) ? this.#locked() : null;
  }

  /** The lock, if nobody holds it or waits for it; else `null`. */
  tryLock(): MutexLease | null {
    return this.#queue.tryHold() ? this.#locked() : null;
  }

  /** @internal Whether this thread holds it. */
  get [IS_HELD](): boolean {
    return this.#holder !== undefined;
  }

  /** @internal Gives it away for a while, in which its lease stays as it is. Answers how to get it back. */
  [GIVE_AWAY](): { readonly again: () => Promise<void>; readonly againSync: () => void } {
    const lease = this.#holder;
    this.#unlock();
    const locked = (): void => {
      this.#holder = lease;
      const abandoned = this.#queue.takeAbandoned();
      if (lease === undefined) return;
      lockedAgain(lease, abandoned);
      if (lease.isReleased) this.#unlock(); // meanwhile
    };
    return {
      again: async () => {
        await this.#queue.hold({}, ACTION);
        locked();
      },
      againSync: () => {
        this.#queue.holdWhatever();
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

  /** @internal Somebody must see to it that the lock comes back from a thread that died with it. */
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
    this.#queue.putHeld();
  }
}

brand(Mutex, 'Mutex');

/** The copy, on this thread, of what came over `peer`. */
export function mutexArrived(handle: CrossingHandle, peer: Peer): Mutex {
  return arriveAs(handle, peer, () => new Mutex(new Inner(handle.words)));
}
