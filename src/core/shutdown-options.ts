import { describe } from '../errors.js';
import { checkMs } from '../sync/timer.js';

/** From the mildest to the strictest. */
export const SHUTDOWN_MODES = ['drain', 'finishRunning', 'abort'] as const;

export type ShutdownMode = (typeof SHUTDOWN_MODES)[number];

export interface ShutdownOptions {
  /** What becomes of the jobs: see `ThreadPool.shutdown`. Default: `'drain'`. */
  readonly mode?: ShutdownMode | undefined;
  /** Past so many ms the rest is aborted. Default: never. */
  readonly timeoutMs?: number | undefined;
}

/** @throws {TypeError} or {RangeError} that names the option, the rule and the value received. */
export function checkShutdownOptions({ mode, timeoutMs }: ShutdownOptions, action: string): void {
  if (mode !== undefined && !SHUTDOWN_MODES.includes(mode))
    throw new TypeError(
      `Cannot ${action}: mode must be one of ${SHUTDOWN_MODES.join(', ')}, received ${describe(mode)}`,
    );
  if (timeoutMs !== undefined) checkMs(timeoutMs, 'timeoutMs', action);
}
