import { LEASED, PERMITS, WAITERS } from '../waiting/queue-words.js';
import type { WaitQueue } from '../waiting/wait-queue.js';
import { setApart, takeBack, useUp } from './apart.js';
import {
  ASKED,
  AWAITED,
  between,
  CLOSED,
  CLOSED_PERMITS,
  END,
  HELD,
  Hold,
  ITEMS_APART,
  LENGTH,
  NUMBER,
  ONE,
  POSITION,
  POSITION_BITS,
  RECEIVED,
  RECEIVED_SEEN,
  type RingMemory,
  ROOM_APART,
  SENT,
  SENT_SEEN,
  SLEEPS,
  SLOT,
  SLOTS,
  START,
  TAG,
  ValueTag,
} from './channel-words.js';
import { BUSY, lock, lockOrAsk, unlock, unlockFor } from './short-lock.js';
import { CHECKS, SPINS } from './tuning.js';

/** Outcome of an attempt to send; `no space`: too many bytes; `busy`: the lock's holder does not release it, and may have died. */
export type SendOutcome = 'sent' | 'full' | 'no space' | 'closed' | 'busy';
/** Outcome of an attempt to receive; `busy` as in {@link SendOutcome}. */
export type ReceiveOutcome = 'received' | 'empty' | 'closed' | 'busy';

/** The queues of those who wait for a ring. */
export interface RingQueues {
  /** Permits to receive: one for each value that is set apart. */
  readonly items: WaitQueue;
  /** Permits to send: one for each free place that is set apart. */
  readonly room: WaitQueue;
  /** Senders whose value has too many bytes for now. */
  readonly space: WaitQueue;
}

/** Stands for the index of a lease's account if there is no lease. */
const NO_LEASE = -1;
const EVERYBODY = 2 ** 20 - 1;
/** Bits of a word that who unlocks it has to attend to. */
const CALLS = SLEEPS | ASKED | AWAITED;

/**
 * Values in shared memory, in the order in which they were sent. Senders exclude each other, and so do receivers, but not one
 * another. Each value takes one place.
 *
 * A call into `Atomics` takes longer than all else that is done for a number, so there are two of them: the word that counts the
 * values is also the lock. A compare-exchange locks it, and one exchange counts the value, unlocks, and brings the bits by which
 * others have called for attention meanwhile. The other side's count is read only when what was seen of it is used up.
 *
 * Who finds no value or no place waits in a queue, for a permit, and has it leased when it comes, so that it goes back if the
 * thread dies. Permits are only for those who wait: a value or a place is *set apart* for each, and is not for others then. The
 * waiter first sets apart what there is, once it is queued, and leaves `AWAITED` in the word of the other side, whose next
 * thread does so. Setting apart needs the lock; if another thread holds it, that is `ASKED` to.
 *
 * Whether somebody waits is first read plainly, which is cheap and mostly right: a thread that reads a stale value goes ahead of
 * a waiter that was queued just now.
 *
 * A send and a receive take effect by the exchange; what others read was written before. So no death leaves a value, a place or a
 * permit too many or too few.
 */
export class ChannelRing {
  readonly #words: Int32Array;
  readonly #floats: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #queues: RingQueues;
  readonly #items: Int32Array;
  readonly #room: Int32Array;
  readonly #space: Int32Array;
  readonly #senders: Int32Array;
  readonly #receivers: Int32Array;
  /** Index of this thread. */
  readonly #own: number;
  readonly #slotMask: number;
  readonly #capacity: number;
  /** Most bytes of all values. */
  readonly maxBytes: number;
  /** `SENT` as this thread has last left it, and most often still is. */
  #sentLeft = 0;
  /** `RECEIVED` likewise. */
  #receivedLeft = 0;
  /** Position in `RECEIVED` when a send last found no space. */
  #receivedBefore = 0;
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
    this.#senders = memory.senders;
    this.#receivers = memory.receivers;
    this.#own = thread;
    this.#slotMask = memory.slots - 1;
    this.#capacity = memory.capacity;
    this.maxBytes = memory.bytes.length;
  }

  /** Spins for a moment, which costs less than to sleep. Returns whether there seems to be a value. */
  pollForItem(): boolean {
    return this.#poll(() => this.size > 0);
  }

  /** Spins for a moment. Returns whether there seems to be room. */
  pollForRoom(): boolean {
    return this.#poll(() => this.size < this.#capacity);
  }

  get size(): number {
    const words = this.#words;
    const received = Atomics.load(words, RECEIVED); // before `SENT`, so that the difference is never negative
    return between(received, Atomics.load(words, SENT));
  }

  get isClosed(): boolean {
    return (Atomics.load(this.#words, SENT) & CLOSED) !== 0;
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
    const senders = this.#senders;
    const own = this.#own;
    let word = this.#sentLeft;
    const found = Atomics.compareExchange(words, SENT, word, word | HELD);
    if (found === word) senders[own] = Hold.LOCK;
    else {
      word = lock(words, SENT, found, senders, own);
      if (word === BUSY) return 'busy';
    }
    const sent = word & POSITION;
    const slotMask = this.#slotMask;
    const place = sent >>> POSITION_BITS;
    let outcome: SendOutcome = 'sent';
    let end = words[SLOTS + SLOT * ((place - 1) & slotMask) + END] as number;
    let start = end;
    if ((word & CLOSED) !== 0) outcome = 'closed';
    else if (leasedAt === NO_LEASE && !this.#hasRoom(sent)) outcome = 'full';
    else if (bytes !== undefined) {
      const { maxBytes } = this;
      const { length } = bytes;
      const received = Atomics.load(words, RECEIVED) & POSITION;
      const freed = words[SLOTS + SLOT * (((received >>> POSITION_BITS) - 1) & slotMask) + END] as number;
      // the bytes of a value are contiguous: too few at the end of the memory are skipped
      if ((end & (maxBytes - 1)) + length > maxBytes) start = (end + maxBytes - 1) & ~(maxBytes - 1);
      end = (start + length) | 0;
      if (received !== sent && ((end - freed) | 0) > maxBytes) {
        outcome = 'no space';
        this.#receivedBefore = received;
      }
    }
    let before: number;
    if (outcome === 'sent') {
      const slot = SLOTS + SLOT * (place & slotMask);
      words[slot + TAG] = tag;
      words[slot + END] = end;
      if (bytes === undefined) this.#floats[(slot + NUMBER) >> 1] = number;
      else {
        const at = start & (this.maxBytes - 1);
        words[slot + START] = at;
        words[slot + LENGTH] = bytes.length;
        this.#bytes.set(bytes, at);
      }
      if (leasedAt !== NO_LEASE) useUp(this.#room, leasedAt, words, ROOM_APART);
      const left = (sent + ONE) | 0;
      before = Atomics.exchange(words, SENT, left);
      senders[own] = Hold.NONE;
      this.#sentLeft = left;
    } else before = unlock(words, SENT, senders, own) & ~AWAITED;
    if ((before & CALLS) !== 0) this.#attendToSent(before);
    if (outcome === 'full') this.collectRoom();
    return outcome;
  }

  /** For the holder of the lock of senders: whether a place is free for who has not waited. */
  #hasRoom(sent: number): boolean {
    const words = this.#words;
    const room = this.#room;
    if ((room[WAITERS] as number) > 0) return false;
    const most = this.#capacity - (words[ROOM_APART] as number);
    if (between(words[RECEIVED_SEEN] as number, sent) < most) return true;
    const received = Atomics.load(words, RECEIVED);
    words[RECEIVED_SEEN] = received;
    const size = between(received, sent);
    return size < most || size < most + takeBack(room, words, ROOM_APART);
  }

  #attendToSent(word: number): void {
    if ((word & SLEEPS) !== 0) Atomics.notify(this.#words, SENT, 1);
    if ((word & ASKED) !== 0) this.collectRoom();
    if ((word & AWAITED) !== 0) this.collectItems();
  }

  /** Receives the next value if there is one and nobody waits for it. The value is in `tag`, `number` and `bytes`. */
  tryReceive(): ReceiveOutcome {
    return this.#receive(NO_LEASE);
  }

  /** Receives the next value by a leased permit of `items`, which is used up, or goes back if the channel is closed. */
  receiveLeased(): ReceiveOutcome {
    return this.#receive(this.#queues.items.block + LEASED);
  }

  #receive(leasedAt: number): ReceiveOutcome {
    const words = this.#words;
    const receivers = this.#receivers;
    const own = this.#own;
    let word = this.#receivedLeft;
    const found = Atomics.compareExchange(words, RECEIVED, word, word | HELD);
    if (found === word) receivers[own] = Hold.LOCK;
    else {
      word = lock(words, RECEIVED, found, receivers, own);
      if (word === BUSY) return 'busy';
    }
    const received = word & POSITION;
    const isLeased = leasedAt !== NO_LEASE;
    const outcome = isLeased ? this.#hasItemApart(received) : this.#hasItem(received);
    const isUsedUp = isLeased && ((words[SENT_SEEN] as number) & CLOSED) === 0;
    let before: number;
    if (outcome === 'received') {
      const slot = SLOTS + SLOT * ((received >>> POSITION_BITS) & this.#slotMask);
      const tag = words[slot + TAG] as number;
      this.tag = tag;
      if (tag === ValueTag.NUMBER) this.number = this.#floats[(slot + NUMBER) >> 1] as number;
      else if (tag === ValueTag.BYTES) {
        const start = words[slot + START] as number;
        this.bytes = this.#bytes.slice(start, start + (words[slot + LENGTH] as number)); // a copy, as the memory is used again
      }
      if (isUsedUp) useUp(this.#items, leasedAt, words, ITEMS_APART);
      const left = (received + ONE) | 0;
      before = Atomics.exchange(words, RECEIVED, left);
      receivers[own] = Hold.NONE;
      this.#receivedLeft = left;
    } else before = unlock(words, RECEIVED, receivers, own) & ~AWAITED;
    if ((before & CALLS) !== 0) this.#attendToReceived(before);
    if (isLeased && !isUsedUp) this.#queues.items.release();
    if (outcome === 'empty') this.collectItems();
    return outcome;
  }

  /** For the holder of the lock of receivers: whether there is a value for who has not waited. */
  #hasItem(received: number): ReceiveOutcome {
    const words = this.#words;
    const items = this.#items;
    if ((items[WAITERS] as number) > 0) return 'empty';
    const apart = words[ITEMS_APART] as number;
    if (between(received, words[SENT_SEEN] as number) > apart) return 'received';
    const sent = Atomics.load(words, SENT);
    words[SENT_SEEN] = sent;
    const size = between(received, sent);
    if ((sent & CLOSED) !== 0) return size > 0 ? 'received' : 'closed'; // nobody waits any more
    return size > apart || size > apart - takeBack(items, words, ITEMS_APART) ? 'received' : 'empty';
  }

  /** For the holder of the lock of receivers: whether there is a value for who has waited. */
  #hasItemApart(received: number): ReceiveOutcome {
    const words = this.#words;
    const sent = Atomics.load(words, SENT);
    words[SENT_SEEN] = sent;
    return between(received, sent) > 0 ? 'received' : 'closed'; // the permit is one of `CLOSED_PERMITS`
  }

  #attendToReceived(word: number): void {
    if ((word & SLEEPS) !== 0) Atomics.notify(this.#words, RECEIVED, 1);
    if ((word & ASKED) !== 0) this.collectItems();
    if ((word & AWAITED) === 0) return;
    this.collectRoom();
    if (Atomics.load(this.#space, WAITERS) > 0) this.#wakeForSpace();
  }

  /** For a receiver that has found nothing and is queued, or a thread that it waits for: sets values apart for who waits. */
  collectItems(): void {
    const words = this.#words;
    const { items } = this.#queues;
    while (Atomics.load(this.#items, WAITERS) > 0) {
      const sent = Atomics.or(words, SENT, AWAITED);
      const received = lockOrAsk(words, RECEIVED, this.#receivers, this.#own);
      if (received === BUSY) return;
      const count = setApart(this.#items, between(received, sent), words, ITEMS_APART);
      const word = unlock(words, RECEIVED, this.#receivers, this.#own);
      if ((word & SLEEPS) !== 0) Atomics.notify(words, RECEIVED, 1);
      items.serveWaiters();
      if (count <= 0 && (word & ASKED) === 0) return;
    }
  }

  /** For a sender that has found no place and is queued, or a thread that it waits for: sets places apart for who waits. */
  collectRoom(): void {
    const words = this.#words;
    const { room } = this.#queues;
    while (Atomics.load(this.#room, WAITERS) > 0) {
      const received = Atomics.or(words, RECEIVED, AWAITED);
      const sent = lockOrAsk(words, SENT, this.#senders, this.#own);
      if (sent === BUSY) return;
      const count = setApart(this.#room, this.#capacity - between(received, sent), words, ROOM_APART);
      const word = unlock(words, SENT, this.#senders, this.#own);
      if ((word & SLEEPS) !== 0) Atomics.notify(words, SENT, 1);
      room.serveWaiters();
      if (count <= 0 && (word & ASKED) === 0) return;
    }
  }

  /**
   * For a sender that has found no space and is now queued: wakes the waiters if a value was received or the channel closed in
   * between, as the thread that did so may not have seen the sender there.
   */
  joinedForSpace(): void {
    const received = Atomics.or(this.#words, RECEIVED, AWAITED) & POSITION;
    if (received !== this.#receivedBefore || this.isClosed) this.#wakeForSpace();
  }

  #wakeForSpace(): void {
    this.#queues.space.addForWaiters(EVERYBODY);
  }

  /** Closes the channel and ends all waits. Does nothing if it is closed. */
  close(): 'closed' | 'busy' {
    const words = this.#words;
    const word = lock(words, SENT, Atomics.load(words, SENT), this.#senders, this.#own);
    if (word === BUSY) return 'busy';
    if ((word & CLOSED) === 0) {
      Atomics.or(words, SENT, CLOSED);
      this.#senders[this.#own] = Hold.CLOSE;
      this.#addClosedPermits(this.#own);
    }
    this.#attendToSent(unlock(words, SENT, this.#senders, this.#own));
    this.#queues.items.serveWaiters();
    this.#queues.room.serveWaiters();
    this.#wakeForSpace();
    return 'closed';
  }

  /** Completes what a sender has begun. */
  #addClosedPermits(sender: number): void {
    const senders = this.#senders;
    if (senders[sender] === Hold.CLOSE) {
      Atomics.add(this.#items, PERMITS, CLOSED_PERMITS);
      senders[sender] = Hold.CLOSE_ROOM;
    }
    if (senders[sender] !== Hold.CLOSE_ROOM) return;
    Atomics.add(this.#room, PERMITS, CLOSED_PERMITS);
    senders[sender] = Hold.LOCK;
  }

  /** Called when threads have died. */
  threadsDied(threads: readonly number[]): void {
    for (const thread of threads) this.#addClosedPermits(thread);
    unlockFor(this.#words, SENT, this.#senders, threads);
    unlockFor(this.#words, RECEIVED, this.#receivers, threads);
    for (const queue of [this.#queues.items, this.#queues.room, this.#queues.space]) queue.threadsDied(threads);
    // a dead thread may not have done what others wait for
    this.collectItems();
    this.collectRoom();
    this.#wakeForSpace();
  }

  /** Whether there soon is something. Looks seldom: meanwhile more of it comes, and the other side writes undisturbed. */
  #poll(isThere: () => boolean): boolean {
    for (let spins = 1; spins <= SPINS; spins++) {
      if (spins % CHECKS === 0 && isThere()) return true;
      Atomics.load(this.#senders, this.#own); // takes a moment
    }
    return false;
  }
}
