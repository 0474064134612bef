import { mustBe } from '../../base/check/argument-errors.js';
import { optionNames, readOptions, refuseOptions } from '../../base/check/options.js';
import { checkPositiveMs } from '../../base/check/values.js';
import type { TraceOptions } from './trace.js';

const OPTIONS = optionNames<TraceOptions>({ lastMs: true });
const NONE = optionNames<object>({});
const ACTION = 'trace';

/** What `pool.trace` is asked for: what happens while a function runs, or what has happened. */
export type TraceCall = { readonly fn: () => unknown } | { readonly lastMs: number };

/**
 * Reads the arguments of `pool.trace`.
 *
 * @throws {TypeError | RangeError} that names the argument, the rule and the value received.
 */
export function readTraceCall(given: unknown, [options, ...rest]: readonly unknown[]): TraceCall {
  refuseOptions(rest, ACTION);
  if (typeof given === 'function') {
    readOptions(options, NONE, ACTION);
    return { fn: given as () => unknown };
  }
  refuseOptions([options], ACTION);
  if (given === undefined)
    throw mustBe('a function, or options such as { lastMs: 10_000 }', given, 'its argument', ACTION);
  const { lastMs = Number.POSITIVE_INFINITY } = readOptions<TraceOptions>(given, OPTIONS, ACTION);
  return { lastMs: checkPositiveMs(lastMs, 'lastMs', ACTION) };
}
