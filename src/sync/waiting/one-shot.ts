import type { Dependent } from '../../base/abort-link.js';
import { mustBe } from '../../base/check/argument-errors.js';
import { callListener } from '../../base/warn.js';
import {
  FOLLOWS_ALWAYS,
  HAS_FIRED,
  IS_AWAITED,
  IS_NOTIFIED_BY_MESSAGE,
  KIND_NAME,
  LINK,
  PEERS_CHANGED,
  REASON_FOR_DEPENDENTS,
  SHARED,
  SOURCE_FIRED,
  UNLINK,
} from '../inner.js';
import { SharedObject, updatePin } from '../sharing/shared-object.js';
import type { Source } from './source.js';
import { type Awaited, checkMayBlock, readWait, type WaitOptions, wait, waitSync } from './wait.js';
import { unwatch, wakeOthers, watch } from './wakeup.js';

// For the classes of one-shot objects, each for its own instances.

export let sourceOf: (object: OneShot) => Source | undefined;
export let isShared: (object: OneShot) => boolean;
/** Calls `fn` when the object fires, after all dependents that are not foreign code. Returns how to unregister `fn`. */
export let listen: (object: OneShot, fn: (reason: unknown) => void, where: string) => () => void;
/** Called when this thread has fired the object: notifies the other threads, then this one's dependents. */
export let fired: (object: OneShot) => void;
/** Notifies this thread's dependents if the object has fired. */
export let notifyDependents: (object: OneShot) => void;

/** A one-shot event: once fired, it stays fired and releases every waiter on every thread. */
export abstract class OneShot extends SharedObject {
  /** Makes the object fire by itself. Every check reads the source; it is followed only while there are dependents. */
  readonly #source: Source | undefined;
  /** The link to the source, and what runs when this thread is woken. Made when first needed. */
  #follower: Dependent | undefined;
  #onWakeup: (() => void) | undefined;
  #dependents: Set<Dependent> | undefined;
  #listeners: Set<Dependent> | undefined;
  #isShared = false;

  /** @internal */
  constructor(source?: Source) {
    super();
    this.#source = source;
  }

  static {
    sourceOf = (object) => object.#source;
    isShared = (object) => object.#isShared;
    listen = (object, fn, where) => object.#listen(fn, where);
    fired = (object) => {
      if (object.#isShared) wakeOthers();
      object.#notifyDependents();
    };
    notifyDependents = (object) => object.#notifyDependents();
  }

  /** @internal */
  abstract get [HAS_FIRED](): boolean;

  /** @internal */
  abstract get [KIND_NAME](): string;

  /**
   * Waits until this has fired. Resolves with `true`, or with `false` if `timeoutMs` passes first. A wait with a
   * timeout keeps the process alive, one without does not.
   *
   * @throws {CancelledError} by rejection, if the token or signal in `options` is cancelled first.
   */
  wait(options?: WaitOptions): Promise<boolean> {
    let dependent: Dependent = { cancel: () => {} };
    const awaited: Awaited = {
      begin: (done) => {
        dependent = { cancel: done };
        this[LINK](dependent);
      },
      leave: () => {
        this[UNLINK](dependent);
        return !this[HAS_FIRED];
      },
    };
    return wait(awaited, options, `wait for ${this[KIND_NAME]}`);
  }

  /**
   * Blocks the task's thread until this has happened (`true`) or `timeoutMs` has passed (`false`).
   *
   * @throws {CancelledError} if the token or signal in `options`, or the waiting job, is cancelled first.
   * @throws {TypeError} on the main thread, which must not block: use `wait`.
   */
  waitSync(options?: WaitOptions): boolean {
    checkMayBlock('waitSync', `${this[KIND_NAME].split(' ').at(-1)}.wait()`);
    const action = `wait for ${this[KIND_NAME]}`;
    return waitSync(() => this[HAS_FIRED], readWait(options, action), action);
  }

  /** @internal */
  [LINK](dependent: Dependent): void {
    this.#dependents ??= new Set();
    this.#add(this.#dependents, dependent);
  }

  /** @internal */
  [UNLINK](dependent: Dependent): void {
    if (this.#dependents?.delete(dependent) || this.#listeners?.delete(dependent)) this.#unfollowIfIdle();
  }

  /** @internal */
  override [SHARED](): void {
    this.#isShared = true;
    this.#follow();
  }

  /** @internal */
  get [IS_NOTIFIED_BY_MESSAGE](): boolean {
    return false;
  }

  /** @internal */
  get [FOLLOWS_ALWAYS](): boolean {
    return false;
  }

  /** @internal */
  get [REASON_FOR_DEPENDENTS](): unknown {
    return undefined;
  }

  /** @internal */
  abstract [SOURCE_FIRED](reason: unknown): void;

  /** @internal */
  override [PEERS_CHANGED](): void {
    this.#unfollowIfIdle();
  }

  #listen(fn: (reason: unknown) => void, where: string): () => void {
    if (typeof fn !== 'function') throw mustBe('a function', fn, 'the listener', `register ${where}`);
    const listener: Dependent = { cancel: (reason) => callListener(fn, [reason], where) };
    this.#listeners ??= new Set();
    this.#add(this.#listeners, listener);
    return () => this[UNLINK](listener);
  }

  /** @internal */
  override get [IS_AWAITED](): boolean {
    return (this.#listeners?.size ?? 0) > 0 || (this.#dependents?.size ?? 0) > 0;
  }

  #notifyDependents(): void {
    if (!this[HAS_FIRED]) return;
    this.#unfollow();
    const reason = this[REASON_FOR_DEPENDENTS];
    // a dependent that an earlier one unregisters is not called
    for (const dependents of [this.#dependents, this.#listeners])
      if (dependents !== undefined)
        for (const dependent of dependents) {
          dependents.delete(dependent);
          dependent.cancel(reason);
        }
    updatePin(this);
  }

  /** Follows the source and watches for other threads, if there is a dependent to notify. */
  #follow(): void {
    updatePin(this);
    if (!this[IS_AWAITED] && !this[FOLLOWS_ALWAYS]) return;
    if (this.#isShared && !this[IS_NOTIFIED_BY_MESSAGE] && this.#onWakeup === undefined) {
      this.#onWakeup = () => this.#notifyDependents();
      watch(this.#onWakeup);
    }
    if (this.#source === undefined || this.#follower !== undefined) return;
    this.#follower = { cancel: (reason) => this[SOURCE_FIRED](reason) };
    this.#source[LINK](this.#follower);
  }

  #add(to: Set<Dependent>, dependent: Dependent): void {
    if (this[HAS_FIRED]) {
      dependent.cancel(this[REASON_FOR_DEPENDENTS]);
      return;
    }
    to.add(dependent);
    this.#follow();
    this.#notifyDependents(); // another thread may have fired before this one watched
  }

  #unfollowIfIdle(): void {
    updatePin(this);
    if (!this[IS_AWAITED] && !this[FOLLOWS_ALWAYS]) this.#unfollow();
  }

  #unfollow(): void {
    if (this.#onWakeup !== undefined) unwatch(this.#onWakeup);
    if (this.#follower !== undefined) this.#source?.[UNLINK](this.#follower);
    this.#onWakeup = undefined;
    this.#follower = undefined;
  }
}
