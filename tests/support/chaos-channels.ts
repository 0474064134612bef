import { Channel, ChannelClosedError, type WaitOptions } from 'thread-system';
import type { Random } from './random.ts';

// The layout of the ledger, as in tests/tasks/flagged.mjs.
const NEXT = 0;
const SENDERS = 1;
const OPEN = 2;
const VALUES = 4;
const PER_VALUE = 2;
const STATE = 0;
const SENDER = 1;
const BEGUN = 1;
const SENT = 2;
const NOT_SENT = 4;
const RECEIVED = 8;

const MOST_VALUES = 100_000;
const MAX_BYTES = 1024;
/** Sent once all is over. */
const REFILL = -1;

/** What is sent: each value is a number of its own, some in an object. */
export type Sent = number | { readonly value: number; readonly text: string };

/**
 * The channels of a run, one after the other, and a ledger in shared memory of what was sent by them and received. A value's
 * word says that its send has begun, whether that returned, and how often it was received. A receiver is noted as open from
 * before its call until it has noted what it received, so that values which died with their receivers are known by number.
 */
export class ChaosChannels {
  readonly ledger = new Int32Array(new SharedArrayBuffer(4 * (VALUES + PER_VALUE * MOST_VALUES)));
  readonly #random: Random;
  readonly #all: Channel<Sent>[] = [];
  readonly #faults: string[] = [];

  constructor(random: Random) {
    this.#random = random;
    this.#open();
  }

  /** The one that is open. */
  get current(): Channel<Sent> {
    return this.#all.at(-1) as Channel<Sent>;
  }

  /** The main thread sends and receives, beside jobs that do, until it has waited in vain or the channel is closed. */
  async join(): Promise<void> {
    const channel = this.current;
    const wait = { timeoutMs: this.#random.integer(0, 30) };
    const [sends, receives] = [this.#random.integer(0, 300), this.#random.integer(0, 300)];
    await Promise.all([this.#send(channel, sends, wait), this.#receive(channel, receives, wait)]);
  }

  /** Closes the channel while jobs wait for it, and opens another one. What is left in it stays until the end. */
  replace(): void {
    this.current.close();
    this.#open();
  }

  /** Once all threads are gone: receives whatever is left, and fills the open channel, which has room for its capacity. */
  async drain(): Promise<void> {
    const { current } = this;
    let left = current.size;
    for (let sent = current.tryReceive(); typeof sent !== 'symbol'; sent = current.tryReceive(), left--)
      this.#note(sent);
    if (left !== 0) this.#faults.push(`${left} values were in a channel, and could not be received`);
    let room = 0;
    while (current.trySend(REFILL)) room++;
    if (room !== current.capacity) this.#faults.push(`a channel has room for ${room} values, not ${current.capacity}`);
    for (const channel of this.#all) {
      channel.close();
      for await (const sent of channel) if (sent !== REFILL) this.#note(sent);
    }
  }

  /** How many values were received. */
  get received(): number {
    let sum = 0;
    for (let value = 0; value < this.#count; value++) sum += Math.floor(this.#stateOf(value) / RECEIVED);
    return sum;
  }

  /** Once all threads are gone and the channels are empty: what was lost, or came twice. */
  get faults(): string[] {
    const faults = [...this.#faults];
    let lost = 0;
    for (let value = 0; value < this.#count; value++) {
      const word = this.#stateOf(value);
      const received = Math.floor(word / RECEIVED);
      if (received > 1) faults.push(`value ${value} of a channel was received ${received} times`);
      if (received > 0 && (word & NOT_SENT) !== 0) faults.push(`value ${value} was received, but its send said no`);
      if (received > 0 && (word & BEGUN) === 0) faults.push(`value ${value} was received, but never sent`);
      if (received === 0 && (word & SENT) !== 0) lost++;
    }
    const open = Atomics.load(this.ledger, OPEN);
    if (lost > open) faults.push(`${lost} values of channels are lost, and ${open} may have died with their receivers`);
    for (const { size } of this.#all) if (size !== 0) faults.push(`a channel that is empty has ${size} values`);
    return faults;
  }

  #open(): void {
    this.#all.push(new Channel<Sent>({ capacity: this.#random.pick([1, 5, 100]), maxBytes: MAX_BYTES }));
  }

  async #send(channel: Channel<Sent>, count: number, wait: WaitOptions): Promise<void> {
    const sender = Atomics.add(this.ledger, SENDERS, 1) + 1;
    let isSent = true;
    for (let i = 0; i < count && isSent && !channel.isClosed; i++) {
      const value = Atomics.add(this.ledger, NEXT, 1);
      if (value >= MOST_VALUES) return;
      const at = VALUES + PER_VALUE * value;
      Atomics.store(this.ledger, at + SENDER, sender);
      Atomics.or(this.ledger, at + STATE, BEGUN);
      isSent = await channel.send(value, wait).catch((error: unknown) => {
        if (error instanceof ChannelClosedError) return false;
        throw error;
      });
      Atomics.or(this.ledger, at + STATE, isSent ? SENT : NOT_SENT);
    }
  }

  async #receive(channel: Channel<Sent>, count: number, wait: WaitOptions): Promise<void> {
    for (let i = 0; i < count; i++) {
      const received = await channel.receive(wait);
      if (received === Channel.CLOSED && !channel.isClosed) this.#faults.push('a channel that is open said CLOSED');
      if (typeof received === 'symbol') return;
      this.#note(received);
    }
  }

  #note(sent: Sent): void {
    const value = typeof sent === 'number' ? sent : sent.value;
    Atomics.add(this.ledger, VALUES + PER_VALUE * value + STATE, RECEIVED);
  }

  get #count(): number {
    return Math.min(MOST_VALUES, Atomics.load(this.ledger, NEXT));
  }

  #stateOf(value: number): number {
    return Atomics.load(this.ledger, VALUES + PER_VALUE * value + STATE);
  }
}
