import { inspect } from 'node:util';
import { checkCount } from '../base/check.js';
import { HANDLE_FOR, Inner, IS_NEEDED, THREAD_GONE } from './inner.js';
import { Lease } from './lease.js';
import type { CrossingHandle } from './sharing/crossing.js';
import type { Peer } from './sharing/registry.js';
import { arriveAs, brand, SharedObject } from './sharing/shared-object.js';
import { waitQueueWords } from './waiting/queue-words.js';
import { checkMayBlock, type WaitOptions } from './waiting/wait.js';
import { WaitQueue } from './waiting/wait-queue.js';

const ACTION = 'acquire a semaphore';
const MOST = 2 ** 30;

/**
 * A number of permits that threads share. Who finds none waits, and is served in order (FIFO), whichever thread it is on.
 *
 * A permit comes as a {@link Lease}, which goes back by itself when its thread dies; `tryAcquire` and `release` count bare
 * permits, which may be put in by another thread than took them out, and which nobody puts back.
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
   * @param permits how many there are: a whole number from 0 to 2^30. Default: 1.
   * @throws {TypeError} or {RangeError} for anything else.
   */
  constructor(permits?: number);
  /** @internal */
  constructor(permits: number, words: Inner<Int32Array>);
  constructor(permits = 1, words?: Inner<Int32Array>) {
    super();
    checkCount(permits, { name: 'permits', from: 0, to: MOST, action: 'make a semaphore' });
    this.#queue = new WaitQueue(Inner.of(words) ?? waitQueueWords(permits));
  }

  /** How many permits are left now. */
  get value(): number {
    return Math.max(0, this.#queue.permits);
  }

  /** Whether no permit is left now. */
  get isLocked(): boolean {
    return this.#queue.permits <= 0;
  }

  /**
   * Waits for a permit: a lease, or `null` when `timeoutMs` passed first.
   *
   * @throws {CancelledError} by rejection, when the token or signal given is cancelled first.
   */
  async acquire(): Promise<Lease>;
  async acquire(options: WaitOptions): Promise<Lease | null>;
  async acquire(options?: WaitOptions): Promise<Lease | null> {
    return (await this.#queue.hold(options, ACTION)) ? this.#lease() : null;
  }

  /**
   * Blocks a task's thread until there is a permit: a lease, or `null` when `timeoutMs` passed first.
   *
   * @throws {CancelledError} when the token or signal given, or the job that waits, is cancelled first.
   * @throws {TypeError} on the main thread, which must not block: use `acquire`.
   */
  acquireSync(): Lease;
  acquireSync(options: WaitOptions): Lease | null;
  acquireSync(options?: WaitOptions): Lease | null {
    checkMayBlock('acquireSync', 'semaphore.acquire()');
    return this.#queue.holdSync(options, ACTION) ? this.#lease() : null;
  }

  /** Takes a permit, if one is left and nobody waits for it. */
  tryAcquire(): boolean {
    return this.#queue.tryTake();
  }

  /** Puts a permit in: the first who waits gets it. */
  release(): void {
    this.#queue.put();
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

  /** @internal Somebody must see to it that what dead threads held comes back. */
  override get [IS_NEEDED](): boolean {
    return true;
  }

  #lease(): Lease {
    return new Lease(() => this.#queue.putHeld());
  }
}

brand(Semaphore, 'Semaphore');

/** The copy, on this thread, of what came over `peer`. */
export function semaphoreArrived(handle: CrossingHandle, peer: Peer): Semaphore {
  return arriveAs(handle, peer, () => new Semaphore(0, new Inner(handle.words)));
}
