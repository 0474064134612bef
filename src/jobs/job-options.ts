import { Bare, bare } from '../base/bare.js';
import { mustBe, withAdvice, wrongType } from '../base/check/argument-errors.js';
import { type Given, optionNames, readInto } from '../base/check/options.js';
import { checkBoolean, checkInstance, checkOneOf, checkSignal, checkText, copyArray } from '../base/check/values.js';
import { type ContextStores, readContext, storesOf } from '../base/context-stores.js';
import { isInFlightJob } from '../base/in-flight-job.js';
import { describeReceived } from '../base/known-classes.js';
import { checkSharedOptions } from '../contract/child-options.js';
import { JOB_OPTION_NAMES } from '../contract/job-option-names.js';
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

/** How a job is run: when, where, how often and for how long. */
export interface JobOptions {
  /** Any finite number: higher runs first, equals in the order of submission. Default: `JobPriority.NORMAL` (2). */
  readonly priority?: number | undefined;
  /** Whether the job goes ahead of others with the same priority. Default: false. */
  readonly front?: boolean | undefined;
  /** Cancelling this token cancels the job. Several jobs may share one; the job never cancels it. Default: none. */
  readonly token?: CancellationToken | undefined;
  /** A signal that cancels the job when it aborts. Together with `token`, either one cancels the job. Default: none. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How long the job's code may run, in milliseconds. Past that it is asked to stop, and the job settles FAILED with a
   * `JobTimeoutError`. Default: no limit.
   */
  readonly timeoutMs?: number | undefined;
  /**
   * When the job must have ended, queueing included: a `Date`, or milliseconds since 1970. Past that the job settles
   * FAILED with a `JobTimeoutError`; if it is running then, it is first asked to stop, as with `timeoutMs`. Default:
   * none.
   */
  readonly deadline?: Date | number | undefined;
  /** Delay in milliseconds before the job may start. Until then it is PENDING and counted as such. Default: 0. */
  readonly delayMs?: number | undefined;
  /** Earliest start of the job: a `Date`, or milliseconds since 1970. Default: none. */
  readonly startAt?: Date | number | undefined;
  /**
   * Jobs that must complete first. If one fails or is cancelled, this job settles FAILED with a `DependencyError`.
   * Default: none.
   */
  readonly dependsOn?: readonly Prerequisite[] | undefined;
  /**
   * Joins the unsettled job with the same key, which `submit` then returns: the other options are ignored, except that
   * a higher priority raises that of the job. Any value but `undefined`, compared as by a `Map`. Default: none.
   */
  readonly key?: unknown;
  /**
   * Which jobs the `key` joins: `'pending'`, only one whose code has not begun, as running code may have read old data.
   * Default: `'unsettled'`.
   */
  readonly keyJoins?: 'unsettled' | 'pending' | undefined;
  /** How the job is retried when it fails. Excludes `transfer`. Default: no retries. */
  readonly retry?: RetryOptions | undefined;
  /**
   * How long a running job that was asked to stop may run on, in milliseconds, before its thread is replaced. Default:
   * the pool's `graceMs`.
   */
  readonly graceMs?: number | undefined;
  /**
   * Objects in the arguments that are moved, not copied, when the job is dispatched. Such a job goes only to a free
   * worker and is never taken back. Default: none.
   */
  readonly transfer?: readonly Transferable[] | undefined;
  /**
   * `AsyncLocalStorage`s by name. The job's code sees the values they have when the job is submitted as
   * `currentJob().context`, under the same names. The values are cloned like arguments. Default: none.
   */
  readonly context?: ContextStores | undefined;
  /**
   * Jobs of one key run on one worker for as long as it lives, and begin in order, even while others are idle. Default: none.
   */
  readonly affinity?: string | undefined;
  /** Whether the job's worker runs no other job meanwhile, whatever `concurrency` is. Default: false. */
  readonly exclusive?: boolean | undefined;
  /** Shown in errors, events and metrics. Default: the task's name. */
  readonly name?: string | undefined;
}

/** The compiler rejects a list with a missing or unknown name. */
const JOB_OPTIONS = optionNames<JobOptions & Pick<JobOptions, keyof typeof JOB_OPTION_NAMES>>(JOB_OPTION_NAMES);

const KEY_JOINS = ['unsettled', 'pending'] as const;

/** A property for the compiler only: marks options that were checked. */
declare const CHECKED: unique symbol;

/**
 * Job options that were read and checked: they inherit nothing, points in time are ms since 1970, and lists are copies,
 * so that later changes of the caller's object have no effect.
 */
export type CheckedJobOptions = JobOptions & { readonly [CHECKED]: true; readonly limits?: readonly StartLimit[] };

/** Bounds how many of its jobs are in the queue or run at once. */
export interface StartLimit {
  /**
   * Gives a job a turn, until it settles: now, or later, when `granted` is called. A job that has one keeps it.
   *
   * @returns a function that ends the wait; `undefined` if the job has its turn.
   */
  join(job: Prerequisite, granted: () => void): (() => void) | undefined;
  /** The priority of a job that may wait has changed. */
  reprioritised(job: Prerequisite): void;
}

class Checked extends Bare {}

/** Returns the checked options with some replaced by `others`, which must be valid. */
export function withOptions(options: CheckedJobOptions, others: JobOptions): CheckedJobOptions {
  return Object.assign(new Checked(), options, others) as unknown as CheckedJobOptions;
}

/** Returns the options with another token, besides their own, that cancels the job. */
export function withToken(options: CheckedJobOptions, token: CancellationToken): CheckedJobOptions {
  const both = options.token === undefined ? token : CancellationToken.any(token, options.token);
  return withOptions(options, { token: both });
}

/** Returns the options with limits that the job has to pass. */
export function withLimits(options: CheckedJobOptions, limits: readonly StartLimit[]): CheckedJobOptions {
  return limits.length === 0 ? options : withOptions(options, bare({ limits }) as JobOptions);
}

/**
 * Reads and checks what a caller passed as job options, unless that was done before.
 *
 * @throws {TypeError | RangeError} that names the option, the rule and the value received.
 */
export function readJobOptions(options: unknown, action: string): CheckedJobOptions {
  if (options instanceof Checked) return options as unknown as CheckedJobOptions;
  const read = new Checked();
  if (options !== undefined) readInto(read, options, { names: JOB_OPTIONS.names, path: '', action });
  return check(read, action);
}

/**
 * Like `readJobOptions`, for options that were read together with others.
 *
 * @param given may also contain other options, which are ignored.
 * @throws {TypeError | RangeError} that names the option, the rule and the value received.
 */
export function checkJobOptions(given: Given<JobOptions>, action: string): CheckedJobOptions {
  const read = new Checked();
  for (const name of JOB_OPTIONS.names) if (name in given) Reflect.set(read, name, given[name as keyof JobOptions]);
  return check(read, action);
}

/** Checks in place. */
function check(read: object, action: string): CheckedJobOptions {
  const given = read as { -readonly [K in keyof JobOptions]: unknown };
  checkSharedOptions(given, action);
  if (given.token !== undefined) checkInstance(given.token, CancellationToken, 'token', action);
  if (given.signal !== undefined) checkSignal(given.signal, 'signal', action);
  if (given.dependsOn !== undefined) given.dependsOn = checkDependsOn(given.dependsOn, action);
  if (given.keyJoins !== undefined) checkOneOf(given.keyJoins, KEY_JOINS, 'keyJoins', action);
  if (given.affinity !== undefined) checkText(given.affinity, 'affinity', action);
  if (given.exclusive !== undefined) checkBoolean(given.exclusive, 'exclusive', action);
  if (given.retry !== undefined) given.retry = readRetryOptions(given.retry, action);
  if (given.retry !== undefined && given.transfer !== undefined)
    throw wrongType(action, 'retry and transfer exclude each other, as what is moved is gone after one attempt');
  if (given.transfer !== undefined) given.transfer = copyArray(given.transfer, 'transfer', action);
  return given as CheckedJobOptions;
}

function checkDependsOn(value: unknown, action: string): readonly unknown[] {
  if (!Array.isArray(value)) throw mustBe('an array of Jobs', value, 'dependsOn', action);
  const jobs: readonly unknown[] = [...value];
  for (const other of jobs)
    if (!isInFlightJob(other)) {
      const received = withAdvice(describeReceived(other), other, { kind: 'a Job', name: 'dependsOn', action });
      throw wrongType(action, `dependsOn must be an array of Jobs, but contains ${received}`);
    }
  return jobs;
}

/**
 * Returns the options with the present values of their `context`, for jobs that are submitted later in another context.
 *
 * @param ofPool the pool's own context.
 */
export function withCurrentContext(options: CheckedJobOptions, ofPool: ContextStores | undefined): CheckedJobOptions {
  const { context } = options;
  if (context === undefined && ofPool === undefined) return options;
  return withOptions(options, bare({ context: storesOf(readContext({ ...ofPool, ...context })) }));
}
