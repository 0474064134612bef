import { describe } from '../errors.js';
import { ringOthers, unwatch, watch } from './bells.js';
import type { Dependent } from './dependent.js';
import { SharedObject } from './shared-object.js';
import type { Source } from './source.js';
import { type Awaited, checkMayBlock, readWait, type WaitOptions, wait, waitSync } from './waiting.js';
import { callListener } from './warn.js';

/** Something that comes about once, and then stays so (I6): whoever waits for it, on any thread, goes on. */
export abstract class OneWay extends SharedObject {
  /** What makes it come about by itself. Asked by every look; followed only while there is somebody to tell. */
  readonly #source: Source | undefined;
  /** By which it follows its source, and by which it is called when this thread's bell rings. Made when first needed. */
  #follower: Dependent | undefined;
  #onBell: (() => void) | undefined;
  #dependents: Set<Dependent> | undefined;
  #listeners: Set<Dependent> | undefined;
  #isShared = false;

  constructor(source?: Source) {
    super();
    this.#source = source;
  }

  /** @internal Whether it has come about, on any thread. */
  abstract get hasHappened(): boolean;

  /** What it is called in an error, such as 'a signal'. */
  protected abstract get kindName(): string;

  /**
   * Waits until it has come about: `true`; `false` when `timeoutMs` passed first. A wait with a time keeps the process, one
   * without does not.
   *
   * @throws {CancelledError} by rejection, when the token or signal given in `options` is cancelled first.
   */
  wait(options?: WaitOptions): Promise<boolean> {
    let dependent: Dependent = { cancel: () => {} };
    const awaited: Awaited = {
      enter: (done) => {
        dependent = { cancel: done };
        this.link(dependent);
      },
      leave: () => {
        this.unlink(dependent);
        return !this.hasHappened;
      },
    };
    return wait(awaited, options, `wait for ${this.kindName}`);
  }

  /**
   * Blocks a task's thread until it has come about (`true`) or `timeoutMs` have passed (`false`).
   *
   * @throws {CancelledError} when the token or signal given in `options`, or the job that waits, is cancelled first.
   * @throws {TypeError} on the main thread, which must not block: use `wait`.
   */
  waitSync(options?: WaitOptions): boolean {
    checkMayBlock('waitSync', `${this.kindName.split(' ').at(-1)}.wait()`);
    const action = `wait for ${this.kindName}`;
    return waitSync(() => this.hasHappened, readWait(options, action), action);
  }

  /** @internal */
  link(dependent: Dependent): void {
    this.#dependents ??= new Set();
    this.#add(this.#dependents, dependent);
  }

  /** @internal */
  unlink(dependent: Dependent): void {
    if (this.#dependents?.delete(dependent) || this.#listeners?.delete(dependent)) this.#unfollowIfIdle();
  }

  /** @internal */
  override shared(): void {
    this.#isShared = true;
    this.#follow();
  }

  /** Calls `fn` when it comes about, after all that is not foreign code was told. Answers how to take it off. */
  protected listen(fn: (reason: unknown) => void, where: string): () => void {
    if (typeof fn !== 'function')
      throw new TypeError(`Cannot register ${where}: the listener must be a function, received ${describe(fn)}`);
    const listener: Dependent = { cancel: (reason) => callListener(fn, [reason], where) };
    this.#listeners ??= new Set();
    this.#add(this.#listeners, listener);
    return () => this.unlink(listener);
  }

  protected get source(): Source | undefined {
    return this.#source;
  }

  protected get isShared(): boolean {
    return this.#isShared;
  }

  protected get hasListeners(): boolean {
    return (this.#listeners?.size ?? 0) > 0 || (this.#dependents?.size ?? 0) > 0;
  }

  /** Whether other threads' copies tell this one by a message; else they ring. */
  protected get isToldByMessage(): boolean {
    return false;
  }

  /** Whether it follows its source although nobody here is to be told. */
  protected get followsAlways(): boolean {
    return false;
  }

  /** What its dependents are told. */
  protected get reasonToTell(): unknown {
    return undefined;
  }

  /** Called when its source has come about. */
  protected abstract sourceHappened(reason: unknown): void;

  /** It has come about, by this thread: tells the others, then its own. */
  protected happened(): void {
    if (this.#isShared) ringOthers();
    this.tell();
  }

  /** Tells those on this thread, if it has come about. */
  protected tell(): void {
    if (!this.hasHappened) return;
    this.#unfollow();
    const reason = this.reasonToTell;
    // one that an earlier one takes off is not told any more
    for (const dependents of [this.#dependents, this.#listeners])
      if (dependents !== undefined)
        for (const dependent of dependents) {
          dependents.delete(dependent);
          dependent.cancel(reason);
        }
    this.keepIfNeeded();
  }

  protected override carriersChanged(): void {
    this.#unfollowIfIdle();
  }

  /** Follows its source, and listens for other threads, as there is somebody to tell. */
  #follow(): void {
    this.keepIfNeeded();
    if (!this.hasListeners && !this.followsAlways) return;
    if (this.#isShared && !this.isToldByMessage && this.#onBell === undefined) {
      this.#onBell = () => this.tell();
      watch(this.#onBell);
    }
    if (this.#source === undefined || this.#follower !== undefined) return;
    this.#follower = { cancel: (reason) => this.sourceHappened(reason) };
    this.#source.link(this.#follower);
  }

  #add(to: Set<Dependent>, dependent: Dependent): void {
    if (this.hasHappened) {
      dependent.cancel(this.reasonToTell);
      return;
    }
    to.add(dependent);
    this.#follow();
    this.tell(); // where another thread was first, before this one listened
  }

  #unfollowIfIdle(): void {
    this.keepIfNeeded();
    if (!this.hasListeners && !this.followsAlways) this.#unfollow();
  }

  #unfollow(): void {
    if (this.#onBell !== undefined) unwatch(this.#onBell);
    if (this.#follower !== undefined) this.#source?.unlink(this.#follower);
    this.#onBell = undefined;
    this.#follower = undefined;
  }
}
