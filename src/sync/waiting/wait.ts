import { isMainThread } from 'node:worker_threads';
import { type Dependent, linkToSignal, unlinkFromSignal } from '../../base/abort-link.js';
import { mustBe } from '../../base/check/argument-errors.js';
import { optionNames, readOptions } from '../../base/check/options.js';
import { checkMs, checkSignal } from '../../base/check/values.js';
import { now } from '../../base/clock.js';
import { type StopTimer, startTimer } from '../../base/timer.js';
import { CancelledError, cancelledMessage } from '../../errors.js';
import { LINK, UNLINK } from '../inner.js';
import { checkCurrentJob } from '../sharing/registry.js';
import { block } from './wakeup.js';

/** What a wait uses of its `token`, a `CancellationToken`. */
export interface WaitToken {
  /** Whether it is cancelled. */
  readonly isCancelled: boolean;
  /** Why. */
  readonly reason: unknown;
  /** @internal */
  [LINK](dependent: Dependent): void;
  /** @internal */
  [UNLINK](dependent: Dependent): void;
}

/** How long to wait, and what else ends the wait. */
export interface WaitOptions {
  /** Longest wait in milliseconds. Default: `Infinity`. */
  readonly timeoutMs?: number | undefined;
  /** A `CancellationToken` that ends the wait with a `CancelledError`. Default: none. */
  readonly token?: WaitToken | undefined;
  /** An `AbortSignal` that ends the wait with a `CancelledError`. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/** Something that can be waited for. */
export interface Awaited {
  /** Begins to wait: calls `done` once, when the wait is over; at once if there is nothing to wait for. */
  begin(done: () => void): void;
  /** Gives up the wait. Returns false if it is too late: `done` was called or will be. */
  leave(): boolean;
}

const WAIT_OPTIONS = optionNames<WaitOptions>({ timeoutMs: true, token: true, signal: true });

/** Validated {@link WaitOptions}. */
export interface WaitSettings {
  readonly timeoutMs: number;
  readonly token: WaitToken | undefined;
  readonly signal: AbortSignal | undefined;
}

const FOR_EVER: WaitSettings = { timeoutMs: Number.POSITIVE_INFINITY, token: undefined, signal: undefined };

/** @throws {TypeError | RangeError} that names the option, the rule and the value received. */
export function readWait(options: unknown, action: string): WaitSettings {
  if (options === undefined) return FOR_EVER;
  const { timeoutMs = Number.POSITIVE_INFINITY, token, signal } = readOptions(options, WAIT_OPTIONS, action);
  if (token !== undefined && !isToken(token)) throw mustBe('a CancellationToken', token, 'token', action);
  return {
    timeoutMs: checkMs(timeoutMs, 'timeoutMs', action),
    token,
    signal: signal === undefined ? undefined : checkSignal(signal, 'signal', action),
  };
}

/** Returns a function that returns the options for the next part of a wait, with the time that is left. */
export function remainingOf(settings: WaitSettings): () => WaitOptions {
  const dueAtMs = now() + settings.timeoutMs;
  return () => ({ ...settings, timeoutMs: Math.max(0, dueAtMs - now()) });
}

/**
 * Waits in the event loop. Resolves with `true`, or with `false` if `timeoutMs` passes first. A wait with a timeout
 * keeps the process alive, one without does not.
 *
 * @param action what the caller does, as worded in an error.
 * @throws {CancelledError} by rejection, if the given token or signal is cancelled first.
 */
export function wait(awaited: Awaited, options: WaitOptions | undefined, action: string): Promise<boolean> {
  const { timeoutMs, token, signal } = readWait(options, action);
  if (token?.isCancelled) return Promise.reject(waitCancelled(action, token.reason));
  if (signal?.aborted) return Promise.reject(waitCancelled(action, signal.reason));
  return new Promise((resolve, reject) => {
    let isDone = false;
    let stopTimer: StopTimer | undefined;
    const end = (): void => {
      isDone = true;
      stopTimer?.();
      token?.[UNLINK](dependent);
      if (signal !== undefined) unlinkFromSignal(signal, dependent);
    };
    const dependent: Dependent = {
      cancel: (reason) => {
        if (isDone || !awaited.leave()) return;
        end();
        reject(waitCancelled(action, reason));
      },
    };
    awaited.begin(() => {
      if (isDone) return;
      end();
      resolve(true);
    });
    if (isDone) return;
    token?.[LINK](dependent);
    if (signal !== undefined && !isDone) linkToSignal(signal, dependent);
    if (isDone) return; // cancelled meanwhile
    const expire = (): void => {
      if (isDone || !awaited.leave()) return;
      end();
      resolve(false);
    };
    if (timeoutMs === 0) expire();
    else stopTimer = startTimer(timeoutMs, expire, { keepsProcess: true });
  });
}

/**
 * Blocks the task's thread until `isMet` returns true (`true`) or `timeoutMs` has passed (`false`).
 *
 * @param action what the caller does, as worded in an error.
 * @throws {CancelledError} if the given token or signal, or the waiting job, is cancelled.
 * @throws {TypeError} on the main thread.
 */
export function waitSync(isMet: () => boolean, settings: WaitSettings, action: string): boolean {
  checkNotCancelled(settings, action);
  return block(() => {
    if (isMet()) return true;
    checkNotCancelled(settings, action);
    checkCurrentJob();
    return false;
  }, settings.timeoutMs);
}

/** @throws {CancelledError} if the given token or signal is cancelled. */
export function checkNotCancelled({ token, signal }: WaitSettings, action: string): void {
  if (token?.isCancelled) throw waitCancelled(action, token.reason);
  if (signal?.aborted) throw waitCancelled(action, signal.reason);
}

/** @throws {TypeError} on the main thread, naming the promise form. */
export function checkMayBlock(method: string, promiseForm: string): void {
  if (isMainThread)
    throw new TypeError(`Cannot block the main thread: ${method} is for tasks, use \`await ${promiseForm}\` here`);
}

function waitCancelled(action: string, reason: unknown): CancelledError {
  return new CancelledError(cancelledMessage(`The attempt to ${action} was cancelled`, reason), { reason });
}

function isToken(value: unknown): value is WaitToken {
  return typeof value === 'object' && value !== null && 'isCancelled' in value && LINK in value;
}
