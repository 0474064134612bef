import { isPassenger } from '../base/passenger.js';
import { describe } from '../errors.js';
import { isAbortSignal } from '../sync/abort-link.js';
import { CancellationToken } from '../sync/cancellation-token.js';
import { type ContextStores, checkContext } from '../sync/context-stores.js';
import type { Transferable } from '../sync/crossing.js';
import { checkDate, checkMs } from '../sync/timer.js';
import type { JobState } from './job-state.js';
import { checkOptionNames } from './option-names.js';
import { checkRetryOptions, type RetryOptions } from './retry-policy.js';

/** A job that another one waits for: a `Job`. */
export interface Prerequisite {
  readonly id: number;
  readonly name: string;
  readonly state: JobState;
  readonly error: unknown;
  cancel(reason?: unknown): boolean;
}

export interface JobOptions {
  /** Any finite number; a higher one runs first, equals in the order of submission. Default: `JobPriority.NORMAL` (2). */
  readonly priority?: number | undefined;
  /** Goes ahead of its equals. Default: false. */
  readonly front?: boolean | undefined;
  /** Cancels the job when it is cancelled. Several jobs may share one; the job never cancels it. */
  readonly token?: CancellationToken | undefined;
  /** Cancels the job when it aborts. With `token` too, either cancels. */
  readonly signal?: AbortSignal | undefined;
  /** How many ms its code may run; then it is asked to stop, and settles FAILED with a `JobTimeoutError`. Default: none. */
  readonly timeoutMs?: number | undefined;
  /**
   * By when it must have ended, queueing included: a `Date` or ms since 1970. Past that it settles FAILED with a
   * `JobTimeoutError`, as by `timeoutMs` where it runs. Default: none.
   */
  readonly deadline?: Date | number | undefined;
  /** Not before so many ms from its submission. It is PENDING until then, and counted. Default: 0. */
  readonly delayMs?: number | undefined;
  /** Not before this point in time: a `Date` or ms since 1970. Default: none. */
  readonly startAt?: Date | number | undefined;
  /**
   * Jobs that must have COMPLETED first. Where one does not, it settles FAILED with a `DependencyError`. Default: none.
   */
  readonly dependsOn?: readonly Prerequisite[] | undefined;
  /**
   * Joins the unsettled job of the same key, which `submit` then returns: its other options are ignored, except that a higher
   * priority raises that job's. Any value but `undefined`, compared as by a Map. Default: none.
   */
  readonly key?: unknown;
  /** How it is tried again when it fails. Not together with `transfer`. Default: it is not. */
  readonly retry?: RetryOptions | undefined;
  /** How many ms a running job that was asked to stop may go on before its thread is replaced. Default: the pool's. */
  readonly graceMs?: number | undefined;
  /**
   * Objects in the arguments that are moved, not copied, once, when the job is dispatched: such a job goes only to a free
   * worker and is never taken back. Default: none.
   */
  readonly transfer?: readonly Transferable[] | undefined;
  /**
   * `AsyncLocalStorage`s whose values, as they are when the job is submitted, its code sees as `currentJob().context`, under the
   * same names. They are cloned as arguments are. Default: none.
   */
  readonly context?: ContextStores | undefined;
  /** Shown in errors, events and metrics. Default: the task's name. */
  readonly name?: string | undefined;
}

const KNOWN = new Set([
  ...['priority', 'front', 'token', 'signal', 'timeoutMs', 'deadline', 'delayMs', 'startAt'],
  ...['dependsOn', 'key', 'retry', 'graceMs', 'transfer', 'context', 'name'],
]);

/**
 * Checks what a caller passed as job options.
 *
 * @throws {TypeError} or {RangeError} that names the option, the rule and the value received.
 */
export function checkJobOptions(options: unknown, action: string): asserts options is JobOptions {
  checkOptionNames(options, KNOWN, action);
  const given = options as Record<keyof JobOptions, unknown>;
  if (given.priority !== undefined) checkPriority(given.priority, action);
  if (given.front !== undefined && typeof given.front !== 'boolean')
    throw new TypeError(`Cannot ${action}: front must be a boolean, received ${describe(given.front)}`);
  if (given.token !== undefined && !(given.token instanceof CancellationToken))
    throw new TypeError(`Cannot ${action}: token must be a CancellationToken, received ${describe(given.token)}`);
  if (given.signal !== undefined && !isAbortSignal(given.signal))
    throw new TypeError(`Cannot ${action}: signal must be an AbortSignal, received ${describe(given.signal)}`);
  if (given.timeoutMs !== undefined) checkMs(given.timeoutMs, 'timeoutMs', action);
  if (given.deadline !== undefined) checkDate(given.deadline, 'deadline', action);
  if (given.graceMs !== undefined) checkMs(given.graceMs, 'graceMs', action);
  if (given.delayMs !== undefined) checkMs(given.delayMs, 'delayMs', action);
  if (given.startAt !== undefined) checkDate(given.startAt, 'startAt', action);
  if (given.dependsOn !== undefined) checkDependsOn(given.dependsOn, action);
  if (given.retry !== undefined) checkRetryOptions(given.retry, action);
  if (given.retry !== undefined && given.transfer !== undefined)
    throw new TypeError(
      `Cannot ${action}: retry and transfer exclude each other, as what is moved is gone after one attempt`,
    );
  if (given.transfer !== undefined && !Array.isArray(given.transfer))
    throw new TypeError(`Cannot ${action}: transfer must be an array, received ${describe(given.transfer)}`);
  if (given.context !== undefined) checkContext(given.context, action);
  if (given.name !== undefined && (typeof given.name !== 'string' || given.name === ''))
    throw new TypeError(`Cannot ${action}: name must be a string that is not empty, received ${describe(given.name)}`);
}

function checkDependsOn(value: unknown, action: string): void {
  if (!Array.isArray(value))
    throw new TypeError(`Cannot ${action}: dependsOn must be an array of Jobs, received ${describe(value)}`);
  for (const other of value)
    if (!isPassenger(other))
      throw new TypeError(`Cannot ${action}: dependsOn must be an array of Jobs, but holds ${describe(other)}`);
}

export function checkPriority(priority: unknown, action: string, name = 'priority'): asserts priority is number {
  if (typeof priority !== 'number')
    throw new TypeError(`Cannot ${action}: ${name} must be a finite number, received ${describe(priority)}`);
  if (!Number.isFinite(priority))
    throw new RangeError(`Cannot ${action}: ${name} must be a finite number, received ${priority}`);
}
