import { inspect } from 'node:util';
import { checkCount } from '../base/check/values.js';
import { HANDLE_FOR, Inner } from './inner.js';
import type { CrossingHandle } from './sharing/crossing.js';
import type { Peer } from './sharing/registry.js';
import { brand, reviveAs, SharedObject } from './sharing/shared-object.js';
import {
  type Awaited,
  checkMayBlock,
  checkNotCancelled,
  readWait,
  type WaitOptions,
  wait,
  waitSync,
} from './waiting/wait.js';
import { unwatch, wakeOthers, watch } from './waiting/wakeup.js';

const ACTION = 'wait at a barrier';
const ARRIVED_BITS = 15;
const ARRIVED_MASK = (1 << ARRIVED_BITS) - 1;

/** A caller on this thread that waits for the end of the round in which it arrived. */
interface Waiter {
  readonly round: number;
  readonly done: () => void;
}

/**
 * Makes a number of parties wait for each other, round after round: each waits until all have arrived.
 *
 * One word of shared memory contains the number of arrivals in its low bits and the number of the round above them.
 *
 * @example
 * ```ts
 * for (const step of steps) {
 *   work(step);
 *   barrier.arriveAndWaitSync(); // in a task; `await barrier.arriveAndWait()` in async code
 * }
 * ```
 */
export class Barrier extends SharedObject {
  readonly #parties: number;
  readonly #words: Int32Array;
  readonly #waiters = new Set<Waiter>();

  /**
   * @param parties how many must arrive: a whole number from 1 to 32 767.
   * @throws {TypeError | RangeError} if `parties` is anything else.
   */
  constructor(parties: number);
  /** @internal */
  constructor(parties: number, words: Inner<Int32Array>);
  constructor(parties: number, words?: Inner<Int32Array>) {
    super();
    checkCount(parties, { name: 'parties', from: 1, to: ARRIVED_MASK, action: 'make a barrier' });
    this.#parties = parties;
    this.#words =
      Inner.of(words, 'only parties', 'make a barrier') ??
      new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  }

  /** How many parties must arrive to end a round. */
  get parties(): number {
    return this.#parties;
  }

  /** How many parties have arrived in this round. */
  get arrived(): number {
    return Atomics.load(this.#words, 0) & ARRIVED_MASK;
  }

  /**
   * Arrives and waits for the other parties. Resolves with `true` once all have arrived, or with `false` if `timeoutMs`
   * passes first: this arrival is then withdrawn.
   *
   * @throws {CancelledError} by rejection, if the given token or signal is cancelled first. The arrival is withdrawn.
   */
  arriveAndWait(options?: WaitOptions): Promise<boolean> {
    let waiter: Waiter | undefined;
    const awaited: Awaited = {
      begin: (done) => {
        waiter = { round: this.#arrive(), done };
        this.#waiters.add(waiter);
        watch(this.#endWaits);
        this.#endWaits();
      },
      leave: () => {
        if (waiter === undefined || !this.#leave(waiter.round)) return false;
        this.#waiters.delete(waiter);
        this.#unwatchIfIdle();
        return true;
      },
    };
    return wait(awaited, options, ACTION);
  }

  /**
   * Like `arriveAndWait`, but blocks the task's thread.
   *
   * @throws {CancelledError} if the given token or signal, or the waiting job, is cancelled first.
   * @throws {TypeError} on the main thread, which must not block: use `arriveAndWait`.
   */
  arriveAndWaitSync(options?: WaitOptions): boolean {
    checkMayBlock('arriveAndWaitSync', 'barrier.arriveAndWait()');
    const settings = readWait(options, ACTION);
    checkNotCancelled(settings, ACTION);
    const round = this.#arrive();
    try {
      return waitSync(() => this.#round !== round, settings, ACTION) || !this.#leave(round);
    } catch (error) {
      this.#leave(round);
      throw error;
    }
  }

  [inspect.custom](): string {
    return `Barrier { parties: ${this.#parties}, arrived: ${this.arrived} }`;
  }

  /** @internal */
  override [HANDLE_FOR](): Omit<CrossingHandle, 'id'> {
    return { type: 'barrier', words: this.#words, details: this.#parties };
  }

  get #round(): number {
    return Atomics.load(this.#words, 0) >>> ARRIVED_BITS;
  }

  /** Returns the round of this arrival. The last arrival ends the round. */
  #arrive(): number {
    for (;;) {
      const word = Atomics.load(this.#words, 0);
      const isLast = (word & ARRIVED_MASK) + 1 === this.#parties;
      const next = isLast ? ((word >>> ARRIVED_BITS) + 1) << ARRIVED_BITS : word + 1;
      if (Atomics.compareExchange(this.#words, 0, word, next) !== word) continue;
      if (isLast) {
        wakeOthers();
        this.#endWaits();
      }
      return word >>> ARRIVED_BITS;
    }
  }

  /** Withdraws an arrival. Returns false if its round has already ended. */
  #leave(round: number): boolean {
    for (;;) {
      const word = Atomics.load(this.#words, 0);
      if (word >>> ARRIVED_BITS !== round) return false;
      if (Atomics.compareExchange(this.#words, 0, word, word - 1) === word) return true;
    }
  }

  /** Ends the waits of callers whose round is over. */
  readonly #endWaits = (): void => {
    const round = this.#round;
    for (const waiter of this.#waiters) {
      if (waiter.round === round) continue;
      this.#waiters.delete(waiter);
      waiter.done();
    }
    this.#unwatchIfIdle();
  };

  #unwatchIfIdle(): void {
    if (this.#waiters.size === 0) unwatch(this.#endWaits);
  }
}

brand(Barrier, 'Barrier');

/** Returns this thread's copy of a barrier that arrived over `peer`. */
export function reviveBarrier(handle: CrossingHandle, peer: Peer): Barrier {
  return reviveAs(handle, peer, () => new Barrier(handle.details as number, new Inner(handle.words)));
}
