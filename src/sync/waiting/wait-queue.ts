import { availableParallelism } from 'node:os';
import { type Awaited, checkNotCancelled, readWait, type WaitOptions, wait, waitSync } from './wait.js';
import { block, ownWakeup, ring, unwatch, watch } from './wakeup.js';

// Words of the head
/** Permits that nobody has. Where they are for those who wait: also, above `COUNT_BITS`, how often some were put in. */
const PERMITS = 0;
/** How many tickets were drawn: a waiter's place in the line. */
const TICKETS = 1;
/** Waiters that were not served and have not left. */
const WAITERS = 2;
/** How many blocks were ever used. */
const BLOCKS = 3;
/** 1 after a thread died that held a permit, until the next one is taken note of. */
const ABANDONED = 4;
const HEAD = 8;

// Words of a block: what one thread has to do with the queue
/** The number of its bell, plus 1; 0: the block is free. */
const THREAD = 0;
/** Permits that go back by themselves when it dies. */
const HELD = 1;
/** Its waiters that are not in a cell. */
const LINE = 2;
/** Its first waiters: 0, or the ticket of one that waits, or the same negative once it was granted a permit. */
const CELLS = 3;
const CELLS_EACH = 5;
const BLOCK = CELLS + CELLS_EACH;

/**
 * Of permits for those who wait: so many waiters at most. Who takes out a permit that is left for nobody must not take one
 * that was put in meanwhile, for somebody who came later: the count of puttings tells the two apart.
 */
const COUNT_BITS = 20;
const COUNT_MASK = (1 << COUNT_BITS) - 1;
const ONE_PUTTING = 1 << COUNT_BITS;

/** A queue serves at least so many threads. */
const MIN_THREADS = 64;
const LARGEST_TICKET = 2 ** 31 - 1;

/** One that waits, on this thread. */
interface Waiter {
  readonly ticket: number;
  granted: (() => void) | undefined;
}

/**
 * Permits in shared memory, and a line for them across threads. Who finds none draws a ticket and is served in the order of
 * tickets (FIFO), whichever thread it is on.
 *
 * A thread shows its first five waiters in cells of its block; those behind them follow as cells become free. A permit goes
 * from hand to hand: whoever puts one back looks for the smallest ticket and turns that cell, by compare-and-swap, from
 * *waits* to *granted*; who gives up turns it, by the same, from *waits* to *empty*. One of the two wins. Whoever has put
 * a permit or a waiter in serves the line afterwards, so that the last of them sees both: no wake-up is lost.
 *
 * Writes that must not be separated by the death of a thread follow one another without a call or a loop between, where
 * V8 ends no thread.
 */
export class WaitQueue {
  readonly words: Int32Array;
  /** This thread's block; -1 before it has one. */
  #block = -1;
  readonly #shown: (Waiter | undefined)[] = new Array<Waiter | undefined>(CELLS_EACH).fill(undefined);
  /** Waiters of this thread that found no cell free, in order. */
  readonly #line = new Set<Waiter>();
  #isWatching = false;
  /** Permits are for those who wait when they are put in, and are used up as they are granted. */
  readonly #isForWaiters: boolean;

  /** @param words those of another thread's copy; new ones are made by {@link waitQueueWords}. */
  constructor(words: Int32Array, options: { readonly isForWaiters: boolean } = { isForWaiters: false }) {
    this.words = words;
    this.#isForWaiters = options.isForWaiters;
  }

  get permits(): number {
    return Atomics.load(this.words, PERMITS);
  }

  /** Takes a permit, unless there is none or somebody waits for it. */
  tryTake(): boolean {
    const { words } = this;
    for (;;) {
      const permits = Atomics.load(words, PERMITS);
      if (permits <= 0 || Atomics.load(words, WAITERS) > 0) return false;
      if (Atomics.compareExchange(words, PERMITS, permits, permits - 1) === permits) return true;
    }
  }

  /** `tryTake` of a permit that goes back by itself when this thread dies. */
  tryHold(): boolean {
    const { words } = this;
    const held = this.#ownBlock() + HELD;
    for (;;) {
      const permits = Atomics.load(words, PERMITS);
      if (permits <= 0 || Atomics.load(words, WAITERS) > 0) return false;
      if (Atomics.compareExchange(words, PERMITS, permits, permits - 1) === permits) {
        Atomics.add(words, held, 1);
        return true;
      }
    }
  }

  /** Puts a permit in. */
  put(): void {
    Atomics.add(this.words, PERMITS, 1);
    if (Atomics.load(this.words, WAITERS) > 0) this.#serveAndLook();
  }

  /** Puts back a permit that this thread held. */
  putHeld(): void {
    const { words } = this;
    const held = this.#ownBlock() + HELD;
    Atomics.sub(words, held, 1);
    Atomics.add(words, PERMITS, 1);
    if (Atomics.load(words, WAITERS) > 0) this.#serveAndLook();
  }

  /** Puts in a permit for each of up to `max` that wait now. None stays behind for those to come. */
  putForWaiters(max: number): void {
    const { words } = this;
    for (let left = max; left > 0; ) {
      const permits = Atomics.load(words, PERMITS);
      const given = Math.min(left, Atomics.load(words, WAITERS) - (permits & COUNT_MASK));
      if (given <= 0) break;
      const more = (permits + given + ONE_PUTTING) | 0;
      if (Atomics.compareExchange(words, PERMITS, permits, more) === permits) left -= given;
    }
    this.#serveAndLook();
  }

  /** Whether the permit taken last was one of a thread that died with it. True once. */
  takeAbandoned(): boolean {
    return Atomics.exchange(this.words, ABANDONED, 0) === 1;
  }

  /**
   * Waits for a permit that goes back by itself when this thread dies: whether one was got in time.
   *
   * @param action what the caller does, in an error's words.
   * @throws {CancelledError} by rejection.
   */
  hold(options: WaitOptions | undefined, action: string): Promise<boolean> {
    return wait(new PlaceInLine(this), options, action);
  }

  /**
   * The same, blocking this thread.
   *
   * @param entered called once this thread stands in line.
   */
  holdSync(options: WaitOptions | undefined, action: string, entered?: () => void): boolean {
    const settings = readWait(options, action);
    checkNotCancelled(settings, action);
    const place = new PlaceInLine(this);
    place.enter(() => {});
    entered?.();
    try {
      return waitSync(() => place.isGranted, settings, action) || !place.leave();
    } catch (error) {
      if (!place.leave()) this.#giveBack(); // granted at the last moment
      throw error;
    }
  }

  #giveBack(): void {
    if (this.#isForWaiters) this.putForWaiters(1);
    else this.putHeld();
  }

  /** Blocks this thread until it holds a permit, and nothing ends the wait. */
  holdWhatever(): void {
    const place = new PlaceInLine(this);
    place.enter(() => {});
    block(() => place.isGranted, Number.POSITIVE_INFINITY);
  }

  /** Stands in line, or takes a permit at once where nobody does. */
  enter(granted: () => void): Waiter | undefined {
    if (!this.#isForWaiters && this.tryHold()) {
      granted();
      return undefined;
    }
    const { words } = this;
    const waiter: Waiter = { ticket: this.#drawTicket(), granted };
    const line = this.#ownBlock() + LINE;
    this.#line.add(waiter);
    Atomics.add(words, line, 1);
    Atomics.add(words, WAITERS, 1);
    this.#watchIfNeeded();
    this.#show();
    this.#serveAndLook();
    return waiter;
  }

  /** Takes note of permits that this thread's waiters were granted, and tells them in the order of their tickets. */
  readonly look = (): void => {
    const granted: Waiter[] = [];
    for (;;) {
      for (const [index, waiter] of this.#shown.entries())
        if (waiter !== undefined && this.#takeGrant(index, waiter)) granted.push(waiter);
      if (!this.#show()) break;
      this.#serve(); // those who came forward may be served, too
    }
    this.#watchIfNeeded();
    granted.sort((a, b) => (isBefore(a.ticket, b.ticket) ? -1 : 1));
    for (const waiter of granted) {
      const { granted: tell } = waiter;
      waiter.granted = undefined;
      tell?.();
    }
  };

  /** Threads have died: their waiters leave, what they held goes back. */
  threadsDied(threads: readonly number[]): void {
    const { words } = this;
    const blocks = Atomics.load(words, BLOCKS);
    for (let block = 0; block < blocks; block++) {
      const at = HEAD + BLOCK * block;
      if (threads.includes(Atomics.load(words, at + THREAD) - 1)) this.#clear(at);
    }
    this.#serve();
    // one of them may have granted a permit without having rung for it
    for (let block = 0; block < blocks; block++) {
      const thread = Atomics.load(words, HEAD + BLOCK * block + THREAD) - 1;
      if (thread >= 0) ring(thread);
    }
    this.look();
  }

  #clear(at: number): void {
    const { words } = this;
    let permits = Atomics.exchange(words, at + HELD, 0);
    Atomics.sub(words, WAITERS, Atomics.exchange(words, at + LINE, 0));
    for (let cell = at + CELLS; cell < at + BLOCK; cell++) {
      const ticket = Atomics.load(words, cell);
      if (ticket > 0 && Atomics.compareExchange(words, cell, ticket, 0) === ticket) Atomics.sub(words, WAITERS, 1);
      else if (Atomics.exchange(words, cell, 0) < 0) permits++;
    }
    Atomics.store(words, at + THREAD, 0);
    if (this.#isForWaiters) {
      this.putForWaiters(permits); // somebody else may have what it was told
      return;
    }
    if (permits === 0) return;
    Atomics.store(words, ABANDONED, 1);
    Atomics.add(words, PERMITS, permits);
  }

  /** Gives what permits there are to those who wait, the smallest ticket first. */
  #serve(): void {
    this.#grant();
    this.#trim(); // after every permit put back and every waiter taken off: the last of them sees both
  }

  #grant(): void {
    const { words } = this;
    for (;;) {
      const permits = Atomics.load(words, PERMITS);
      if ((this.#isForWaiters ? permits & COUNT_MASK : permits) <= 0) return;
      const cell = this.#first();
      if (cell < 0) return;
      const ticket = Atomics.load(words, cell);
      if (ticket <= 0) continue;
      if (Atomics.compareExchange(words, PERMITS, permits, permits - 1) !== permits) continue;
      if (Atomics.compareExchange(words, cell, ticket, -ticket) === ticket) {
        Atomics.sub(words, WAITERS, 1);
        const thread = Atomics.load(words, cell - ((cell - HEAD) % BLOCK) + THREAD) - 1;
        if (thread !== ownWakeup()) ring(thread); // this one looks by itself
      } else {
        Atomics.add(words, PERMITS, 1); // it has left: the next one is looked for
      }
    }
  }

  /** The cell with the smallest ticket of those that wait; -1 where none does. */
  #first(): number {
    const { words } = this;
    const end = HEAD + BLOCK * Atomics.load(words, BLOCKS);
    let first = -1;
    let smallest = 0;
    for (let block = HEAD; block < end; block += BLOCK) {
      if (Atomics.load(words, block + THREAD) === 0) continue;
      for (let cell = block + CELLS; cell < block + BLOCK; cell++) {
        const ticket = Atomics.load(words, cell);
        if (ticket <= 0 || (first >= 0 && !isBefore(ticket, smallest))) continue;
        first = cell;
        smallest = ticket;
      }
    }
    return first;
  }

  #serveAndLook(): void {
    this.#serve();
    if (this.#isWatching) this.look();
  }

  #takeGrant(index: number, waiter: Waiter): boolean {
    const { words } = this;
    const block = this.#ownBlock();
    if (Atomics.load(words, block + CELLS + index) !== -waiter.ticket) return false;
    Atomics.store(words, block + CELLS + index, 0);
    if (!this.#isForWaiters) Atomics.add(words, block + HELD, 1);
    this.#shown[index] = undefined;
    return true;
  }

  /** Waiters of this thread take the cells that are free. False where none did. */
  #show(): boolean {
    if (this.#line.size === 0) return false;
    const { words } = this;
    let isAnyShown = false;
    for (const waiter of this.#line) {
      const index = this.#shown.indexOf(undefined);
      if (index < 0) break;
      this.#line.delete(waiter);
      this.#shown[index] = waiter;
      const block = this.#ownBlock();
      Atomics.store(words, block + CELLS + index, waiter.ticket);
      Atomics.sub(words, block + LINE, 1);
      isAnyShown = true;
    }
    return isAnyShown;
  }

  /** Waits no longer. False where it was granted a permit. */
  leave(waiter: Waiter): boolean {
    if (waiter.granted === undefined) return false;
    const { words } = this;
    const block = this.#ownBlock();
    if (this.#line.delete(waiter)) {
      Atomics.sub(words, block + LINE, 1);
      Atomics.sub(words, WAITERS, 1);
    } else {
      const index = this.#shown.indexOf(waiter);
      const cell = block + CELLS + index;
      if (Atomics.compareExchange(words, cell, waiter.ticket, 0) !== waiter.ticket) {
        this.look(); // it was granted just now
        return false;
      }
      Atomics.sub(words, WAITERS, 1);
      this.#shown[index] = undefined;
      if (this.#show()) this.#serve();
    }
    this.#trim();
    this.#watchIfNeeded();
    return true;
  }

  /** Of a queue whose permits are for those who wait only: takes out what is left for nobody. */
  #trim(): void {
    if (!this.#isForWaiters) return;
    const { words } = this;
    for (;;) {
      const permits = Atomics.load(words, PERMITS);
      if ((permits & COUNT_MASK) <= Atomics.load(words, WAITERS)) return;
      Atomics.compareExchange(words, PERMITS, permits, permits - 1);
    }
  }

  #watchIfNeeded(): void {
    const isWaiting = this.#line.size > 0 || this.#shown.some((waiter) => waiter !== undefined);
    if (isWaiting === this.#isWatching) return;
    this.#isWatching = isWaiting;
    if (isWaiting) watch(this.look);
    else unwatch(this.look);
  }

  #drawTicket(): number {
    const drawn = (Atomics.add(this.words, TICKETS, 1) + 1) & LARGEST_TICKET;
    return drawn === 0 ? this.#drawTicket() : drawn;
  }

  /** Where this thread's block begins; takes one when it is first needed. */
  #ownBlock(): number {
    if (this.#block >= 0) return this.#block;
    const { words } = this;
    const thread = ownWakeup() + 1;
    const end = words.length;
    for (let block = HEAD; block < end; block += BLOCK) {
      const owner = Atomics.load(words, block + THREAD);
      if (owner !== thread && (owner !== 0 || Atomics.compareExchange(words, block + THREAD, 0, thread) !== 0))
        continue;
      this.#block = block;
      this.#noteUse((block - HEAD) / BLOCK + 1);
      return block;
    }
    throw new RangeError(`Cannot wait: more than ${(end - HEAD) / BLOCK} threads use this object`);
  }

  #noteUse(blocks: number): void {
    for (;;) {
      const used = Atomics.load(this.words, BLOCKS);
      if (used >= blocks || Atomics.compareExchange(this.words, BLOCKS, used, blocks) === used) return;
    }
  }
}

/** One wait's place in the line. */
class PlaceInLine implements Awaited {
  readonly #queue: WaitQueue;
  #waiter: Waiter | undefined;
  #isGranted = false;

  constructor(queue: WaitQueue) {
    this.#queue = queue;
  }

  get isGranted(): boolean {
    if (!this.#isGranted) this.#queue.look();
    return this.#isGranted;
  }

  enter(done: () => void): void {
    this.#waiter = this.#queue.enter(() => {
      this.#isGranted = true;
      done();
    });
  }

  leave(): boolean {
    return this.#waiter !== undefined && this.#queue.leave(this.#waiter);
  }
}

/** The shared memory of a new queue. */
export function waitQueueWords(permits: number): Int32Array {
  const threads = Math.max(MIN_THREADS, 4 * availableParallelism());
  const words = new Int32Array(new SharedArrayBuffer((HEAD + BLOCK * threads) * Int32Array.BYTES_PER_ELEMENT));
  words[PERMITS] = permits;
  return words;
}

/** Whether a ticket was drawn before another: they wrap. */
function isBefore(ticket: number, other: number): boolean {
  return (ticket - other) << 1 < 0;
}
