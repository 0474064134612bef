import { inspect } from 'node:util';
import { bindContext } from '../base/async-context.js';
import { refuseSurplus, refuseSurplusObjects } from '../base/check/options.js';
import { checkInstance, checkSignal } from '../base/check/values.js';
import { FOLLOWS_ALWAYS, HANDLE_FOR, HAS_FIRED, Inner, KIND_NAME, LINK, SOURCE_FIRED } from './inner.js';
import { CROSS, type CrossingHandle } from './sharing/crossing.js';
import { Flag } from './sharing/flag.js';
import type { Peer } from './sharing/registry.js';
import { brand, reviveAs } from './sharing/shared-object.js';
import { fired, isShared, listen, notifyDependents, OneShot, sourceOf } from './waiting/one-shot.js';
import { AbortSource, Combination, type Operator, type Source } from './waiting/source.js';

/** What is sent in place of a combined signal. */
interface CombinationHandle {
  readonly operator: Operator;
  readonly operands: readonly CrossingHandle[];
}

/** Stands for `Signal.NEVER` in a handle: each thread has its own. */
const IS_NEVER = 'never';

/** What a signal is made from. */
interface Parts {
  readonly source?: Source | undefined;
  readonly words?: Int32Array | undefined;
}

/** Returns this thread's copy of a signal that arrived over `peer`. */
export let reviveSignal: (handle: CrossingHandle, peer: Peer, revive: (handle: CrossingHandle) => unknown) => Signal;
/** Returns the words of a signal's flag, which is in shared memory from then on. */
export let sharedWordsOf: (signal: Signal) => Int32Array;

/**
 * An event that goes once and stays set. Waiters are released whether they began to wait before or after it.
 *
 * @example
 * ```ts
 * const ready = new Signal();
 * pool.submit(tasks.load, [ready]); // calls ready.go()
 * await ready.or(new Till({ ms: 5_000 })).wait();
 * ```
 */
export class Signal extends OneShot {
  #isRaised = false;
  /** In shared memory once another thread has a copy. */
  #flag: Flag | undefined;
  #abortSignal: AbortSignal | undefined;

  constructor();
  /** @internal */
  constructor(inner: Inner<Parts>);
  constructor(inner?: Inner<Parts>) {
    const parts = Inner.of(inner, 'no arguments', 'make a signal');
    super(parts?.source);
    if (parts?.words !== undefined) this.#flag = new Flag(parts.words);
  }

  static {
    reviveSignal = (handle, peer, revive) => {
      if (handle.details === IS_NEVER) return NEVER;
      const details = handle.details as CombinationHandle | undefined;
      const operands = details?.operands.map((operand) => revive(operand) as Signal);
      return reviveAs(handle, peer, () => {
        const source = operands === undefined ? undefined : new Combination(details?.operator ?? 'or', operands);
        return new Signal(new Inner({ source, words: handle.words }));
      });
    };
    sharedWordsOf = (signal) => signal.#sharedWords;
  }

  /** A signal that is already set. */
  static get DONE(): Signal {
    return DONE;
  }

  /** A signal that is never set. */
  static get NEVER(): Signal {
    return NEVER;
  }

  /**
   * Returns a signal that goes when `abortSignal` aborts.
   *
   * @throws {TypeError} if `abortSignal` is not an `AbortSignal`.
   */
  static from(abortSignal: AbortSignal): Signal;
  static from(abortSignal: AbortSignal, ...rest: readonly unknown[]): Signal {
    refuseSurplusObjects(rest, 'only an AbortSignal', 'make a signal');
    const source = new AbortSource(checkSignal(abortSignal, 'abortSignal', 'make a signal'));
    return new Signal(new Inner({ source }));
  }

  /** Whether the signal has gone, on any thread. */
  get isSet(): boolean {
    if (!this.#isRaised) this.#isRaised = (this.#flag?.isRaised ?? false) || (sourceOf(this)?.[HAS_FIRED] ?? false);
    return this.#isRaised;
  }

  /** Sets the signal and releases its waiters. Only the first call on any thread has an effect. @throws {TypeError} for `NEVER`. */
  go(): void {
    if (this === NEVER) throw new TypeError('Cannot make a signal go: this one is Signal.NEVER');
    this.#isRaised = true;
    if (this.#flag === undefined || this.#flag.raise()) fired(this);
    else notifyDependents(this);
  }

  /**
   * Calls `fn` once, when the signal goes; at once if it already has. An error thrown by `fn` becomes a process
   * warning.
   *
   * @returns a function that unregisters `fn`.
   * @throws {TypeError} if `fn` is not a function.
   */
  onGo(fn: () => void): () => void;
  onGo(fn: () => void, ...rest: readonly unknown[]): () => void {
    refuseSurplusObjects(rest, 'only a listener', 'register onGo');
    return listen(this, typeof fn === 'function' ? bindContext(() => fn()) : fn, 'onGo');
  }

  /** Returns a signal that goes once both this one and `other` have gone. @throws {TypeError} if `other` is not a `Signal`. */
  and(other: Signal): Signal;
  and(...others: readonly unknown[]): Signal {
    return this.#combined('and', others);
  }

  /** Returns a signal that goes once this one or `other` has gone. @throws {TypeError} if `other` is not a `Signal`. */
  or(other: Signal): Signal;
  or(...others: readonly unknown[]): Signal {
    return this.#combined('or', others);
  }

  /** Returns an `AbortSignal` that aborts when this signal goes. */
  toAbortSignal(): AbortSignal;
  toAbortSignal(...rest: readonly unknown[]): AbortSignal {
    refuseSurplus(rest, 'no arguments', 'make an AbortSignal');
    if (this.#abortSignal === undefined) {
      const controller = new AbortController();
      this.#abortSignal = controller.signal;
      this[LINK]({ cancel: () => controller.abort() });
    }
    return this.#abortSignal;
  }

  /** @internal */
  get [HAS_FIRED](): boolean {
    return this.isSet;
  }

  [inspect.custom](): string {
    return `${this.constructor.name} { isSet: ${this.isSet} }`;
  }

  /** @internal */
  override get [KIND_NAME](): string {
    return 'a signal';
  }

  /** @internal Copies check the operands of a combination themselves; an `AbortSignal` can be followed only here. */
  override get [FOLLOWS_ALWAYS](): boolean {
    return sourceOf(this) instanceof AbortSource && isShared(this);
  }

  /** @internal */
  override [SOURCE_FIRED](): void {
    this.go();
  }

  /** @internal */
  override [HANDLE_FOR](peer: Peer): Omit<CrossingHandle, 'id'> {
    const source = sourceOf(this);
    const words = sharedWordsOf(this);
    if (this === NEVER) return { type: 'signal', words, details: IS_NEVER };
    if (!(source instanceof Combination)) return { type: 'signal', words };
    const operands = (source as Combination<Signal>).operands.map((operand) => operand[CROSS](peer));
    return { type: 'signal', words, details: { operator: source.operator, operands } satisfies CombinationHandle };
  }

  get #sharedWords(): Int32Array {
    if (this.#flag === undefined) {
      this.#flag = Flag.create();
      if (this.isSet) this.#flag.raise();
    }
    return this.#flag.words;
  }

  #combined(operator: Operator, [given, ...rest]: readonly unknown[]): Signal {
    const other = checkInstance(given, Signal, 'the other', 'combine signals');
    refuseSurplusObjects(rest, 'one other signal', 'combine signals');
    return new Signal(new Inner({ source: new Combination<Signal>(operator, [this, other]) }));
  }
}

brand(Signal, 'Signal');

const NEVER = new Signal();
const DONE = new Signal();
DONE.go();
