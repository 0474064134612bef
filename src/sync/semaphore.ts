import { inspect } from 'node:util';
import { refuseSurplus } from '../base/check/options.js';
import { checkCount } from '../base/check/values.js';
import { HANDLE_FOR, Inner, IS_NEEDED, THREAD_GONE } from './inner.js';
import { Lease } from './lease.js';
import type { CrossingHandle } from './sharing/crossing.js';
import type { Peer } from './sharing/registry.js';
import { brand, reviveAs, SharedObject } from './sharing/shared-object.js';
import { waitQueueWords } from './waiting/queue-words.js';
import { checkMayBlock, type WaitOptions } from './waiting/wait.js';
import { WaitQueue } from './waiting/wait-queue.js';

const ACTION = 'acquire a semaphore';
const MOST = 2 ** 30;

/**
 * A number of permits shared by threads. A caller that finds none waits; waiters are served in order (FIFO) across
 * threads.
 *
 * `acquire` and `acquireSync` hand out a permit as a {@link Lease}, which goes back by itself if its thread dies.
 * `tryAcquire` and `release` only count permits: another thread may put them back, and they are lost with a thread.
 *
 * @example
 * ```ts
 * const connections = new Semaphore(4);
 * pool.submit(tasks.query, [connections, sql]);
 *
 * // in the task
 * using permit = await connections.acquire();
 * ```
 */
export class Semaphore extends SharedObject {
  readonly #queue: WaitQueue;

  /**
   * @param permits number of permits: a whole number from 0 to 2^30. Default: 1.
   * @throws {TypeError | RangeError} if `permits` is anything else.
   */
  constructor(permits?: number);
  /** @internal */
  constructor(permits: number, words: Inner<Int32Array>);
  constructor(permits = 1, words?: Inner<Int32Array>) {
    super();
    checkCount(permits, { name: 'permits', from: 0, to: MOST, action: 'make a semaphore' });
    this.#queue = new WaitQueue(Inner.of(words, 'only permits', 'make a semaphore') ?? waitQueueWords(permits));
  }

  /** How many permits are free now. */
  get value(): number {
    return Math.max(0, this.#queue.permits);
  }

  /** Whether no permit is free now. */
  get isLocked(): boolean {
    return this.#queue.permits <= 0;
  }

  /**
   * Waits for a permit. Resolves with a lease, or with `null` if `timeoutMs` passes first.
   *
   * @throws {CancelledError} by rejection, if the given token or signal is cancelled first.
   */
  async acquire(): Promise<Lease>;
  async acquire(options: WaitOptions): Promise<Lease | null>;
  async acquire(options?: WaitOptions): Promise<Lease | null> {
    return (await this.#queue.acquire(options, ACTION)) ? this.#lease() : null;
  }

  /**
   * Blocks the task's thread until there is a permit. Returns a lease, or `null` if `timeoutMs` passes first.
   *
   * @throws {CancelledError} if the given token or signal, or the waiting job, is cancelled first.
   * @throws {TypeError} on the main thread, which must not block: use `acquire`.
   */
  acquireSync(): Lease;
  acquireSync(options: WaitOptions): Lease | null;
  acquireSync(options?: WaitOptions): Lease | null {
    checkMayBlock('acquireSync', 'semaphore.acquire()');
    return this.#queue.acquireSync(options, ACTION) ? this.#lease() : null;
  }

  /** Takes a permit without a lease if one is free and nobody waits for it. Returns whether it did. */
  tryAcquire(): boolean;
  tryAcquire(...rest: readonly unknown[]): boolean {
    refuseSurplus(rest, 'no arguments, but one permit', 'try to acquire a semaphore');
    return this.#queue.tryAcquireBare();
  }

  /** Adds a permit, which the first waiter gets. */
  release(): void {
    this.#queue.releaseBare();
  }

  /** @internal */
  override [THREAD_GONE](peer: Peer, threads: readonly number[]): void {
    super[THREAD_GONE](peer, threads);
    this.#queue.threadsDied(threads);
  }

  [inspect.custom](): string {
    return `Semaphore { value: ${this.value} }`;
  }

  /** @internal */
  override [HANDLE_FOR](): Omit<CrossingHandle, 'id'> {
    return { type: 'semaphore', words: this.#queue.words };
  }

  /** @internal This copy takes back the leased permits of threads that die. */
  override get [IS_NEEDED](): boolean {
    return true;
  }

  #lease(): Lease {
    return new Lease(() => this.#queue.release());
  }
}

brand(Semaphore, 'Semaphore');

/** Returns this thread's copy of a semaphore that arrived over `peer`. */
export function reviveSemaphore(handle: CrossingHandle, peer: Peer): Semaphore {
  return reviveAs(handle, peer, () => new Semaphore(0, new Inner(handle.words)));
}
