import { inspect } from 'node:util';
import { isMainThread } from 'node:worker_threads';
import { wrongValue } from '../../base/check/argument-errors.js';
import { checkCount } from '../../base/check/values.js';
import { setImmediate } from '../../base/clock.js';
import { ofThisVersion } from '../../base/version.js';
import { ChannelClosedError } from '../../errors.js';
import { HANDLE_FOR, Inner, IS_NEEDED, THREAD_GONE } from '../inner.js';
import type { CrossingHandle } from '../sharing/crossing.js';
import type { Peer } from '../sharing/registry.js';
import { brand, reviveAs, SharedObject } from '../sharing/shared-object.js';
import { checkMayBlock, checkNotCancelled, readWait, remainingOf, type WaitOptions } from '../waiting/wait.js';
import { WaitQueue } from '../waiting/wait-queue.js';
import { ownWakeup } from '../waiting/wakeup.js';
import { type ChannelMemory, type ChannelOptions, createChannelMemory } from './channel-memory.js';
import { ChannelRing, type SendOutcome } from './channel-ring.js';
import { type ChannelValue, decode, encode } from './channel-values.js';
import { ValueTag } from './channel-words.js';

const SEND = 'send by a channel';
const RECEIVE = 'receive from a channel';

// registered: several copies of this library may be in one thread
const CLOSED: unique symbol = Symbol.for(ofThisVersion('channelClosed'));
const EMPTY: unique symbol = Symbol.for(ofThisVersion('channelEmpty'));

/**
 * A bounded queue between threads: any number of senders and receivers, on any thread of the process. Each value is
 * received once, in the order of sending. Senders wait for room, receivers for values; both are served in order (FIFO).
 *
 * Values are cloned into shared memory; a number takes only a few atomic operations. A receiver that dies loses only what it
 * had received, a sender only what it had not sent.
 *
 * @example
 * ```ts
 * const channel = new Channel<number>({ capacity: 100 });
 * pool.submit(tasks.produce, [channel]);
 * for await (const value of channel) console.log(value); // until a task calls channel.close()
 *
 * // in the task
 * for (let i = 0; i < 1000; i++) channel.sendSync(i);
 * channel.close();
 * ```
 */
export class Channel<T = unknown> extends SharedObject implements AsyncIterable<T> {
  /** What a receiver gets once the channel is closed and nothing is left in it. */
  static readonly CLOSED: typeof CLOSED = CLOSED;
  /** What a receiver gets if there is no value, or none in time. */
  static readonly EMPTY: typeof EMPTY = EMPTY;

  readonly #memory: ChannelMemory;
  readonly #items: WaitQueue;
  readonly #room: WaitQueue;
  readonly #space: WaitQueue;
  /** Created when first used: by then the thread has its index. */
  #madeRing: ChannelRing | undefined;

  /** @throws {TypeError | RangeError} for a bad option, naming it, the rule and the value received. */
  constructor(options?: ChannelOptions);
  /** @internal */
  constructor(memory: Inner<ChannelMemory>);
  constructor(given?: ChannelOptions | Inner<ChannelMemory>) {
    super();
    this.#memory = given instanceof Inner ? (Inner.of(given, '', '') as ChannelMemory) : createChannelMemory(given);
    const { items, room, space } = this.#memory;
    this.#items = new WaitQueue(items);
    this.#room = new WaitQueue(room);
    this.#space = new WaitQueue(space, { isForWaiters: true });
  }

  /** Most values that can be sent and not yet received. */
  get capacity(): number {
    return this.#memory.capacity;
  }

  /** How many values are sent and not yet received. */
  get size(): number {
    return this.#ring.size;
  }

  /** Whether the channel was closed, on any thread: nothing can be sent any more, but what was sent can be received. */
  get isClosed(): boolean {
    return this.#ring.isClosed;
  }

  /**
   * Sends a value once there is room. Resolves with `true`, or with `false` if `timeoutMs` passes first: the value is then not
   * sent.
   *
   * @throws {ChannelClosedError} by rejection, if the channel is closed first.
   * @throws {CancelledError} by rejection, if the given token or signal is cancelled first.
   * @throws {NotCloneableError} by rejection, if the value cannot be cloned to any thread.
   * @throws {RangeError} by rejection, if the value has more bytes than the channel holds.
   */
  async send(value: T, options?: WaitOptions): Promise<boolean> {
    const settings = readWait(options, SEND);
    checkNotCancelled(settings, SEND);
    const entry = this.#encode(value);
    const { tag, number, bytes } = entry;
    if (this.#isSent(this.#ring.trySend(tag, number, bytes))) return true;
    const remaining = remainingOf(settings);
    const waiting = this.#room.acquire(remaining(), SEND);
    this.#ring.collectRoom();
    if (!(await waiting)) return false;
    for (;;) {
      const outcome = this.#sendLeased(entry);
      if (outcome === 'sent') return true;
      if (outcome === 'busy') {
        await aTurn();
        continue;
      }
      let isMore: boolean;
      try {
        const waiting = this.#space.acquire(remaining(), SEND);
        this.#ring.joinedForSpace();
        isMore = await waiting;
      } catch (error) {
        this.#room.release();
        throw error;
      }
      if (isMore) continue;
      this.#room.release();
      return false;
    }
  }

  /**
   * Like `send`, but blocks the task's thread.
   *
   * @throws {CancelledError} if the given token or signal, or the waiting job, is cancelled first.
   * @throws {TypeError} on the main thread, which must not block: use `send`.
   */
  sendSync(value: T, options?: WaitOptions): boolean {
    checkMayBlock('sendSync', 'channel.send()');
    const entry = typeof value === 'number' ? undefined : this.#encode(value);
    const settings = options === undefined ? undefined : readWait(options, SEND);
    if (settings !== undefined) checkNotCancelled(settings, SEND);
    const outcome =
      entry === undefined
        ? this.#ring.trySend(ValueTag.NUMBER, value as number, undefined)
        : this.#ring.trySend(entry.tag, entry.number, entry.bytes);
    if (outcome === 'sent') return true;
    const whole = entry ?? this.#encode(value);
    if (this.#isSent(outcome)) return true;
    if (this.#ring.pollForRoom() && this.#isSent(this.#ring.trySend(whole.tag, whole.number, whole.bytes))) return true;
    return this.#waitToSend(whole, remainingOf(settings ?? readWait(undefined, SEND)));
  }

  #waitToSend(entry: ChannelValue, remaining: () => WaitOptions): boolean {
    if (!this.#room.acquireSync(remaining(), SEND, () => this.#ring.collectRoom())) return false;
    for (;;) {
      const outcome = this.#sendLeased(entry);
      if (outcome === 'sent') return true;
      if (outcome === 'busy') continue; // after a sleep
      let isMore: boolean;
      try {
        isMore = this.#space.acquireSync(remaining(), SEND, () => this.#ring.joinedForSpace());
      } catch (error) {
        this.#room.release();
        throw error;
      }
      if (isMore) continue;
      this.#room.release();
      return false;
    }
  }

  /**
   * Sends a value if there is room for it now and nobody waits to send. Returns whether it did. (Also false after a thread died
   * while sending, until its pool has noticed.)
   *
   * @throws {ChannelClosedError | NotCloneableError | RangeError} as `send`.
   */
  trySend(value: T): boolean {
    const { tag, number, bytes } = this.#encode(value);
    return this.#isSent(this.#ring.trySend(tag, number, bytes));
  }

  /**
   * Receives the next value once there is one. Resolves with the value; with `Channel.CLOSED` once the channel is closed and
   * empty; with `Channel.EMPTY` if `timeoutMs` passes first.
   *
   * @throws {CancelledError} by rejection, if the given token or signal is cancelled first.
   */
  async receive(): Promise<T | typeof CLOSED>;
  async receive(options: WaitOptions): Promise<T | typeof CLOSED | typeof EMPTY>;
  async receive(options?: WaitOptions): Promise<T | typeof CLOSED | typeof EMPTY> {
    const settings = readWait(options, RECEIVE);
    checkNotCancelled(settings, RECEIVE);
    const received = this.#tryReceive();
    if (received !== EMPTY) return received;
    const waiting = this.#items.acquire(settings, RECEIVE);
    this.#ring.collectItems();
    if (!(await waiting)) return EMPTY;
    for (;;) {
      const outcome = this.#receiveLeased();
      if (outcome !== EMPTY) return outcome;
      await aTurn();
    }
  }

  /**
   * Like `receive`, but blocks the task's thread.
   *
   * @throws {CancelledError} if the given token or signal, or the waiting job, is cancelled first.
   * @throws {TypeError} on the main thread, which must not block: use `receive`.
   */
  receiveSync(): T | typeof CLOSED;
  receiveSync(options: WaitOptions): T | typeof CLOSED | typeof EMPTY;
  receiveSync(options?: WaitOptions): T | typeof CLOSED | typeof EMPTY {
    checkMayBlock('receiveSync', 'channel.receive()');
    if (options !== undefined) checkNotCancelled(readWait(options, RECEIVE), RECEIVE);
    let received = this.#tryReceive();
    if (received === EMPTY && this.#ring.pollForItem()) received = this.#tryReceive();
    if (received !== EMPTY) return received;
    if (!this.#items.acquireSync(options, RECEIVE, () => this.#ring.collectItems())) return EMPTY;
    for (;;) {
      const outcome = this.#receiveLeased();
      if (outcome !== EMPTY) return outcome; // otherwise again, after a sleep
    }
  }

  /**
   * Returns the next value if there is one now and nobody waits for it; otherwise `Channel.EMPTY` or `Channel.CLOSED`. (Also
   * `EMPTY` after a thread died while receiving, until its pool has noticed.)
   */
  tryReceive(): T | typeof CLOSED | typeof EMPTY {
    return this.#tryReceive();
  }

  /**
   * Receives up to `max` values: waits for one as `receive` does, and takes those that are there with it. Resolves with an
   * array, which is empty if `timeoutMs` passes first, or with `Channel.CLOSED`.
   *
   * @throws {CancelledError} by rejection, if the given token or signal is cancelled first.
   * @throws {TypeError | RangeError} by rejection, if `max` is not a whole number of 1 or more.
   */
  async receiveMany(max: number, options?: WaitOptions): Promise<T[] | typeof CLOSED> {
    checkCount(max, { name: 'max', from: 1, action: RECEIVE });
    const first = await this.receive(options === undefined ? {} : options);
    if (first === CLOSED) return CLOSED;
    const all: T[] = [];
    for (let next: T | typeof CLOSED | typeof EMPTY = first; next !== EMPTY && next !== CLOSED; ) {
      all.push(next as T);
      next = all.length < max ? this.#tryReceive() : EMPTY;
    }
    return all;
  }

  /**
   * Closes the channel, on all threads: what was sent can still be received, then receivers get `Channel.CLOSED`. Senders
   * that wait fail with a `ChannelClosedError`. Does nothing if the channel is closed. (If a thread has died while sending, a
   * call on the main thread takes effect in a later turn of its event loop.)
   */
  close(): void {
    while (this.#ring.close() === 'busy') {
      if (!isMainThread) continue; // after a sleep
      setImmediate(() => this.close()); // this thread may have to unlock for the dead sender first
      return;
    }
  }

  /** Receives values until the channel is closed and empty. Leaving the loop does not close the channel. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (let next = await this.receive(); next !== CLOSED; next = await this.receive()) yield next;
  }

  /**
   * Like `for await` over the channel, but blocks the task's thread.
   *
   * @throws {TypeError} on the main thread, which must not block.
   */
  *valuesSync(): Generator<T, void, undefined> {
    for (let next = this.receiveSync(); next !== CLOSED; next = this.receiveSync()) yield next;
  }

  /** @internal */
  override [THREAD_GONE](peer: Peer, threads: readonly number[]): void {
    super[THREAD_GONE](peer, threads);
    this.#ring.threadsDied(threads);
  }

  [inspect.custom](): string {
    return `Channel { size: ${this.size}, capacity: ${this.capacity}, isClosed: ${this.isClosed} }`;
  }

  /** @internal */
  override [HANDLE_FOR](): Omit<CrossingHandle, 'id'> {
    return { type: 'channel', words: this.#memory.words, details: this.#memory };
  }

  /** @internal This copy takes permits back from threads that die. */
  override get [IS_NEEDED](): boolean {
    return true;
  }

  get #ring(): ChannelRing {
    this.#madeRing ??= new ChannelRing(
      this.#memory,
      { items: this.#items, room: this.#room, space: this.#space },
      ownWakeup(),
    );
    return this.#madeRing;
  }

  #encode(value: unknown): ChannelValue {
    if (typeof value === 'number') return { tag: ValueTag.NUMBER, number: value, bytes: undefined };
    const entry = encode(value);
    const { maxBytes } = this.#ring;
    const length = entry.bytes?.length ?? 0;
    if (length > maxBytes) throw wrongValue(SEND, `value must have at most maxBytes (${maxBytes})`, String(length));
    return entry;
  }

  /** @throws {ChannelClosedError} */
  #isSent(outcome: SendOutcome): boolean {
    if (outcome === 'closed') throw closedError();
    return outcome === 'sent';
  }

  /**
   * Sends by a leased permit, which goes back if the channel is closed.
   *
   * @throws {ChannelClosedError}
   */
  #sendLeased({ tag, number, bytes }: ChannelValue): SendOutcome {
    const outcome = this.#ring.sendLeased(tag, number, bytes);
    if (outcome !== 'closed') return outcome;
    this.#room.release();
    throw closedError();
  }

  #tryReceive(): T | typeof CLOSED | typeof EMPTY {
    const ring = this.#ring;
    const outcome = ring.tryReceive();
    if (outcome === 'received') return this.#received(ring);
    return outcome === 'closed' ? CLOSED : EMPTY;
  }

  /** Returns `EMPTY` if the lock is busy: try again. */
  #receiveLeased(): T | typeof CLOSED | typeof EMPTY {
    const ring = this.#ring;
    const outcome = ring.receiveLeased();
    if (outcome === 'received') return this.#received(ring);
    return outcome === 'busy' ? EMPTY : CLOSED;
  }

  #received(ring: ChannelRing): T {
    const { tag, bytes } = ring;
    if (tag === ValueTag.NUMBER) return ring.number as T;
    ring.bytes = undefined;
    return decode(tag, bytes) as T;
  }
}

brand(Channel, 'Channel');

function closedError(): ChannelClosedError {
  return new ChannelClosedError('Cannot send by a channel: it is closed');
}

/** Resolves in the next turn of the event loop, which cleans up after threads that have died. */
function aTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Returns this thread's copy of a channel that arrived over `peer`. */
export function reviveChannel(handle: CrossingHandle, peer: Peer): Channel {
  return reviveAs(handle, peer, () => new Channel(new Inner(handle.details as ChannelMemory)));
}
