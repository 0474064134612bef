import { optionNames, readOptions } from '../../base/check/options.js';
import { checkPositive, checkPositiveMs } from '../../base/check/values.js';
import { JobPriority } from '../../jobs/job-priority.js';

/** How the priority of waiting jobs rises. */
export interface AgingOptions {
  /** Time in milliseconds in which the effective priority of a waiting job rises by `step`. */
  readonly everyMs: number;
  /** How much it rises in that time: 1 is the distance between two named priorities. */
  readonly step: number;
  /**
   * How long a job waits until the event `starvation` is emitted, in milliseconds. Default: the time to rise from
   * `LOWEST` to `HIGHEST`, `everyMs * Math.ceil(4 / step)`.
   */
  readonly starvationMs?: number | undefined;
}

/** The options with their defaults, checked. */
export type AgingSettings = Required<{ readonly [K in keyof AgingOptions]: NonNullable<AgingOptions[K]> }>;

const AGING_OPTIONS = optionNames<AgingOptions>({ everyMs: true, step: true, starvationMs: true }, 'aging.');

/** Fewest ticks in which a job rises by 1: the reciprocal is the most by which it may rise too early. */
export const TICKS_PER_PRIORITY = 8;

/** @throws {TypeError | RangeError} that names the option, the rule and the value received. */
export function resolveAging(value: unknown, action: string): AgingSettings {
  const given = readOptions(value, AGING_OPTIONS, action);
  const everyMs = checkPositive(given.everyMs, 'aging.everyMs', action);
  const step = checkPositive(given.step, 'aging.step', action);
  const climb = JobPriority.HIGHEST - JobPriority.LOWEST;
  const starvationMs = checkPositiveMs(
    given.starvationMs ?? everyMs * Math.ceil(climb / step),
    'aging.starvationMs',
    action,
  );
  return { everyMs, step, starvationMs };
}
