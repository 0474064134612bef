import { bare } from '../base/bare.js';
import { checkMs } from '../base/check/values.js';
import { ensureExtras, isSettled, type JobHandle, kindOf } from './job-access.js';
import { readJobOptions, withOptions } from './job-options.js';

/**
 * Sets how long the job's code may run, counted from its begin. Returns `false` if it has ended.
 *
 * @throws {TypeError | RangeError} if `ms` is not a number of milliseconds, 0 or more.
 */
export function limitTime(job: JobHandle, ms: unknown): boolean {
  const timeoutMs = checkMs(ms, 'ms', `set the time limit of job '${job.name}'`);
  if (isSettled(job)) return false;
  const { pool } = kindOf(job);
  if (pool !== undefined) return pool.limitTime(job, timeoutMs) === 'changed';
  setTimeoutMs(job, timeoutMs);
  return true;
}

/** Replaces the option `timeoutMs`. */
export function setTimeoutMs(job: JobHandle, timeoutMs: number): void {
  const extras = ensureExtras(job);
  const options = extras.options ?? readJobOptions(undefined, '');
  extras.options = withOptions(options, bare({ timeoutMs }));
}
