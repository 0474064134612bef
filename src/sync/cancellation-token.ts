import { inspect } from 'node:util';
import { bindContext } from '../base/async-context.js';
import { refuseSurplusObjects } from '../base/check/options.js';
import { checkDate, checkInstance, checkMs, checkSignal } from '../base/check/values.js';
import { now } from '../base/clock.js';
import { stamp } from '../base/ticks.js';
import { msUntil } from '../base/timer.js';
import { CancelledError, cancelledMessage } from '../errors.js';
import {
  COPY_CANCELLED,
  FIRED_AT_MS,
  FOLLOWS_ALWAYS,
  HANDLE_FOR,
  HANDLE_FOR_PROCESS,
  HAS_FIRED,
  Inner,
  IS_NEEDED,
  IS_NOTIFIED_BY_MESSAGE,
  KEEP_TIME,
  KIND_NAME,
  LINK,
  REASON_ASKED,
  REASON_FOR_DEPENDENTS,
  SOURCE_FIRED,
} from './inner.js';
import { CROSS, type CrossingHandle } from './sharing/crossing.js';
import { Flag } from './sharing/flag.js';
import type { Peer, RegistryMessage } from './sharing/registry.js';
import { brand, peerCountOf, peersOf, reviveAs, sharedIdOf } from './sharing/shared-object.js';
import { isShared, listen, notifyDependents, OneShot } from './waiting/one-shot.js';
import { AbortSource, DueTime, FirstOf, type TimedSource } from './waiting/source.js';
import { wakeBlocked } from './waiting/wakeup.js';

/**
 * What this thread knows of a token's reason: it is still to come, in a message from the thread that cancelled the
 * token; it is the reason of what the token follows, which may itself be to come; or it was given. A given reason never
 * changes.
 */
type ReasonState = 'to come' | 'of the link' | 'given';

/** What a linked token takes from its source, besides being cancelled. */
interface Link {
  readonly source: TimedSource;
  readonly reason: () => unknown;
  /** What the token's `AbortSignal` follows; empty if the token has to abort the signal itself. */
  readonly signals: () => readonly AbortSignal[];
}

const MAKE = 'make a token';

/** What a token is made from: the source it follows, or an existing flag. */
interface Parts {
  readonly link?: Link;
  readonly flag?: Flag;
}

/** Returns a token that is cancelled when `flag`, which belongs to a job, is raised. */
export let tokenFollowing: (flag: Flag) => CancellationToken;
/** Returns this thread's copy of a token that arrived over `peer`. */
export let reviveToken: (handle: CrossingHandle, peer: Peer) => CancellationToken;

/**
 * A request to stop, made once and seen by every thread that has the token.
 *
 * The flag is one word of shared memory: raised once, never lowered. In a task, `isCancelled` is one
 * `Atomics.load`, so a loop can check it on every iteration. Listeners and `reason` follow at the next turn of a
 * thread's event loop.
 *
 * @example
 * ```ts
 * const token = new CancellationToken();
 * const job = pool.submit(tasks.search, [haystack, token]);
 * token.cancel('not needed any more');
 * ```
 */
export class CancellationToken extends OneShot {
  #isRaised = false;
  #reason: unknown;
  #reasonIs: ReasonState = 'to come';
  /** In ms of `now()`. */
  #cancelledAtMs: number | undefined;
  /** Exists once another thread has a copy; until then `#isRaised` alone says whether the token is cancelled. */
  #flag: Flag | undefined;
  readonly #link: Link | undefined;
  #controller: AbortController | undefined;
  #signal: AbortSignal | undefined;

  constructor();
  /** @internal */
  constructor(inner: Inner<Parts>);
  constructor(inner?: Inner<Parts>) {
    const parts = Inner.of(inner, 'no arguments', MAKE);
    super(parts?.link?.source);
    this.#link = parts?.link;
    this.#flag = parts?.flag;
  }

  static {
    tokenFollowing = (flag) => new CancellationToken(new Inner({ flag }));
    reviveToken = (handle, peer) => {
      const { words, details: cancelledAtMs } = handle;
      const token = reviveAs(handle, peer, () =>
        words.length > 0 ? tokenFollowing(new Flag(words)) : new CancellationToken(),
      );
      if (typeof cancelledAtMs === 'number') token.#cancelledElsewhere(cancelledAtMs);
      // the message with the reason went out before this thread had a copy
      if (token.isCancelled && token.reason === undefined) peer.post({ kind: 'token-asked', id: handle.id });
      return token;
    };
  }

  /**
   * Returns a token that is cancelled as soon as one of `tokens` is, with the same reason. Cancelling the new token
   * cancels none of them.
   *
   * @throws {TypeError} if one of `tokens` is not a `CancellationToken`.
   */
  static any(tokens: Iterable<CancellationToken>): CancellationToken;
  static any(...tokens: CancellationToken[]): CancellationToken;
  static any(...args: unknown[]): CancellationToken {
    const [first] = args;
    const isList = args.length === 1 && typeof first === 'object' && first !== null && Symbol.iterator in first;
    const tokens = (isList ? [...(first as Iterable<unknown>)] : args) as CancellationToken[];
    for (const token of tokens) checkInstance(token, CancellationToken, 'each', 'link tokens');
    const source = new FirstOf(tokens);
    return CancellationToken.#linked({
      source,
      reason: () => source.first?.reason,
      signals: () => tokens.map((token) => token.signal),
    });
  }

  /**
   * Returns a token that is cancelled after `ms` milliseconds, never by itself if `ms` is `Infinity`. Its `reason` is
   * then a `DOMException` named `TimeoutError`. The token does not keep the process alive.
   *
   * @throws {TypeError | RangeError} if `ms` is not a number of 0 or more.
   */
  static timeout(ms: number): CancellationToken;
  static timeout(ms: number, ...rest: readonly unknown[]): CancellationToken {
    refuseSurplusObjects(rest, 'only milliseconds', MAKE);
    checkMs(ms, 'ms', MAKE);
    return CancellationToken.#due(ms, `timed out after ${ms} ms`);
  }

  /**
   * Returns a token that is cancelled at a point in time: a `Date`, or milliseconds since 1970. Otherwise like
   * `timeout`.
   *
   * @throws {TypeError | RangeError} if `date` is not a valid point in time.
   */
  static deadline(date: Date | number): CancellationToken;
  static deadline(date: Date | number, ...rest: readonly unknown[]): CancellationToken {
    refuseSurplusObjects(rest, 'only a date', MAKE);
    const ms = msUntil(checkDate(date, 'date', MAKE));
    return CancellationToken.#due(ms, 'the deadline passed');
  }

  /**
   * Returns a token that is cancelled when `signal` aborts, with the reason of the signal.
   *
   * @throws {TypeError} if `signal` is not an `AbortSignal`.
   */
  static from(signal: AbortSignal): CancellationToken;
  static from(signal: AbortSignal, ...rest: readonly unknown[]): CancellationToken {
    refuseSurplusObjects(rest, 'only an AbortSignal', MAKE);
    const source = new AbortSource(checkSignal(signal, 'signal', MAKE));
    return CancellationToken.#linked({ source, reason: () => signal.reason, signals: () => [signal] });
  }

  static #linked(link: Link): CancellationToken {
    return new CancellationToken(new Inner({ link }));
  }

  static #due(ms: number, what: string): CancellationToken {
    let reason: unknown;
    return CancellationToken.#linked({
      source: new DueTime(now() + ms, { keepsProcess: false }),
      reason: () => {
        reason ??= new DOMException(what, 'TimeoutError');
        return reason;
      },
      signals: () => [],
    });
  }

  /** Whether the token is cancelled, by any thread. */
  get isCancelled(): boolean {
    return this.#isRaised || (this.#flag?.isRaised ?? false) || (this.#link?.source[HAS_FIRED] ?? false);
  }

  /** The reason given by the first call of `cancel`. On other threads `undefined` until their event loop turns. */
  get reason(): unknown {
    const isOfLink = this.#isRaised ? this.#reasonIs === 'of the link' : this.#isCancelledByLink;
    return isOfLink ? this.#link?.reason() : this.#reason;
  }

  /**
   * An `AbortSignal` that aborts when the token is cancelled, with the token's reason or, if none, a `CancelledError`.
   */
  get signal(): AbortSignal {
    if (this.#signal !== undefined) {
      // Node.js 24.21 gives a signal made by `any`, if nobody listens to it, the reason of the first in its list that has aborted,
      // not the first in time, as soon as it is looked at: so its sources are, and the controller's signal is the first in the list
      const isDue = this.isCancelled && !this.#controller?.signal.aborted;
      if (isDue && this.#link?.signals().some(({ aborted }) => aborted)) this.#controller?.abort(this.#abortReason());
      return this.#signal;
    }
    const controller = new AbortController();
    const isCancelled = this.isCancelled;
    const others = isCancelled ? [] : (this.#link?.signals() ?? []);
    // a signal made by `any` can be collected once nobody listens to it, however long its sources live
    this.#signal = others.length > 0 ? AbortSignal.any([controller.signal, ...others]) : controller.signal;
    this.#controller = controller;
    if (isCancelled) controller.abort(this.#abortReason());
    else if (this.#link !== undefined && others.length === 0) this[LINK]({ cancel: () => {} }); // starts its timer
    return this.#signal;
  }

  /** Cancels the token. Only the first call on any thread has an effect. */
  cancel(reason?: unknown): void {
    if (this.#isRaised) return;
    const isByLink = this.#isCancelledByLink;
    const atMs = this.isCancelled ? this[FIRED_AT_MS] : stamp();
    const isFirst = this.#flag === undefined || this.#flag.isForeign || this.#flag.raise(atMs);
    if (isFirst && isShared(this)) wakeBlocked();
    // if another thread was first, its message brings the reason later; nothing here waits for that
    if (!isFirst) this.#raise('to come', undefined, atMs);
    else if (isByLink) this.#raise('of the link', undefined, atMs);
    else this.#raise('given', reason, atMs);
    if (isFirst) this.#notifyCopies(this.reason, undefined);
  }

  /** Checks for a cancel. @throws {CancelledError} if the token is cancelled. */
  throwIfCancelled(): void {
    if (this.isCancelled) throw this.#error();
  }

  /** Returns a token that is cancelled together with this one. Cancelling the child does not cancel this token. */
  child(): CancellationToken;
  child(...rest: readonly unknown[]): CancellationToken {
    refuseSurplusObjects(rest, 'no arguments', 'make a child of a token');
    return CancellationToken.any(this);
  }

  /**
   * Calls `fn` with the reason, once, when the token is cancelled; at once if it already is. An error thrown by `fn`
   * becomes a process warning.
   *
   * @returns a function that unregisters `fn`.
   * @throws {TypeError} if `fn` is not a function.
   */
  onCancel(fn: (reason: unknown) => void): () => void;
  onCancel(fn: (reason: unknown) => void, ...rest: readonly unknown[]): () => void {
    refuseSurplusObjects(rest, 'only a listener', 'register onCancel');
    return listen(this, typeof fn === 'function' ? bindContext(fn) : fn, 'onCancel');
  }

  /** @internal */
  get [HAS_FIRED](): boolean {
    return this.isCancelled;
  }

  /**
   * @internal When the token was cancelled, in ms of `now()`; if nothing recorded that, the time of this first look.
   */
  get [FIRED_AT_MS](): number {
    this.#cancelledAtMs ??=
      this.#flag?.raisedAtMs ?? (this.#isCancelledByLink ? this.#link?.source[FIRED_AT_MS] : undefined) ?? stamp();
    return this.#cancelledAtMs;
  }

  /** @internal */
  [KEEP_TIME](): void {
    this.#link?.source[KEEP_TIME]();
  }

  /** @internal Another thread asks for the reason. */
  [REASON_ASKED](from: Peer): void {
    // a reason that is still to come is sent to all copies when it arrives
    if (this.#isRaised && this.#reasonIs !== 'to come')
      from.post({ kind: 'token-cancelled', id: sharedIdOf(this), reason: this.reason });
  }

  /** @internal Another thread cancelled its copy. */
  [COPY_CANCELLED](reason: unknown, from: Peer): void {
    if (this.#isRaised && this.#reasonIs !== 'to come') return; // for this thread, its own reason came first
    // another process cannot raise the flag here
    if (!from.sharesMemory) this.#raiseFlag(stamp());
    this.#raise('given', reason, this.#flag?.raisedAtMs ?? stamp());
    this.#notifyCopies(reason, from);
  }

  /** @internal */
  override [CROSS](peer: Peer): CrossingHandle {
    return this.#flag?.isForeign ? this.child()[CROSS](peer) : super[CROSS](peer);
  }

  [inspect.custom](): string {
    return `CancellationToken { isCancelled: ${this.isCancelled} }`;
  }

  /** @internal */
  override get [KIND_NAME](): string {
    return 'a token';
  }

  /** @internal */
  override get [IS_NOTIFIED_BY_MESSAGE](): boolean {
    return true; // which brings the reason
  }

  /** @internal Copies on other threads read only the flag, so this thread follows the source for them. */
  override get [FOLLOWS_ALWAYS](): boolean {
    return peerCountOf(this) > 0;
  }

  /** @internal Whether the source may still have to be passed on to copies on other threads. */
  override get [IS_NEEDED](): boolean {
    return !this.#isRaised && this.#link !== undefined;
  }

  /** @internal */
  override get [REASON_FOR_DEPENDENTS](): unknown {
    return this.reason;
  }

  /** @internal */
  override [SOURCE_FIRED](reason: unknown): void {
    this.cancel(reason);
  }

  /** @internal */
  override [HANDLE_FOR](): Omit<CrossingHandle, 'id'> {
    if (this.isCancelled) this.cancel(); // takes over the reason of the source
    if (this.#flag === undefined) {
      this.#flag = Flag.create();
      if (this.isCancelled) this.#flag.raise(this[FIRED_AT_MS]);
    }
    return { type: 'token', words: this.#flag.words };
  }

  /** @internal */
  override [HANDLE_FOR_PROCESS](): Omit<CrossingHandle, 'id'> {
    return {
      ...this[HANDLE_FOR](),
      words: new Int32Array(0),
      details: this.isCancelled ? this[FIRED_AT_MS] : undefined,
    };
  }

  /** Whether the source was cancelled before any thread cancelled this token itself. */
  get #isCancelledByLink(): boolean {
    if (!this.#link?.source[HAS_FIRED]) return false;
    return !this.#flag?.isRaised || (this.#flag.raisedAtMs ?? 0) >= this.#link.source[FIRED_AT_MS];
  }

  /** The token arrived from another process already cancelled; the reason has to be requested. */
  #cancelledElsewhere(atMs: number): void {
    if (this.#isRaised) return;
    this.#raiseFlag(atMs);
    this.#raise('to come', undefined, atMs);
  }

  #raiseFlag(atMs: number): void {
    if (this.#flag?.isForeign === false && this.#flag.raise(atMs)) wakeBlocked();
  }

  #raise(reasonIs: ReasonState, reason: unknown, atMs: number): void {
    const wasRaised = this.#isRaised;
    this.#reasonIs = reasonIs;
    this.#reason = reason;
    if (wasRaised) return; // the flag was seen before the message with the reason
    this.#isRaised = true;
    this.#cancelledAtMs ??= atMs;
    this.#controller?.abort(this.#abortReason());
    notifyDependents(this);
  }

  #notifyCopies(reason: unknown, except: Peer | undefined): void {
    if (peerCountOf(this) === 0) return;
    const message: RegistryMessage = { kind: 'token-cancelled', id: sharedIdOf(this), reason };
    for (const peer of peersOf(this)) if (peer !== except && peer.isOpen) peer.post(message);
  }

  #abortReason(): unknown {
    const { reason } = this;
    return reason === undefined ? this.#error() : reason;
  }

  #error(): CancelledError {
    const { reason } = this;
    return new CancelledError(cancelledMessage('The operation was cancelled', reason), { reason });
  }
}

brand(CancellationToken, 'CancellationToken');
