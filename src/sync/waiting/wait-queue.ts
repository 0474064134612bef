import { Permits } from './permits.js';
import {
  ABANDONED,
  BLOCK,
  BLOCKS,
  CELLS,
  CELLS_EACH,
  claimBlock,
  drawTicket,
  HEAD_WORDS,
  isBefore,
  LEASED,
  NO_BLOCK,
  PERMITS,
  THREAD,
  UNSHOWN,
  WAITERS,
} from './queue-words.js';
import { type Awaited, checkNotCancelled, readWait, type WaitOptions, wait, waitSync } from './wait.js';
import { block, ownWakeup, unwatch, wake, watch } from './wakeup.js';

/** A waiter on this thread. */
interface Waiter {
  readonly ticket: number;
  granted: (() => void) | undefined;
}

/**
 * Permits in shared memory, with a queue of waiters across threads. A caller that finds no permit draws a ticket;
 * tickets are served in order (FIFO), whatever their threads.
 *
 * A thread shows its first four waiters in cells of its block; the others move up as cells become free. A permit is
 * handed over directly: the thread that releases it finds the smallest ticket and swaps (CAS) that cell from *waiting*
 * to *granted*, while a waiter that gives up swaps its cell from *waiting* to *empty*. Exactly one of the two wins.
 * Every thread that adds a permit or a waiter serves the waiters afterwards, so the last one sees both, and no wakeup is
 * lost.
 *
 * A thread can be terminated only before a call, one of `Atomics` included. So an atomic operation and the plain writes right
 * after it are one step. Each thread keeps accounts in its block of what must not die with it: it writes them plainly, after
 * the operation that changes what they count, and the thread that clears the block reads them.
 */
export class WaitQueue {
  readonly words: Int32Array;
  /** This thread's block; -1 before it has one. */
  #block = -1;
  readonly #shown: (Waiter | undefined)[] = new Array<Waiter | undefined>(CELLS_EACH).fill(undefined);
  /** Waiters of this thread that found no free cell, in order. */
  readonly #unshown = new Set<Waiter>();
  #isWatching = false;
  readonly #permits: Permits;
  readonly #isForWaiters: boolean;

  /**
   * @param words the shared words, new from {@link waitQueueWords} or those of another thread's copy.
   * @param options.isForWaiters whether permits go only to those that wait when they are added, and are used up when
   * granted.
   */
  constructor(words: Int32Array, options: { readonly isForWaiters: boolean } = { isForWaiters: false }) {
    this.words = words;
    this.#isForWaiters = options.isForWaiters;
    const ownBlock = (): number => this.#findBlock() ?? NO_BLOCK;
    this.#permits = new Permits(words, { ...options, ownBlock });
  }

  get permits(): number {
    return Atomics.load(this.words, PERMITS);
  }

  /** Acquires a permit if one is free and nobody waits for it. Returns whether it did. */
  tryAcquireBare(): boolean {
    const { words } = this;
    for (;;) {
      const permits = Atomics.load(words, PERMITS);
      if (permits <= 0 || Atomics.load(words, WAITERS) > 0) return false;
      if (Atomics.compareExchange(words, PERMITS, permits, permits - 1) === permits) return true;
    }
  }

  /** Like `tryAcquireBare`, for a leased permit, which goes back if this thread dies. */
  tryAcquire(): boolean {
    const { words } = this;
    const leased = this.#ownBlock() + LEASED;
    for (;;) {
      const permits = Atomics.load(words, PERMITS);
      if (permits <= 0 || Atomics.load(words, WAITERS) > 0) return false;
      if (Atomics.compareExchange(words, PERMITS, permits, permits - 1) === permits) {
        words[leased] = (words[leased] as number) + 1;
        return true;
      }
    }
  }

  /** Adds a permit. */
  releaseBare(): void {
    Atomics.add(this.words, PERMITS, 1);
    if (Atomics.load(this.words, WAITERS) > 0) this.#serveAndCollect();
  }

  /** Releases a leased permit of this thread. */
  release(): void {
    const { words } = this;
    const leased = this.#ownBlock() + LEASED;
    Atomics.add(words, PERMITS, 1);
    words[leased] = (words[leased] as number) - 1;
    if (Atomics.load(words, WAITERS) > 0) this.#serveAndCollect();
  }

  /** Index of this thread's block, which is claimed when first needed. */
  get block(): number {
    return this.#ownBlock();
  }

  /** Grants permits to waiters, if there are any: for callers that have added permits to the words themselves. */
  serveWaiters(): void {
    if (Atomics.load(this.words, WAITERS) > 0) this.#serveAndCollect();
  }

  /** Adds a permit for each of up to `max` current waiters; none is left for later ones. */
  addForWaiters(max: number): void {
    this.#permits.addForWaiters(max);
    this.#serveAndCollect();
  }

  /** Returns whether a thread has died with a permit since the last call. */
  takeAbandoned(): boolean {
    return Atomics.exchange(this.words, ABANDONED, 0) === 1;
  }

  /**
   * Waits for a leased permit. Resolves with whether one was granted in time.
   *
   * @param action what the caller does, as worded in an error.
   * @throws {CancelledError} by rejection, if the given token or signal is cancelled first.
   */
  acquire(options: WaitOptions | undefined, action: string): Promise<boolean> {
    return wait(new AwaitedPermit(this), options, action);
  }

  /**
   * Like `acquire`, but blocks this thread.
   *
   * @param entered called once the waiter is queued.
   */
  acquireSync(options: WaitOptions | undefined, action: string, entered?: () => void): boolean {
    const settings = readWait(options, action);
    checkNotCancelled(settings, action);
    const permit = new AwaitedPermit(this);
    permit.begin(() => {});
    entered?.();
    try {
      return waitSync(() => permit.isGranted, settings, action) || !permit.leave();
    } catch (error) {
      if (!permit.leave()) this.#giveBack(); // granted at the last moment
      throw error;
    }
  }

  #giveBack(): void {
    if (this.#isForWaiters) this.addForWaiters(1);
    else this.release();
  }

  /** Blocks this thread until it has a leased permit. Nothing else ends the wait. */
  acquireUninterruptibly(): void {
    const permit = new AwaitedPermit(this);
    permit.begin(() => {});
    block(() => permit.isGranted, Number.POSITIVE_INFINITY);
  }

  /** Joins the queue, or acquires a leased permit at once if one is free and nobody waits. */
  join(granted: () => void): Waiter | undefined {
    if (!this.#isForWaiters && this.tryAcquire()) {
      granted();
      return undefined;
    }
    const { words } = this;
    const waiter: Waiter = { ticket: drawTicket(words), granted };
    const unshown = this.#ownBlock() + UNSHOWN;
    this.#unshown.add(waiter);
    Atomics.add(words, WAITERS, 1);
    words[unshown] = (words[unshown] as number) + 1;
    this.#watchIfNeeded();
    this.#show();
    this.#serveAndCollect();
    return waiter;
  }

  /** Collects the permits granted to this thread's waiters, and notifies those waiters in the order of their tickets. */
  readonly collectGrants = (): void => {
    const granted: Waiter[] = [];
    for (;;) {
      for (const [index, waiter] of this.#shown.entries())
        if (waiter !== undefined && this.#takeGrant(index, waiter)) granted.push(waiter);
      if (!this.#show()) break;
      this.#permits.serve(); // the waiters that moved up may be served, too
    }
    this.#watchIfNeeded();
    granted.sort((a, b) => (isBefore(a.ticket, b.ticket) ? -1 : 1));
    for (const waiter of granted) {
      const { granted: notify } = waiter;
      waiter.granted = undefined;
      notify?.();
    }
  };

  /** Called when threads have died: removes their waiters and puts back their permits. */
  threadsDied(threads: readonly number[]): void {
    const { words } = this;
    const blocks = Atomics.load(words, BLOCKS);
    for (let block = 0; block < blocks; block++) {
      const at = HEAD_WORDS + BLOCK * block;
      if (threads.includes(Atomics.load(words, at + THREAD) - 1)) this.#permits.clear(at);
    }
    this.#permits.serve();
    // a dead thread may have granted a permit without waking the waiter
    for (let block = 0; block < blocks; block++) {
      const thread = Atomics.load(words, HEAD_WORDS + BLOCK * block + THREAD) - 1;
      if (thread >= 0) wake(thread);
    }
    this.collectGrants();
  }

  #serveAndCollect(): void {
    this.#permits.serve();
    if (this.#isWatching) this.collectGrants();
  }

  #takeGrant(index: number, waiter: Waiter): boolean {
    const { words } = this;
    const block = this.#ownBlock();
    if (Atomics.load(words, block + CELLS + index) !== -waiter.ticket) return false;
    Atomics.store(words, block + CELLS + index, 0);
    if (!this.#isForWaiters) words[block + LEASED] = (words[block + LEASED] as number) + 1;
    this.#shown[index] = undefined;
    return true;
  }

  /** Moves waiters of this thread up into free cells. Returns whether any moved. */
  #show(): boolean {
    if (this.#unshown.size === 0) return false;
    const { words } = this;
    let isAnyShown = false;
    for (const waiter of this.#unshown) {
      const index = this.#shown.indexOf(undefined);
      if (index < 0) break;
      this.#unshown.delete(waiter);
      this.#shown[index] = waiter;
      const block = this.#ownBlock();
      Atomics.store(words, block + CELLS + index, waiter.ticket);
      words[block + UNSHOWN] = (words[block + UNSHOWN] as number) - 1;
      isAnyShown = true;
    }
    return isAnyShown;
  }

  /** Removes a waiter from the queue. Returns false if it was already granted a permit. */
  leave(waiter: Waiter): boolean {
    if (waiter.granted === undefined) return false;
    const { words } = this;
    const block = this.#ownBlock();
    const isShown = !this.#unshown.delete(waiter);
    if (isShown) {
      const index = this.#shown.indexOf(waiter);
      const cell = block + CELLS + index;
      if (Atomics.compareExchange(words, cell, waiter.ticket, 0) !== waiter.ticket) {
        this.collectGrants(); // granted in between
        return false;
      }
      words[block + UNSHOWN] = (words[block + UNSHOWN] as number) + 1;
      this.#shown[index] = undefined;
    }
    Atomics.sub(words, WAITERS, 1);
    words[block + UNSHOWN] = (words[block + UNSHOWN] as number) - 1;
    if (isShown && this.#show()) this.#permits.serve();
    this.#permits.trim();
    this.#watchIfNeeded();
    return true;
  }

  #watchIfNeeded(): void {
    const isWaiting = this.#unshown.size > 0 || this.#shown.some((waiter) => waiter !== undefined);
    if (isWaiting === this.#isWatching) return;
    this.#isWatching = isWaiting;
    if (isWaiting) watch(this.collectGrants);
    else unwatch(this.collectGrants);
  }

  #ownBlock(): number {
    const block = this.#findBlock();
    if (block !== undefined) return block;
    throw new RangeError(`Cannot wait: more than ${(this.words.length - HEAD_WORDS) / BLOCK} threads use this object`);
  }

  #findBlock(): number | undefined {
    if (this.#block < 0) this.#block = claimBlock(this.words, ownWakeup());
    return this.#block < 0 ? undefined : this.#block;
  }
}

/** A permit that a caller waits for in the queue. */
class AwaitedPermit implements Awaited {
  readonly #queue: WaitQueue;
  #waiter: Waiter | undefined;
  #isGranted = false;

  constructor(queue: WaitQueue) {
    this.#queue = queue;
  }

  get isGranted(): boolean {
    if (!this.#isGranted) this.#queue.collectGrants();
    return this.#isGranted;
  }

  begin(done: () => void): void {
    this.#waiter = this.#queue.join(() => {
      this.#isGranted = true;
      done();
    });
  }

  leave(): boolean {
    return this.#waiter !== undefined && this.#queue.leave(this.#waiter);
  }
}
