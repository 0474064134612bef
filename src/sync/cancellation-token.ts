import { inspect } from 'node:util';
import { isMainThread, threadId } from 'node:worker_threads';
import { CancelledError } from '../errors.js';
import { CROSS, type CrossingHandle, uncloneable } from './crossing.js';
import { type Carrier, checkCurrentJob, type ExchangeMessage, findShared, hold, nextSharedId } from './exchange.js';
import { Flag } from './flag.js';
import { now } from './platform.js';
import { checkMs, startTimer } from './timer.js';
import { callListener } from './warn.js';

/** What is cancelled when a token is: a job, another token. */
export interface Dependent {
  cancel(reason?: unknown): unknown;
}

const BRAND = Symbol.for('thread-system.CancellationToken');
/** A blocking wait looks this often whether its own job was cancelled. */
const SLICE_MS = 5;

/**
 * A request to stop, made once and seen by every thread that holds the token.
 *
 * The flag is one word of shared memory: raised once, never lowered (I6). In a task `isCancelled` is one `Atomics.load`, so
 * a loop may look at every turn. Listeners and `reason` follow at the next turn of a thread's event loop.
 *
 * @example
 * ```ts
 * const token = new CancellationToken();
 * const job = pool.submit(tasks.search, [haystack, token]);
 * token.cancel('not needed any more');
 * ```
 */
export class CancellationToken {
  /** @internal */
  readonly uncloneable = uncloneable;
  #isRaised = false;
  #reason: unknown;
  /** In shared memory once another thread holds the token; until then this object is the only one to ask. */
  #flag: Flag | undefined;
  #id: string | undefined;
  #carriers: Set<Carrier> | undefined;
  #dependents: Set<Dependent> | undefined;
  #listeners: Set<(reason: unknown) => void> | undefined;
  #controller: AbortController | undefined;

  /** True for every token, whichever copy of this library made it. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && BRAND in value;
  }

  /** @internal A token that is cancelled when `flag`, which belongs to a job, is raised. */
  static following(flag: Flag): CancellationToken {
    const token = new CancellationToken();
    token.#flag = flag;
    return token;
  }

  /** @internal The copy, on this thread, of a token that came over `carrier`. */
  static arrive(handle: CrossingHandle, carrier: Carrier): CancellationToken {
    const held = findShared(handle.id);
    if (held !== undefined) {
      const token = held as CancellationToken;
      token.addCarrier(carrier);
      return token;
    }
    const token = new CancellationToken();
    token.#id = handle.id;
    token.#flag = new Flag(handle.words);
    token.addCarrier(carrier);
    hold(handle.id, token);
    return token;
  }

  /** Whether the token is cancelled, by any thread. */
  get isCancelled(): boolean {
    return this.#isRaised || (this.#flag?.isRaised ?? false);
  }

  /** What the first canceller gave. On another thread it may be `undefined` until that thread's event loop turns. */
  get reason(): unknown {
    return this.#reason;
  }

  /** An `AbortSignal` that is aborted when the token is cancelled, with the token's reason or a `CancelledError`. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.isCancelled) this.#controller.abort(this.#abortReason());
    }
    return this.#controller.signal;
  }

  /** Cancels. Only the first call, of all threads, counts. */
  cancel(reason?: unknown): void {
    if (this.#isRaised) return;
    const isFirst = this.#flag === undefined || this.#flag.isForeign || this.#flag.raise();
    // where another thread was first its message brings the reason, but nobody need wait for it
    this.#raise(isFirst ? reason : undefined);
    if (isFirst) this.#tell(reason, undefined);
  }

  /** @throws {CancelledError} when the token is cancelled. */
  throwIfCancelled(): void {
    if (this.isCancelled) throw this.#error();
  }

  /**
   * Calls `fn` with the reason, once, when the token is cancelled; at once if it is already. What it throws becomes a
   * process warning.
   *
   * @returns a function that unregisters it.
   */
  onCancel(fn: (reason: unknown) => void): () => void {
    if (typeof fn !== 'function')
      throw new TypeError(`Cannot register onCancel: the listener must be a function, received ${typeof fn}`);
    if (this.isCancelled) {
      callListener(fn, [this.#reason], 'onCancel');
      return () => {};
    }
    const listener = (reason: unknown): void => fn(reason); // the same function registered twice is called twice
    this.#listeners ??= new Set();
    this.#listeners.add(listener);
    return () => void this.#listeners?.delete(listener);
  }

  /**
   * Waits for the token to be cancelled: `true` when it was, `false` when `timeoutMs` passed first. A wait with a time
   * keeps the process alive, one without does not.
   */
  wait(options: { readonly timeoutMs?: number | undefined } = {}): Promise<boolean> {
    const timeoutMs = checkMs(options.timeoutMs ?? Number.POSITIVE_INFINITY, 'timeoutMs', 'wait for a token');
    if (this.isCancelled) return Promise.resolve(true);
    return new Promise((resolve) => {
      const stopTimer = startTimer(
        timeoutMs,
        () => {
          unregister();
          resolve(this.isCancelled);
        },
        { keepsProcess: true },
      );
      const unregister = this.onCancel(() => {
        stopTimer();
        resolve(true);
      });
    });
  }

  /**
   * Blocks a task's thread until the token is cancelled (`true`) or `timeoutMs` have passed (`false`).
   *
   * @throws {CancelledError} when the job that waits is itself cancelled.
   * @throws {TypeError} on the main thread, which must not block: use `wait`.
   */
  waitSync(options: { readonly timeoutMs?: number | undefined } = {}): boolean {
    const timeoutMs = checkMs(options.timeoutMs ?? Number.POSITIVE_INFINITY, 'timeoutMs', 'wait for a token');
    if (isMainThread)
      throw new TypeError('Cannot block the main thread: waitSync is for tasks, use `await token.wait()` here');
    const flag = this.#flag ?? this.#share();
    const dueAt = now() + timeoutMs;
    while (!this.isCancelled) {
      checkCurrentJob();
      const remainingMs = dueAt - now();
      if (remainingMs <= 0) return false;
      flag.block(Math.min(remainingMs, SLICE_MS));
    }
    return true;
  }

  /** @internal Cancels `dependent` with this token, until it is unlinked. */
  link(dependent: Dependent): void {
    if (this.isCancelled) {
      dependent.cancel(this.#reason);
      return;
    }
    this.#dependents ??= new Set();
    this.#dependents.add(dependent);
  }

  /** @internal */
  unlink(dependent: Dependent): void {
    this.#dependents?.delete(dependent);
  }

  /** @internal */
  addCarrier(carrier: Carrier): void {
    this.#carriers ??= new Set();
    if (this.#carriers.has(carrier)) return;
    for (const other of this.#carriers) if (!other.isOpen) this.#carriers.delete(other);
    this.#carriers.add(carrier);
  }

  /** @internal Another thread cancelled its copy. */
  heard(message: ExchangeMessage, from: Carrier): void {
    this.#raise(message.reason);
    this.#tell(message.reason, from);
  }

  /** @internal */
  [CROSS](carrier: Carrier): CrossingHandle {
    if (this.#flag?.isForeign) {
      const child = new CancellationToken();
      this.link(child);
      return child[CROSS](carrier);
    }
    const flag = this.#flag ?? this.#share();
    if (this.#id === undefined) {
      this.#id = nextSharedId(threadId);
      hold(this.#id, this);
    }
    this.addCarrier(carrier);
    return { type: 'token', id: this.#id, words: flag.words };
  }

  [inspect.custom](): string {
    return `CancellationToken { isCancelled: ${this.isCancelled} }`;
  }

  #share(): Flag {
    const flag = Flag.create();
    if (this.#isRaised) flag.raise();
    this.#flag = flag;
    return flag;
  }

  #raise(reason: unknown): void {
    if (this.#isRaised) {
      this.#reason ??= reason; // this thread saw the flag before the message that brings the reason
      return;
    }
    this.#isRaised = true;
    this.#reason = reason;
    const dependents = this.#dependents;
    const listeners = this.#listeners;
    this.#dependents = undefined;
    this.#listeners = undefined;
    if (dependents !== undefined) for (const dependent of dependents) dependent.cancel(reason);
    this.#controller?.abort(this.#abortReason());
    if (listeners !== undefined) for (const listener of listeners) callListener(listener, [reason], 'onCancel');
  }

  #tell(reason: unknown, except: Carrier | undefined): void {
    if (this.#carriers === undefined) return;
    const message: ExchangeMessage = { kind: 'token-cancelled', id: this.#id ?? '', reason };
    for (const carrier of this.#carriers) if (carrier !== except && carrier.isOpen) carrier.tell(message);
  }

  #abortReason(): unknown {
    return this.#reason === undefined ? this.#error() : this.#reason;
  }

  #error(): CancelledError {
    return new CancelledError(cancelledMessage('The operation was cancelled', this.#reason), { reason: this.#reason });
  }
}

Object.defineProperty(CancellationToken.prototype, BRAND, { value: true });

/** A `CancelledError`'s message: what was cancelled, and why where that can be said in a line. */
export function cancelledMessage(what: string, reason: unknown): string {
  if (typeof reason === 'string') return `${what}: ${reason}`;
  if (typeof reason === 'object' && reason !== null && 'message' in reason && typeof reason.message === 'string')
    return `${what}: ${reason.message}`;
  return what;
}
