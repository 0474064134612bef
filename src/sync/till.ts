import { optionNames, readOptions, refuseSurplusObjects } from '../base/check/options.js';
import { checkDate, checkMs, checkObject } from '../base/check/values.js';
import { now } from '../base/clock.js';
import { msUntil } from '../base/timer.js';
import { HANDLE_FOR, Inner } from './inner.js';
import type { CrossingHandle } from './sharing/crossing.js';
import type { Peer } from './sharing/registry.js';
import { brand, reviveAs } from './sharing/shared-object.js';
import { Signal, sharedWordsOf } from './signal.js';
import { DueTime } from './waiting/source.js';

const ACTION = 'make a Till';
const TILL_OPTIONS = optionNames<TillOptions>({ ms: true });

/** When a `Till` goes. */
interface TillOptions {
  /** Milliseconds from now: 0 or more, `Infinity` for never. */
  readonly ms: number;
}

/**
 * A signal that goes by itself at a point in time, never earlier. Every thread that has it checks its own clock.
 * Thousands share one timer, and one that nobody waits for needs none. Waiting for it keeps the process alive.
 *
 * @example
 * ```ts
 * await done.or(new Till({ ms: 20_000 })).wait();
 * ```
 */
export class Till extends Signal {
  readonly #dueTime: DueTime;

  /**
   * @param options.ms milliseconds from now: 0 or more, `Infinity` for never.
   * @throws {TypeError | RangeError} if `ms` is anything else.
   */
  constructor(options: TillOptions);
  /** @internal */
  constructor(options: TillOptions, words: Inner<Int32Array>);
  constructor(options: TillOptions, words?: Inner<Int32Array>) {
    const { ms } = readOptions(checkObject(options, 'options', ACTION), TILL_OPTIONS, ACTION);
    const dueTime = new DueTime(now() + checkMs(ms, 'ms', ACTION), { keepsProcess: true });
    super(new Inner({ source: dueTime, words: Inner.of(words, 'only options', ACTION) }));
    this.#dueTime = dueTime;
  }

  /**
   * Returns a `Till` that goes at a point in time: a `Date`, or milliseconds since 1970.
   *
   * @throws {TypeError | RangeError} if `date` is not a valid point in time.
   */
  static at(date: Date | number): Till;
  static at(date: Date | number, ...rest: readonly unknown[]): Till {
    refuseSurplusObjects(rest, 'only a date', ACTION);
    return new Till({ ms: msUntil(checkDate(date, 'date', ACTION)) });
  }

  /** @internal */
  override [HANDLE_FOR](): Omit<CrossingHandle, 'id'> {
    return { type: 'till', words: sharedWordsOf(this), details: this.#dueTime.dueAtMs };
  }
}

brand(Till, 'Till');

/** Returns this thread's copy of a `Till` that arrived over `peer`. */
export function reviveTill(handle: CrossingHandle, peer: Peer): Till {
  const ms = Math.max(0, (handle.details as number) - now());
  return reviveAs(handle, peer, () => new Till({ ms }, new Inner(handle.words)));
}
