import { types } from 'node:util';
import { mustBe, mustBeWithin, wrongValue } from './argument-errors.js';

// Checks of values. Each returns the value, and throws a TypeError for a wrong type, a RangeError for a wrong value.

// Captured, as a program may replace or fake them after the library was loaded.
const { apply } = Reflect;
const { getTime } = Date.prototype;
const { isArray } = Array;

/** Checks a number of milliseconds: 0 or more, `Infinity` allowed. */
export function checkMs(value: unknown, name: string, action: string): number {
  if (typeof value !== 'number') throw mustBe('a number of milliseconds', value, name, action);
  if (!(value >= 0)) throw mustBeWithin('0 or more milliseconds', value, name, action);
  return value;
}

/** Checks a number of milliseconds: more than 0, `Infinity` allowed. */
export function checkPositiveMs(value: unknown, name: string, action: string): number {
  const ms = checkMs(value, name, action);
  if (ms === 0) throw mustBeWithin('more than 0 milliseconds', ms, name, action);
  return ms;
}

/** Earliest time of a `Date`, in ms since 1970. */
const FIRST_TIME_MS = -8.64e15;

/** Checks a point in time: a `Date` or ms since 1970, `Infinity` allowed. Returns it in ms since 1970. */
export function checkDate(value: unknown, name: string, action: string): number {
  const timeMs: unknown = types.isDate(value) ? apply(getTime, value, []) : value;
  if (typeof timeMs !== 'number') throw mustBe('a Date or ms since 1970', value, name, action);
  if (!(timeMs >= FIRST_TIME_MS)) throw wrongValue(action, `${name} must be a valid time`, `${value}`);
  return timeMs;
}

interface Limits {
  readonly from: number;
  readonly to: number;
}

/** Checks a whole number within limits. */
export function checkInteger(value: unknown, name: string, { from, to }: Limits, action: string): number {
  if (typeof value !== 'number') throw mustBe('an integer', value, name, action);
  if (!Number.isSafeInteger(value)) throw mustBeWithin('an integer', value, name, action);
  if (value < from || value > to) throw mustBeWithin(`from ${from} to ${to}`, value, name, action);
  return value;
}

interface CountRule {
  readonly name: string;
  readonly from: number;
  /** Default: there is no upper limit. */
  readonly to?: number;
  readonly action: string;
}

/** Checks a whole number within limits, with a single message for every wrong number. */
export function checkCount(value: unknown, { name, from, to = Number.POSITIVE_INFINITY, action }: CountRule): number {
  if (typeof value !== 'number') throw mustBe('a whole number', value, name, action);
  if (Number.isInteger(value) && value >= from && value <= to) return value;
  const limits = to === Number.POSITIVE_INFINITY ? `, ${from} or more` : ` from ${from} to ${to}`;
  throw mustBeWithin(`a whole number${limits}`, value, name, action);
}

export function checkNumber(value: unknown, name: string, action: string): number {
  if (typeof value === 'number') return value;
  throw mustBe('a number', value, name, action);
}

/** Checks a finite number. */
export function checkFinite(value: unknown, name: string, action: string): number {
  if (typeof value !== 'number') throw mustBe('a finite number', value, name, action);
  if (!Number.isFinite(value)) throw mustBeWithin('a finite number', value, name, action);
  return value;
}

/** Checks a finite number above 0. */
export function checkPositive(value: unknown, name: string, action: string): number {
  const kind = 'a finite number above 0';
  if (typeof value !== 'number') throw mustBe(kind, value, name, action);
  if (!(value > 0 && value < Number.POSITIVE_INFINITY)) throw mustBeWithin(kind, value, name, action);
  return value;
}

/** Checks a number within limits. */
export function checkWithin(value: unknown, name: string, { from, to }: Limits, action: string): number {
  const kind = `a number from ${from} to ${to}`;
  if (typeof value !== 'number') throw mustBe(kind, value, name, action);
  if (!(value >= from && value <= to)) throw mustBeWithin(kind, value, name, action);
  return value;
}

export function checkBoolean(value: unknown, name: string, action: string): boolean {
  if (typeof value === 'boolean') return value;
  throw mustBe('a boolean', value, name, action);
}

export function checkString(value: unknown, name: string, action: string): string {
  if (typeof value === 'string') return value;
  throw mustBe('a string', value, name, action);
}

/** Checks a non-empty string. */
export function checkText(value: unknown, name: string, action: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw mustBe('a string that is not empty', value, name, action);
}

export function checkFunction<F extends (...args: never[]) => unknown>(
  value: unknown,
  name: string,
  action: string,
): asserts value is F {
  if (typeof value !== 'function') throw mustBe('a function', value, name, action);
}

/** Checks for an object that is not an array. */
export function checkObject(value: unknown, name: string, action: string): object {
  if (typeof value === 'object' && value !== null && !isArray(value)) return value;
  throw mustBe('an object', value, name, action);
}

/** A class whose constructor may be private. */
interface ClassOf<T> {
  readonly name: string;
  readonly prototype: T;
  [Symbol.hasInstance](value: unknown): boolean;
}

export function checkInstance<T>(value: unknown, type: ClassOf<T>, name: string, action: string): T {
  if (value instanceof type) return value as T;
  throw mustBe(`a ${type.name}`, value, name, action);
}

export function checkArray(value: unknown, name: string, action: string): readonly unknown[] {
  if (isArray(value)) return value;
  throw mustBe('an array', value, name, action);
}

/** Checks an array. Returns a copy. */
export function copyArray(value: unknown, name: string, action: string): readonly unknown[] {
  return [...checkArray(value, name, action)];
}

/** Checks an array of ascending numbers, as edges between buckets are. Returns a copy. */
export function checkEdges(value: unknown, name: string, action: string): readonly number[] {
  const edges = copyArray(value, name, action);
  let last = Number.NEGATIVE_INFINITY;
  for (const edge of edges) {
    const number = checkNumber(edge, `an element of ${name}`, action);
    if (!(number > last)) throw wrongValue(action, `${name} must be ascending`, `${number} after ${last}`);
    last = number;
  }
  return edges as readonly number[];
}

/** Checks an array of strings. Returns a copy. */
export function copyStrings(value: unknown, name: string, action: string): readonly string[] {
  if (isArray(value) && value.every((item) => typeof item === 'string')) return [...value];
  throw mustBe('an array of strings', value, name, action);
}

/** Checks an iterable object; a string is none. */
export function checkIterable(value: unknown, name: string, action: string): Iterable<unknown> {
  if (typeof value === 'object' && value !== null && Symbol.iterator in value) return value as Iterable<unknown>;
  throw mustBe('iterable', value, name, action);
}

/** Checks that a value is one of a few strings. */
export function checkOneOf<T extends string>(value: unknown, choices: readonly T[], name: string, action: string): T {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  throw mustBe(`one of ${choices.join(', ')}`, value, name, action);
}

export function checkSignal(value: unknown, name: string, action: string): AbortSignal {
  if (isAbortSignal(value)) return value;
  throw mustBe('an AbortSignal', value, name, action);
}

/** Checks by shape, as test runners and polyfills have `AbortSignal`s of their own. */
export function isAbortSignal(value: unknown): value is AbortSignal {
  return (
    typeof value === 'object' &&
    value !== null &&
    'aborted' in value &&
    'addEventListener' in value &&
    typeof value.addEventListener === 'function'
  );
}
