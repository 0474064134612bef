import { describe } from '../errors.js';

interface CountRule {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly action: string;
}

/** Checks a count. @throws {TypeError} or {RangeError}. */
export function checkCount(value: unknown, { name, from, to, action }: CountRule): void {
  if (typeof value !== 'number')
    throw new TypeError(`Cannot ${action}: ${name} must be a number, received ${describe(value)}`);
  if (!Number.isInteger(value) || value < from || value > to)
    throw new RangeError(`Cannot ${action}: ${name} must be a whole number from ${from} to ${to}, received ${value}`);
}
