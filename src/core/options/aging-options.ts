import { checkMs, optionNames, readOptions } from '../../base/check.js';
import { describe } from '../../errors.js';
import { JobPriority } from '../../jobs/job-priority.js';

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
  const starvationMs = checkMs(given.starvationMs ?? everyMs * Math.ceil(climb / step), 'aging.starvationMs', action);
  if (starvationMs === 0)
    throw new RangeError(`Cannot ${action}: aging.starvationMs must be more than 0 milliseconds, received 0`);
  return { everyMs, step, starvationMs };
}

function checkPositive(value: unknown, name: string, action: string): number {
  const rule = `Cannot ${action}: ${name} must be a finite number above 0, received`;
  if (typeof value !== 'number') throw new TypeError(`${rule} ${describe(value)}`);
  if (!(value > 0 && value < Number.POSITIVE_INFINITY)) throw new RangeError(`${rule} ${value}`);
  return value;
}
