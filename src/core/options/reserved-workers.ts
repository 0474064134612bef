import { wrongValue } from '../../base/check/argument-errors.js';
import { optionNames, readOptions } from '../../base/check/options.js';
import { checkCount, checkFinite, checkObject, copyArray } from '../../base/check/values.js';

/** Workers that are kept free for urgent jobs. */
export interface ReservedWorkers {
  /** Lowest priority of the jobs that the workers are kept for. */
  readonly atLeast: number;
  /** How many workers are kept. */
  readonly workers: number;
}

const ACTION = 'create pool';
const RESERVED = optionNames<ReservedWorkers>({ atLeast: true, workers: true });

/** The thresholds, in rising order. */
export function tiersOf(reserved: readonly ReservedWorkers[]): readonly number[] {
  return [...new Set(reserved.map(({ atLeast }) => atLeast))].sort((a, b) => a - b);
}

/** How many workers are reserved in all. */
export function sum(reserved: readonly ReservedWorkers[]): number {
  return reserved.reduce((total, { workers }) => total + workers, 0);
}

/** @throws {TypeError | RangeError} that names the option, the rule and the value received. */
export function checkReserved(value: unknown, maxWorkers: number): readonly ReservedWorkers[] {
  if (value === undefined) return [];
  const reserved = copyArray(value, 'reserved', ACTION).map((entry: unknown, index): ReservedWorkers => {
    const name = `reserved[${index}]`;
    const { atLeast, workers } = readOptions(checkObject(entry, name, ACTION), RESERVED, `${ACTION} with ${name}`);
    const threshold = checkFinite(atLeast, `${name}.atLeast`, ACTION);
    return { atLeast: threshold, workers: checkCount(workers, { name: `${name}.workers`, from: 1, action: ACTION }) };
  });
  checkLeavesWorkers(reserved, maxWorkers, ACTION);
  return reserved;
}

/** @throws {RangeError} if all workers would be reserved. */
export function checkLeavesWorkers(reserved: readonly ReservedWorkers[], maxWorkers: number, action: string): void {
  const total = sum(reserved);
  if (total > 0 && total >= maxWorkers)
    throw wrongValue(
      action,
      'reserved must leave at least one of maxWorkers for other jobs',
      `${total} reserved of ${maxWorkers}`,
    );
}
