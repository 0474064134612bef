import { type Given, optionNames, readOptions } from '../../base/check/options.js';
import { checkMs, checkOneOf } from '../../base/check/values.js';

/** The modes, from the mildest to the strictest. */
export const SHUTDOWN_MODES = ['drain', 'finishRunning', 'abort'] as const;

/**
 * What a shutdown does with unsettled jobs: see `ThreadPool.shutdown`.
 *
 * @useDeclaredType
 */
export type ShutdownMode = (typeof SHUTDOWN_MODES)[number];

/** How a pool ends. */
export interface ShutdownOptions {
  /** What happens to unsettled jobs: see `ThreadPool.shutdown`. Default: `'drain'`. */
  readonly mode?: ShutdownMode | undefined;
  /** Time in milliseconds after which all remaining jobs are aborted. Default: never. */
  readonly timeoutMs?: number | undefined;
}

const SHUTDOWN_OPTIONS = optionNames<ShutdownOptions>({ mode: true, timeoutMs: true });

/** The options with their defaults, checked. */
export interface ShutdownSettings {
  readonly mode: ShutdownMode;
  readonly timeoutMs: number;
}

/** @throws {TypeError | RangeError} that names the option, the rule and the value received. */
export function readShutdownOptions(options: unknown, action: string): ShutdownSettings {
  return checkShutdownOptions(readOptions(options, SHUTDOWN_OPTIONS, action), action);
}

/** @throws {TypeError | RangeError} that names the option, the rule and the value received. */
export function checkShutdownOptions(given: Given<ShutdownOptions>, action: string): ShutdownSettings {
  const { mode = 'drain', timeoutMs = Number.POSITIVE_INFINITY } = given;
  return {
    mode: checkOneOf(mode, SHUTDOWN_MODES, 'mode', action),
    timeoutMs: checkMs(timeoutMs, 'timeoutMs', action),
  };
}

/** How many jobs settled in each way. */
export interface SettledCounts {
  /** How many have completed. */
  readonly completed: number;
  /** How many have failed. */
  readonly failed: number;
  /** How many were cancelled. */
  readonly cancelled: number;
}
