import { checkArray, checkFinite, optionNames, readOptions } from '../../base/check.js';
import { describe } from '../../errors.js';

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
  const reserved = checkArray(value, 'reserved', ACTION).map((entry: unknown, index): ReservedWorkers => {
    const name = `reserved[${index}]`;
    if (typeof entry !== 'object' || entry === null)
      throw new TypeError(`Cannot ${ACTION}: ${name} must be an object, received ${describe(entry)}`);
    const { atLeast, workers } = readOptions(entry, RESERVED, `${ACTION} with ${name}`);
    const threshold = checkFinite(atLeast, `${name}.atLeast`, ACTION);
    if (typeof workers !== 'number')
      throw new TypeError(`Cannot ${ACTION}: ${name}.workers must be a whole number, received ${describe(workers)}`);
    if (!Number.isSafeInteger(workers) || workers < 1)
      throw new RangeError(`Cannot ${ACTION}: ${name}.workers must be a whole number from 1, received ${workers}`);
    return { atLeast: threshold, workers };
  });
  checkLeavesWorkers(reserved, maxWorkers, ACTION);
  return reserved;
}

/** @throws {RangeError} if all workers would be reserved. */
export function checkLeavesWorkers(reserved: readonly ReservedWorkers[], maxWorkers: number, action: string): void {
  const total = sum(reserved);
  if (total > 0 && total >= maxWorkers)
    throw new RangeError(
      `Cannot ${action}: reserved must leave at least one of maxWorkers for other jobs, received ${total} reserved of ${maxWorkers}`,
    );
}
