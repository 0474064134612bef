import { LEASED, PERMITS, WAITERS } from '../waiting/queue-words.js';
import type { WaitQueue } from '../waiting/wait-queue.js';
import {
  CLOSED_PERMITS,
  Debt,
  END,
  HEAD,
  IS_CLOSED,
  ITEMS_DUE,
  LENGTH,
  NUMBER,
  RECEIVE_DEBT,
  RECEIVE_LOCK,
  type RingMemory,
  ROOM_DUE,
  SEND_DEBT,
  SEND_LOCK,
  SLOT,
  SLOTS,
  START,
  TAG,
  TAIL,
  ValueTag,
} from './channel-words.js';
import { lock, lockName, unlockFor } from './short-lock.js';
import { BATCH, CHECKS, SPINS } from './tuning.js';

/** Outcome of an attempt to send; `no space`: too many bytes; `busy`: the lock's holder does not release it, and may have died. */
export type SendOutcome = 'sent' | 'full' | 'no space' | 'closed' | 'busy';
/** Outcome of an attempt to receive; `busy` as in {@link SendOutcome}. */
export type ReceiveOutcome = 'received' | 'empty' | 'closed' | 'busy';

/** The permits of a ring, and the queues of waiters for them. */
export interface RingQueues {
  /** Permits to receive: one for each value. */
  readonly items: WaitQueue;
  /** Permits to send: one for each free place. */
  readonly room: WaitQueue;
  /** Senders whose value has too many bytes for now. */
  readonly space: WaitQueue;
}

/** Stands for the index of a lease's account if the permit is not leased. */
const NO_LEASE = -1;
const EVERYBODY = 2 ** 20 - 1;

/**
 * Values in shared memory, in the order in which they were sent. Senders exclude each other, and so do receivers, but not one
 * another. Each value takes one place: a sender takes a permit of `room` and adds one to `items`, a receiver the other way
 * round. A thread that has waited for its permit has it leased, so that it goes back if the thread dies.
 *
 * If each permit were added at once, both sides would write the same memory for each value. So it is first *due*, in a word of
 * the side that adds it, which adds all of them once they are many or a thread waits. A thread that finds no permit adds those
 * due itself, and again once it is queued, as the other side may not have seen it there before.
 *
 * Whether there is a permit, and no waiter, is first read plainly, which is cheap and mostly right: a thread that reads a stale
 * value tries in vain, or goes ahead of a waiter that was queued just now. The permit itself is taken atomically.
 *
 * A send takes effect by the store of `TAIL`, a receive by that of `HEAD`; what others read was written before. The permits
 * follow; if the thread dies before, another pays them. So no death leaves a value, a place or a permit too many or too few.
 */
export class ChannelRing {
  readonly #words: Int32Array;
  readonly #floats: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #queues: RingQueues;
  readonly #items: Int32Array;
  readonly #room: Int32Array;
  readonly #space: Int32Array;
  readonly #own: number;
  readonly #slotMask: number;
  /** Most bytes of all values. */
  readonly maxBytes: number;
  /** `HEAD` when a send last found no space. */
  #headSeen = 0;
  /** `TAIL` when a receive last read it. */
  #tailSeen = 0;
  // the value received last
  tag = 0;
  number = 0;
  bytes: Uint8Array | undefined;

  /** @param thread index of this thread. */
  constructor(memory: RingMemory, queues: RingQueues, thread: number) {
    this.#words = memory.words;
    this.#floats = memory.floats;
    this.#bytes = memory.bytes;
    this.#queues = queues;
    this.#items = queues.items.words;
    this.#room = queues.room.words;
    this.#space = queues.space.words;
    this.#own = lockName(thread);
    this.#slotMask = memory.slots - 1;
    this.maxBytes = memory.bytes.length;
  }

  /** Spins for a moment, which costs less than to sleep. Returns whether there seems to be a value. */
  pollForItem(): boolean {
    return poll(this.#items, this.#words, ITEMS_DUE);
  }

  /** Spins for a moment. Returns whether there seems to be room. */
  pollForRoom(): boolean {
    return poll(this.#room, this.#words, ROOM_DUE);
  }

  get size(): number {
    const words = this.#words;
    const head = Atomics.load(words, HEAD); // before `TAIL`, so that the difference is never negative
    return (Atomics.load(words, TAIL) - head) | 0;
  }

  get isClosed(): boolean {
    return Atomics.load(this.#words, IS_CLOSED) === 1;
  }

  /** Sends a value if there is room for it and nobody waits to send. */
  trySend(tag: number, number: number, bytes: Uint8Array | undefined): SendOutcome {
    return this.#send(tag, number, bytes, NO_LEASE);
  }

  /** Sends a value by a leased permit of `room`, which is used up if the value was sent. */
  sendLeased(tag: number, number: number, bytes: Uint8Array | undefined): SendOutcome {
    return this.#send(tag, number, bytes, this.#queues.room.block + LEASED);
  }

  #send(tag: number, number: number, bytes: Uint8Array | undefined, leasedAt: number): SendOutcome {
    const words = this.#words;
    const floats = this.#floats;
    const memory = this.#bytes;
    const room = this.#room;
    const items = this.#items;
    const slotMask = this.#slotMask;
    const maxBytes = this.maxBytes;
    const length = bytes === undefined ? 0 : bytes.length;
    let outcome: SendOutcome = 'sent';
    let due = 0;
    if (!lock(words, SEND_LOCK, this.#own)) return 'busy';
    const tail = words[TAIL] as number;
    const slot = SLOTS + SLOT * (tail & slotMask);
    let end = words[SLOTS + SLOT * ((tail - 1) & slotMask) + END] as number;
    let start = end;
    if (words[IS_CLOSED] === 1) outcome = 'closed';
    else if (leasedAt === NO_LEASE && ((room[PERMITS] as number) <= 0 || (room[WAITERS] as number) > 0))
      outcome = 'full';
    else if (length > 0) {
      const head = Atomics.load(words, HEAD);
      const freed = words[SLOTS + SLOT * ((head - 1) & slotMask) + END] as number;
      // the bytes of a value are contiguous: too few at the end of the memory are skipped
      if ((end & (maxBytes - 1)) + length > maxBytes) start = (end + maxBytes - 1) & ~(maxBytes - 1);
      end = (start + length) | 0;
      if (head !== tail && ((end - freed) | 0) > maxBytes) {
        outcome = 'no space';
        this.#headSeen = head;
      }
    }
    if (outcome === 'sent') {
      words[slot + TAG] = tag;
      words[slot + END] = end;
      if (bytes === undefined) floats[(slot + NUMBER) >> 1] = number;
      else {
        words[slot + START] = start & (maxBytes - 1);
        words[slot + LENGTH] = length;
        memory.set(bytes, start & (maxBytes - 1));
      }
      let hasPermit = true;
      if (leasedAt === NO_LEASE) {
        hasPermit = Atomics.sub(room, PERMITS, 1) > 0;
        words[SEND_DEBT] = Debt.ROOM;
      }
      if (hasPermit) {
        Atomics.store(words, TAIL, (tail + 1) | 0);
        words[SEND_DEBT] = Debt.ITEM;
        if (leasedAt !== NO_LEASE) room[leasedAt] = (room[leasedAt] as number) - 1;
        due = Atomics.add(words, ITEMS_DUE, 1) + 1;
      } else {
        Atomics.add(room, PERMITS, 1); // a waiter was granted the last one meanwhile
        outcome = 'full';
      }
      words[SEND_DEBT] = Debt.NONE;
    }
    if ((Atomics.exchange(words, SEND_LOCK, 0) & 1) === 1) Atomics.notify(words, SEND_LOCK, 1);
    if (outcome === 'sent') {
      if (due >= BATCH || Atomics.load(items, WAITERS) > 0) this.collectItems();
    } else if (outcome === 'full') this.#queues.room.serveWaiters();
    return outcome;
  }

  /** Receives the next value if there is one and nobody waits for it. The value is in `tag`, `number` and `bytes`. */
  tryReceive(): ReceiveOutcome {
    return this.#receive(NO_LEASE);
  }

  /** Receives the next value by a leased permit of `items`, which is used up unless the channel is closed. */
  receiveLeased(): ReceiveOutcome {
    return this.#receive(this.#queues.items.block + LEASED);
  }

  #receive(leasedAt: number): ReceiveOutcome {
    const words = this.#words;
    const floats = this.#floats;
    const memory = this.#bytes;
    const room = this.#room;
    const items = this.#items;
    let outcome: ReceiveOutcome = 'received';
    let tag = 0;
    let number = 0;
    let bytes: Uint8Array | undefined;
    let due = 0;
    if (!lock(words, RECEIVE_LOCK, this.#own)) return 'busy';
    const head = words[HEAD] as number;
    if (leasedAt === NO_LEASE && ((items[PERMITS] as number) <= 0 || (items[WAITERS] as number) > 0)) outcome = 'empty';
    else if (!this.#hasValue(head))
      outcome = 'closed'; // the permit is one of `CLOSED_PERMITS`
    else {
      const slot = SLOTS + SLOT * (head & this.#slotMask);
      tag = words[slot + TAG] as number;
      if (tag === ValueTag.BYTES) {
        const start = words[slot + START] as number;
        bytes = memory.slice(start, start + (words[slot + LENGTH] as number)); // a copy, as the memory is used again
      } else number = floats[(slot + NUMBER) >> 1] as number;
      let hasPermit = true;
      if (leasedAt === NO_LEASE) {
        hasPermit = Atomics.sub(items, PERMITS, 1) > 0;
        words[RECEIVE_DEBT] = Debt.ITEM;
      }
      if (hasPermit) {
        Atomics.store(words, HEAD, (head + 1) | 0);
        words[RECEIVE_DEBT] = Debt.ROOM;
        if (leasedAt !== NO_LEASE) items[leasedAt] = (items[leasedAt] as number) - 1;
        due = Atomics.add(words, ROOM_DUE, 1) + 1;
      } else {
        Atomics.add(items, PERMITS, 1);
        outcome = 'empty';
      }
      words[RECEIVE_DEBT] = Debt.NONE;
    }
    if ((Atomics.exchange(words, RECEIVE_LOCK, 0) & 1) === 1) Atomics.notify(words, RECEIVE_LOCK, 1);
    if (outcome === 'received') {
      this.tag = tag;
      this.number = number;
      this.bytes = bytes;
      if (due >= BATCH || Atomics.load(room, WAITERS) > 0) this.collectRoom();
      if (Atomics.load(this.#space, WAITERS) > 0) this.#wakeForSpace();
    } else if (outcome === 'empty') this.#queues.items.serveWaiters();
    return outcome;
  }

  /** Adds the permits to receive that are due: for a receiver that has found none, and again once it is queued. */
  collectItems(): void {
    this.#queues.items.addFrom(this.#words, ITEMS_DUE);
  }

  /** Adds the permits to send that are due: for a sender that has found none, and again once it is queued. */
  collectRoom(): void {
    this.#queues.room.addFrom(this.#words, ROOM_DUE);
  }

  #hasValue(head: number): boolean {
    if (((this.#tailSeen - head) | 0) > 0) return true;
    this.#tailSeen = Atomics.load(this.#words, TAIL);
    return this.#tailSeen !== head;
  }

  /**
   * For a sender that has found no space and is now queued: wakes the waiters if a value was received or the channel closed in
   * between, as the thread that did so may not have seen the sender there.
   */
  joinedForSpace(): void {
    if (Atomics.load(this.#words, HEAD) !== this.#headSeen || this.isClosed) this.#wakeForSpace();
  }

  #wakeForSpace(): void {
    this.#queues.space.addForWaiters(EVERYBODY);
  }

  /** Closes the channel and ends all waits. Does nothing if it is closed. */
  close(): 'closed' | 'busy' {
    const words = this.#words;
    if (!lock(words, SEND_LOCK, this.#own)) return 'busy';
    if (Atomics.load(words, IS_CLOSED) === 0) {
      Atomics.store(words, IS_CLOSED, 1);
      words[SEND_DEBT] = Debt.CLOSE;
      Atomics.add(this.#items, PERMITS, CLOSED_PERMITS);
      words[SEND_DEBT] = Debt.CLOSE_ROOM;
      Atomics.add(this.#room, PERMITS, CLOSED_PERMITS);
      words[SEND_DEBT] = Debt.NONE;
    }
    if ((Atomics.exchange(words, SEND_LOCK, 0) & 1) === 1) Atomics.notify(words, SEND_LOCK, 1);
    this.#queues.items.serveWaiters();
    this.#queues.room.serveWaiters();
    this.#wakeForSpace();
    return 'closed';
  }

  #pay(debtAt: number): void {
    const words = this.#words;
    switch (words[debtAt]) {
      case Debt.ROOM:
        Atomics.add(this.#room, PERMITS, 1);
        break;
      case Debt.ITEM:
        Atomics.add(this.#items, PERMITS, 1);
        break;
      case Debt.CLOSE:
        Atomics.add(this.#items, PERMITS, CLOSED_PERMITS);
        words[debtAt] = Debt.CLOSE_ROOM;
        Atomics.add(this.#room, PERMITS, CLOSED_PERMITS);
        break;
      case Debt.CLOSE_ROOM:
        Atomics.add(this.#room, PERMITS, CLOSED_PERMITS);
        break;
    }
    words[debtAt] = Debt.NONE;
  }

  /** Called when threads have died. */
  threadsDied(threads: readonly number[]): void {
    unlockFor(this.#words, SEND_LOCK, threads, () => this.#pay(SEND_DEBT));
    unlockFor(this.#words, RECEIVE_LOCK, threads, () => this.#pay(RECEIVE_DEBT));
    // a dead thread may not have seen a waiter
    this.collectItems();
    this.collectRoom();
    for (const queue of [this.#queues.items, this.#queues.room, this.#queues.space]) queue.threadsDied(threads);
    this.#wakeForSpace(); // a dead thread may have made space, or closed the channel, without waking others
  }
}

/** Whether a queue soon has a free permit, or one is due to it. */
function poll(queue: Int32Array, words: Int32Array, dueAt: number): boolean {
  for (let checks = 0; checks < SPINS; checks++) {
    if (Atomics.load(queue, PERMITS) > 0) return true;
    if (checks % CHECKS === CHECKS - 1 && Atomics.load(words, dueAt) > 0) return true;
  }
  return false;
}
