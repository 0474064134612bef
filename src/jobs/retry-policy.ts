import { inContextOfNow } from '../base/async-context.js';
import { checkBoolean, checkFunction, checkMs, checkOneOf, optionNames, readOptions } from '../base/check.js';
import { describe } from '../errors.js';

/** How a job is tried again that failed. */
export interface RetryOptions {
  /** How many attempts at most, the first one counted: a whole number, 1 or more. */
  readonly maxAttempts: number;
  /** How many ms to wait before the second attempt. Waiting holds no worker. Default: 0. */
  readonly delayMs?: number | undefined;
  /** How that delay grows: not at all, by itself each time, or twofold each time. Default: `'fixed'`. */
  readonly backoff?: 'fixed' | 'linear' | 'exponential' | undefined;
  /** The longest delay. Default: `Infinity`. */
  readonly maxDelayMs?: number | undefined;
  /** What share of a delay, from 0 to 1, is left to chance: it is shorter by up to so much. Default: 0. */
  readonly jitter?: number | undefined;
  /** Whether to try again after this error. Called on the main thread. What it throws becomes a process warning, and means no. */
  readonly retryIf?: ((error: unknown) => boolean) | undefined;
  /** Whether to try again where the thread died: then the code may have done its work already. Default: false. */
  readonly onWorkerExit?: boolean | undefined;
}

const RETRY_OPTIONS = optionNames<RetryOptions>(
  {
    maxAttempts: true,
    delayMs: true,
    backoff: true,
    maxDelayMs: true,
    jitter: true,
    retryIf: true,
    onWorkerExit: true,
  },
  'retry.',
);
const BACKOFFS = ['fixed', 'linear', 'exponential'] as const;

/** What was given, read once; `retryIf` is called in the async context of now. @throws {TypeError} or {RangeError} that names the option, the rule and the value received. */
export function readRetryOptions(value: unknown, action: string): RetryOptions {
  const given = readOptions(value, RETRY_OPTIONS, action);
  const { maxAttempts, backoff, jitter, retryIf, onWorkerExit } = given;
  if (typeof maxAttempts !== 'number')
    throw new TypeError(
      `Cannot ${action}: retry.maxAttempts must be a whole number, received ${describe(maxAttempts)}`,
    );
  if (!(maxAttempts >= 1) || (Number.isFinite(maxAttempts) && !Number.isInteger(maxAttempts)))
    throw new RangeError(
      `Cannot ${action}: retry.maxAttempts must be a whole number, 1 or more, received ${maxAttempts}`,
    );
  if (given.delayMs !== undefined) checkMs(given.delayMs, 'retry.delayMs', action);
  if (given.maxDelayMs !== undefined) checkMs(given.maxDelayMs, 'retry.maxDelayMs', action);
  if (backoff !== undefined) checkOneOf(backoff, BACKOFFS, 'retry.backoff', action);
  if (jitter !== undefined && typeof jitter !== 'number')
    throw new TypeError(`Cannot ${action}: retry.jitter must be a number from 0 to 1, received ${describe(jitter)}`);
  if (jitter !== undefined && !(jitter >= 0 && jitter <= 1))
    throw new RangeError(`Cannot ${action}: retry.jitter must be a number from 0 to 1, received ${jitter}`);
  if (retryIf !== undefined) {
    checkFunction<NonNullable<RetryOptions['retryIf']>>(retryIf, 'retry.retryIf', action);
    Reflect.set(given, 'retryIf', inContextOfNow(retryIf));
  }
  if (onWorkerExit !== undefined) checkBoolean(onWorkerExit, 'retry.onWorkerExit', action);
  return given as RetryOptions;
}

/** How many ms to wait after so many attempts have failed. */
export function retryDelayMs(retry: RetryOptions, attempts: number): number {
  const { delayMs = 0, backoff = 'fixed', maxDelayMs = Number.POSITIVE_INFINITY, jitter = 0 } = retry;
  if (delayMs === 0) return 0;
  const factor = backoff === 'fixed' ? 1 : backoff === 'linear' ? attempts : 2 ** (attempts - 1);
  return Math.min(delayMs * factor, maxDelayMs) * (1 - jitter * Math.random());
}
