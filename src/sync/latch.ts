import { inspect } from 'node:util';
import { checkCount } from '../base/check/values.js';
import { HANDLE_FOR, HAS_FIRED, Inner, KIND_NAME, SOURCE_FIRED } from './inner.js';
import type { CrossingHandle } from './sharing/crossing.js';
import type { Peer } from './sharing/registry.js';
import { brand, reviveAs } from './sharing/shared-object.js';
import { fired, OneShot } from './waiting/one-shot.js';

const MOST = 2 ** 31 - 1;

/**
 * A counter that opens for good once it reaches 0: waits for a number of things to be done, on whichever threads.
 *
 * @example
 * ```ts
 * const ready = new Latch(4);
 * for (const part of parts) pool.submit(tasks.load, [part, ready]); // each calls ready.countDown()
 * await ready.wait();
 * ```
 */
export class Latch extends OneShot {
  readonly #words: Int32Array;

  /**
   * @param count where to start: a whole number from 0 to 2^31 - 1.
   * @throws {TypeError | RangeError} if `count` is anything else.
   */
  constructor(count: number);
  /** @internal */
  constructor(count: number, words: Inner<Int32Array>);
  constructor(count: number, words?: Inner<Int32Array>) {
    super();
    checkCount(count, { name: 'count', from: 0, to: MOST, action: 'make a latch' });
    this.#words =
      Inner.of(words, 'only a count', 'make a latch') ??
      new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)).fill(count);
  }

  /** How many calls of `countDown` are still needed to open the latch. */
  get count(): number {
    return Atomics.load(this.#words, 0);
  }

  /** Counts down by one and opens the latch at 0. Does nothing once it is open. */
  countDown(): void {
    for (;;) {
      const { count } = this;
      if (count === 0) return;
      if (Atomics.compareExchange(this.#words, 0, count, count - 1) !== count) continue;
      if (count === 1) fired(this);
      return;
    }
  }

  /** @internal */
  get [HAS_FIRED](): boolean {
    return this.count === 0;
  }

  [inspect.custom](): string {
    return `Latch { count: ${this.count} }`;
  }

  /** @internal */
  override get [KIND_NAME](): string {
    return 'a latch';
  }

  /** @internal */
  override [SOURCE_FIRED](): void {}

  /** @internal */
  override [HANDLE_FOR](): Omit<CrossingHandle, 'id'> {
    return { type: 'latch', words: this.#words };
  }
}

brand(Latch, 'Latch');

/** Returns this thread's copy of a latch that arrived over `peer`. */
export function reviveLatch(handle: CrossingHandle, peer: Peer): Latch {
  return reviveAs(handle, peer, () => new Latch(0, new Inner(handle.words)));
}
