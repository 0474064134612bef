import { Bare, bare } from '../base/bare.js';
import {
  checkArray,
  checkBoolean,
  checkDate,
  checkFinite,
  checkMs,
  checkSignal,
  checkText,
  type Given,
  optionNames,
  readInto,
} from '../base/check.js';
import { type ContextStores, checkContext, readContext, storesOf } from '../base/context-stores.js';
import { isInFlightJob } from '../base/in-flight-job.js';
import { describe } from '../errors.js';
import { CancellationToken } from '../sync/cancellation-token.js';
import type { Transferable } from '../sync/sharing/crossing.js';
import type { JobState } from './job-state.js';
import { type RetryOptions, readRetryOptions } from './retry-policy.js';

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

/** The names of all job options: lists of other options are made of them. */
export const JOB_OPTION_NAMES = {
  priority: true,
  front: true,
  token: true,
  signal: true,
  timeoutMs: true,
  deadline: true,
  delayMs: true,
  startAt: true,
  dependsOn: true,
  key: true,
  retry: true,
  graceMs: true,
  transfer: true,
  context: true,
  name: true,
} as const satisfies Readonly<Record<keyof JobOptions, true>>;

const JOB_OPTIONS = optionNames<JobOptions>(JOB_OPTION_NAMES);

/** Under it the class below has the type of what it holds: only the compiler looks at it. */
declare const CHECKED: unique symbol;

/**
 * Job options that were read and checked. They inherit nothing, points in time are ms since 1970, and lists are copies: a job
 * may be made of them without another look at what the caller gave.
 */
export type CheckedJobOptions = JobOptions & { readonly [CHECKED]: true };

class Checked extends Bare {}

/** Whether they come from here. */
export function areChecked(options: JobOptions): options is CheckedJobOptions {
  return options instanceof Checked;
}

/** Checked options with others, which are known to be right, in the place of their own. */
export function withOptions(options: CheckedJobOptions, others: JobOptions): CheckedJobOptions {
  return Object.assign(new Checked(), options, others) as unknown as CheckedJobOptions;
}

/**
 * Reads and checks what a caller passed as job options.
 *
 * @throws {TypeError} or {RangeError} that names the option, the rule and the value received.
 */
export function readJobOptions(options: unknown, action: string): CheckedJobOptions {
  const read = new Checked();
  if (options !== undefined) readInto(read, options, { names: JOB_OPTIONS.names, path: '', action });
  return check(read, action);
}

/**
 * The same of options that were read together with others. @param given of which those of a job are taken.
 *
 * @throws {TypeError} or {RangeError}
 */
export function checkJobOptions(given: Given<JobOptions>, action: string): CheckedJobOptions {
  const read = new Checked();
  for (const name of JOB_OPTIONS.names) if (name in given) Reflect.set(read, name, given[name as keyof JobOptions]);
  return check(read, action);
}

/** Checks in place. */
function check(read: object, action: string): CheckedJobOptions {
  const given = read as { -readonly [K in keyof JobOptions]: unknown };
  if (given.priority !== undefined) checkFinite(given.priority, 'priority', action);
  if (given.front !== undefined) checkBoolean(given.front, 'front', action);
  if (given.token !== undefined && !(given.token instanceof CancellationToken))
    throw new TypeError(`Cannot ${action}: token must be a CancellationToken, received ${describe(given.token)}`);
  if (given.signal !== undefined) checkSignal(given.signal, 'signal', action);
  if (given.timeoutMs !== undefined) checkMs(given.timeoutMs, 'timeoutMs', action);
  if (given.deadline !== undefined) given.deadline = checkDate(given.deadline, 'deadline', action);
  if (given.graceMs !== undefined) checkMs(given.graceMs, 'graceMs', action);
  if (given.delayMs !== undefined) checkMs(given.delayMs, 'delayMs', action);
  if (given.startAt !== undefined) given.startAt = checkDate(given.startAt, 'startAt', action);
  if (given.dependsOn !== undefined) given.dependsOn = checkDependsOn(given.dependsOn, action);
  if (given.retry !== undefined) given.retry = readRetryOptions(given.retry, action);
  if (given.retry !== undefined && given.transfer !== undefined)
    throw new TypeError(
      `Cannot ${action}: retry and transfer exclude each other, as what is moved is gone after one attempt`,
    );
  if (given.transfer !== undefined) given.transfer = checkArray(given.transfer, 'transfer', action);
  if (given.context !== undefined) given.context = checkContext(given.context, action);
  if (given.name !== undefined) checkText(given.name, 'name', action);
  return given as CheckedJobOptions;
}

function checkDependsOn(value: unknown, action: string): readonly unknown[] {
  if (!Array.isArray(value))
    throw new TypeError(`Cannot ${action}: dependsOn must be an array of Jobs, received ${describe(value)}`);
  const jobs: readonly unknown[] = [...value];
  for (const other of jobs)
    if (!isInFlightJob(other))
      throw new TypeError(`Cannot ${action}: dependsOn must be an array of Jobs, but holds ${describe(other)}`);
  return jobs;
}

/** The options with what is current now of the stores of `context`: for jobs that are submitted in another context. */
export function withContextOfNow(options: CheckedJobOptions): CheckedJobOptions {
  const { context } = options;
  return context === undefined ? options : withOptions(options, bare({ context: storesOf(readContext(context)) }));
}
