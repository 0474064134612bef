import { bindContext } from '../base/async-context.js';
import { optionNames, readOptions } from '../base/check/options.js';
import { checkBoolean, checkCount, checkFunction, checkMs, checkOneOf, checkWithin } from '../base/check/values.js';
import { msUntil } from '../base/timer.js';
import { warnOf } from '../base/warn.js';

/** How a failed job is retried. */
export interface RetryOptions {
  /** Maximum number of attempts, including the first: a whole number of 1 or more, or `Infinity`. */
  readonly maxAttempts: number;
  /** Delay before the second attempt, in milliseconds. No worker is occupied meanwhile. Default: 0. */
  readonly delayMs?: number | undefined;
  /** How the delay grows with each attempt: not at all, by `delayMs`, or doubling. Default: `'fixed'`. */
  readonly backoff?: 'fixed' | 'linear' | 'exponential' | undefined;
  /** Longest delay, in milliseconds. Default: `Infinity`. */
  readonly maxDelayMs?: number | undefined;
  /** Random part of each delay, from 0 to 1: the delay is shortened by up to this fraction. Default: 0. */
  readonly jitter?: number | undefined;
  /**
   * Decides whether to retry after an error. Called on the main thread. If it throws, the job is not retried and the
   * error becomes a process warning. Default: every error is retried.
   */
  readonly retryIf?: ((error: unknown) => boolean) | undefined;
  /** Whether to retry if the thread died, although the code may already have done its work. Default: false. */
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

/**
 * Reads and checks the options. `retryIf` will be called in the present async context.
 *
 * @throws {TypeError | RangeError} that names the option, the rule and the value received.
 */
export function readRetryOptions(value: unknown, action: string): RetryOptions {
  const given = readOptions(value, RETRY_OPTIONS, action);
  const { maxAttempts, backoff, jitter, retryIf, onWorkerExit } = given;
  if (maxAttempts !== Number.POSITIVE_INFINITY) checkCount(maxAttempts, { name: 'retry.maxAttempts', from: 1, action });
  if (given.delayMs !== undefined) checkMs(given.delayMs, 'retry.delayMs', action);
  if (given.maxDelayMs !== undefined) checkMs(given.maxDelayMs, 'retry.maxDelayMs', action);
  if (backoff !== undefined) checkOneOf(backoff, BACKOFFS, 'retry.backoff', action);
  if (jitter !== undefined) checkWithin(jitter, 'retry.jitter', { from: 0, to: 1 }, action);
  if (retryIf !== undefined) {
    checkFunction<NonNullable<RetryOptions['retryIf']>>(retryIf, 'retry.retryIf', action);
    Reflect.set(given, 'retryIf', bindContext(retryIf));
  }
  if (onWorkerExit !== undefined) checkBoolean(onWorkerExit, 'retry.onWorkerExit', action);
  return given as RetryOptions;
}

/** How a job's attempt has failed. */
export interface AttemptFailure {
  /** How many attempts there have been. */
  readonly attempts: number;
  readonly error: unknown;
  readonly isThreadLost: boolean;
}

/** Returns the delay, in ms, before the attempt that follows a failed one; `undefined` if none does. Calls `retryIf`. */
export function msToNextAttempt(
  { retry, deadline }: { readonly retry?: RetryOptions | undefined; readonly deadline?: Date | number | undefined },
  { attempts, error, isThreadLost }: AttemptFailure,
): number | undefined {
  if (retry === undefined || attempts >= retry.maxAttempts || (isThreadLost && !retry.onWorkerExit)) return undefined;
  const delayMs = retryDelayMs(retry, attempts);
  if (deadline !== undefined && delayMs >= msUntil(deadline)) return undefined;
  try {
    if (retry.retryIf !== undefined && !retry.retryIf(error)) return undefined;
  } catch (fault) {
    warnOf(fault, 'retryIf');
    return undefined;
  }
  return delayMs;
}

/** Returns the delay, in ms, after `attempts` failed attempts. */
export function retryDelayMs(retry: RetryOptions, attempts: number): number {
  const { delayMs = 0, backoff = 'fixed', maxDelayMs = Number.POSITIVE_INFINITY, jitter = 0 } = retry;
  if (delayMs === 0) return 0;
  const factor = backoff === 'fixed' ? 1 : backoff === 'linear' ? attempts : 2 ** (attempts - 1);
  return Math.min(delayMs * factor, maxDelayMs) * (1 - jitter * Math.random());
}
