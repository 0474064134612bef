import { optionNames, readOptions } from '../base/check/options.js';
import { checkMs } from '../base/check/values.js';

/** How long to wait for jobs. */
export interface JobWaitOptions {
  /** Longest wait in milliseconds. Default: `Infinity`. */
  readonly timeoutMs?: number | undefined;
}

const WAIT_OPTIONS = optionNames<JobWaitOptions>({ timeoutMs: true });

/** Reads `timeoutMs`. @throws {TypeError | RangeError} that names the option, the rule and the value received. */
export function readTimeout(options: unknown, action: string): number {
  const { timeoutMs = Number.POSITIVE_INFINITY } = readOptions(options, WAIT_OPTIONS, action);
  return checkMs(timeoutMs, 'timeoutMs', action);
}
