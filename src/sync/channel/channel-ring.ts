import { LEASED, PERMITS, WAITERS } from '../waiting/queue-words.js';
import type { WaitQueue } from '../waiting/wait-queue.js';
import {
  CLOSED,
  CLOSED_PERMITS,
  Debt,
  END,
  HEAD,
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

/** What an attempt to send has found; `no space`: too many bytes; `busy`: the sender before does not end, and may have died. */
export type SendOutcome = 'sent' | 'full' | 'no space' | 'closed' | 'busy';
/** What an attempt to receive has found; `busy`: the receiver before does not end, and may have died. */
export type ReceiveOutcome = 'received' | 'empty' | 'closed' | 'busy';

/** Who waits for what a ring has. */
export interface RingLines {
  /** Permits to receive a value: as many as there are values. */
  readonly items: WaitQueue;
  /** Permits to send one: as many as there are free places. */
  readonly room: WaitQueue;
  /** Senders whose value has too many bytes for now. */
  readonly space: WaitQueue;
}

/** Where a permit that is not leased would be noted. */
const NO_LEASE = -1;
const EVERYBODY = 2 ** 20 - 1;

/**
 * Values in shared memory, in the order in which they were sent. Senders take turns, and so do receivers; neither wait for
 * the others. A value has a place for each: a sender takes a permit of `room` and adds one to `items`, a receiver the other
 * way round. A thread that waits for its permit has it leased, so that it goes back if the thread dies.
 *
 * To add each permit to its line would have both sides write the same memory for each value. So it is due first, in a word of
 * the side that adds it: that side adds all that are due once they are many, or somebody waits. Who finds no permit adds them
 * itself, and again once it is in line, as the other side may not have seen it there before.
 *
 * Whether there is a permit, and nobody in line, is read plainly first, as most atomic operations would give the same result:
 * who sees an old value tries in vain, or goes ahead of one that has just joined the line. The permit is taken atomically.
 *
 * A send takes effect by the store of `TAIL`, a receive by that of `HEAD`; what others read was written before. The permits
 * follow, or are paid for a thread that dies before: so no death leaves a value, a place or a permit too many or too few.
 */
export class ChannelRing {
  readonly #words: Int32Array;
  readonly #floats: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #lines: RingLines;
  readonly #items: Int32Array;
  readonly #room: Int32Array;
  readonly #space: Int32Array;
  readonly #own: number;
  readonly #slotMask: number;
  /** Most bytes of all values. */
  readonly maxBytes: number;
  /** `HEAD` when a send has last found no space. */
  #headSeen = 0;
  /** `TAIL` when a receive has last looked. */
  #tailSeen = 0;
  // the value received last
  tag = 0;
  number = 0;
  bytes: Uint8Array | undefined;

  /** @param thread index of this thread. */
  constructor(memory: RingMemory, lines: RingLines, thread: number) {
    this.#words = memory.words;
    this.#floats = memory.floats;
    this.#bytes = memory.bytes;
    this.#lines = lines;
    this.#items = lines.items.words;
    this.#room = lines.room.words;
    this.#space = lines.space.words;
    this.#own = lockName(thread);
    this.#slotMask = memory.slots - 1;
    this.maxBytes = memory.bytes.length;
  }

  /** Looks for a value for a moment, as it costs less than to sleep. Returns whether there seems to be one. */
  pollForItem(): boolean {
    return poll(this.#items, this.#words, ITEMS_DUE);
  }

  /** Looks for room for a moment. Returns whether there seems to be some. */
  pollForRoom(): boolean {
    return poll(this.#room, this.#words, ROOM_DUE);
  }

  get size(): number {
    const words = this.#words;
    const head = Atomics.load(words, HEAD); // first, as it is never ahead
    return (Atomics.load(words, TAIL) - head) | 0;
  }

  get isClosed(): boolean {
    return Atomics.load(this.#words, CLOSED) === 1;
  }

  /** Sends a value if there is room for it and nobody waits to send. */
  trySend(tag: number, number: number, bytes: Uint8Array | undefined): SendOutcome {
    return this.#send(tag, number, bytes, NO_LEASE);
  }

  /** Sends a value by a leased permit of `room`, which is used up if it was sent. */
  sendLeased(tag: number, number: number, bytes: Uint8Array | undefined): SendOutcome {
    return this.#send(tag, number, bytes, this.#lines.room.block + LEASED);
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
    if (words[CLOSED] === 1) outcome = 'closed';
    else if (leasedAt === NO_LEASE && ((room[PERMITS] as number) <= 0 || (room[WAITERS] as number) > 0))
      outcome = 'full';
    else if (length > 0) {
      const head = Atomics.load(words, HEAD);
      const freed = words[SLOTS + SLOT * ((head - 1) & slotMask) + END] as number;
      // the bytes of a value are not divided: those that are left at the end of the memory are passed over
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
    } else if (outcome === 'full') this.#lines.room.serveWaiters();
    return outcome;
  }

  /** Receives the next value if there is one and nobody waits for it. The value is in `tag`, `number` and `bytes`. */
  tryReceive(): ReceiveOutcome {
    return this.#receive(NO_LEASE);
  }

  /** Receives the next value by a leased permit of `items`, which is used up unless the channel is closed. */
  receiveLeased(): ReceiveOutcome {
    return this.#receive(this.#lines.items.block + LEASED);
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
      outcome = 'closed'; // there are permits nevertheless
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
    } else if (outcome === 'empty') this.#lines.items.serveWaiters();
    return outcome;
  }

  /** Adds the permits to receive that are due: for a receiver that has found none, and again once it has joined the line. */
  collectItems(): void {
    this.#lines.items.addFrom(this.#words, ITEMS_DUE);
  }

  /** Adds the permits to send that are due: for a sender that has found none, and again once it has joined the line. */
  collectRoom(): void {
    this.#lines.room.addFrom(this.#words, ROOM_DUE);
  }

  #hasValue(head: number): boolean {
    if (((this.#tailSeen - head) | 0) > 0) return true;
    this.#tailSeen = Atomics.load(this.#words, TAIL);
    return this.#tailSeen !== head;
  }

  /**
   * For a sender that has found no space and has joined the line since: has those in line look again if anything was received
   * or the channel was closed in between, as who did so may not have seen it there.
   */
  joinedForSpace(): void {
    if (Atomics.load(this.#words, HEAD) !== this.#headSeen || this.isClosed) this.#wakeForSpace();
  }

  #wakeForSpace(): void {
    this.#lines.space.addForWaiters(EVERYBODY);
  }

  /** Lets nothing more be sent, and nobody wait. Does nothing if the channel is closed. */
  close(): 'closed' | 'busy' {
    const words = this.#words;
    if (!lock(words, SEND_LOCK, this.#own)) return 'busy';
    if (Atomics.load(words, CLOSED) === 0) {
      Atomics.store(words, CLOSED, 1);
      words[SEND_DEBT] = Debt.CLOSE;
      Atomics.add(this.#items, PERMITS, CLOSED_PERMITS);
      words[SEND_DEBT] = Debt.CLOSE_ROOM;
      Atomics.add(this.#room, PERMITS, CLOSED_PERMITS);
      words[SEND_DEBT] = Debt.NONE;
    }
    if ((Atomics.exchange(words, SEND_LOCK, 0) & 1) === 1) Atomics.notify(words, SEND_LOCK, 1);
    this.#lines.items.serveWaiters();
    this.#lines.room.serveWaiters();
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
    // a dead one may have not seen who waits
    this.collectItems();
    this.collectRoom();
    for (const line of [this.#lines.items, this.#lines.room, this.#lines.space]) line.threadsDied(threads);
    this.#wakeForSpace(); // a dead one may have made some, or closed the channel, without waking others
  }
}

/** Whether a line has a free permit before long, or one is due to it. */
function poll(line: Int32Array, words: Int32Array, dueAt: number): boolean {
  for (let checks = 0; checks < SPINS; checks++) {
    if (Atomics.load(line, PERMITS) > 0) return true;
    if (checks % CHECKS === CHECKS - 1 && Atomics.load(words, dueAt) > 0) return true;
  }
  return false;
}
