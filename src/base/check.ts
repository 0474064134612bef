import { types } from 'node:util';
import { describe } from '../errors.js';
import { Bare } from './bare.js';
import { nearest } from './nearest.js';

// Captured, as a program may replace or fake them after the library was loaded.
const { getOwnPropertyNames, getPrototypeOf, hasOwn } = Object;
const { propertyIsEnumerable: isEnumerable } = Object.prototype;
const { apply } = Reflect;
const { getTime } = Date.prototype;
const { isArray } = Array;

/** One kind of options: see {@link optionNames}. */
export interface OptionNames<O extends object> {
  readonly names: ReadonlySet<string>;
  /** Prefix of the names in an error, such as `retry.`. */
  readonly path: string;
  /** For the compiler only. */
  readonly options?: O;
}

/** Unchecked options: the own properties of the caller's object, each read once. */
export type Given<O extends object> = { readonly [K in keyof O]?: unknown };

/**
 * Returns the names of the options `O`.
 *
 * @param list one entry for each option: the compiler rejects a list with a missing or unknown name.
 */
export function optionNames<O extends object>(
  list: Readonly<Record<keyof O & string, true>>,
  path = '',
): OptionNames<O> {
  return { names: new Set(getOwnPropertyNames(list)), path };
}

const NONE: object = Object.freeze(new Bare());

/**
 * Reads an options object. Every function that takes options uses this.
 *
 * - Only own properties count: inherited ones are neither read nor refused.
 * - An unknown name is refused, unless the property is not enumerable. As in Node.js, an option itself may be a
 *   property that is not enumerable, and symbols are ignored.
 * - Each property is read once, and `undefined` means that the option is not given.
 *
 * @param options what the caller passed; `undefined` for no options.
 * @throws {TypeError} that names the option, or what was received instead of an object.
 */
export function readOptions<O extends object>(options: unknown, kind: OptionNames<O>, action: string): Given<O> {
  return options === undefined ? (NONE as Given<O>) : readInto(new Bare(), options, { ...kind, action });
}

/** What is read, and for which action. */
interface Reading {
  readonly names: ReadonlySet<string>;
  readonly path: string;
  readonly action: string;
}

/** Like {@link readOptions}, but reads into a given object. */
export function readInto<O extends object>(into: Bare, options: unknown, reading: Reading): Given<O> {
  if (!isOptions(options)) refuseOther(options, reading);
  const read = into as Record<string, unknown>;
  const given = getOwnPropertyNames(options);
  if (given.length === 0 && isInstance(options)) refuseOther(options, reading);
  for (const name of given) {
    if (reading.names.has(name)) {
      const value: unknown = (options as Record<string, unknown>)[name];
      if (value !== undefined) read[name] = value;
    } else if (apply(isEnumerable, options, [name])) refuseName(name, options, reading);
  }
  return read as Given<O>;
}

/** Whether a value may be an options object, rather than something passed by mistake: a list, an `AbortSignal`. */
function isOptions(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !isArray(value) && !isAbortSignal(value);
}

function refuseOther(options: unknown, { action, path }: Reading): never {
  const subject = path === '' ? 'options' : path.slice(0, -1);
  throw new TypeError(`Cannot ${action}: ${subject} must be an object, received ${describe(options)}`);
}

function refuseName(name: string, options: object, { action, path, names }: Reading): never {
  const similar = nearest(name, names);
  const hint = similar === undefined ? '' : ` (did you mean '${path}${similar}'?)`;
  // such as a token, passed instead of { token }
  const what = isPlain(options) ? '' : `, received ${describe(options)}`;
  throw new TypeError(
    `Cannot ${action}: there is no option '${path}${name}'${hint}; the options are ${[...names].join(', ')}${what}`,
  );
}

/**
 * Whether a value is an instance of a class. Without own properties it was not made to hold options: it is a token,
 * say.
 */
function isInstance(value: object): boolean {
  const prototype: object | null = getPrototypeOf(value);
  return !isPlain(value) && prototype !== null && hasOwn(prototype, 'constructor');
}

/** Whether a value is a plain object of any realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = getPrototypeOf(value);
  return prototype === null || getPrototypeOf(prototype) === null;
}

/**
 * Refuses options passed to a function that takes none.
 *
 * @param rest the arguments after the function's parameters.
 * @throws {TypeError} if one of them is not `undefined`.
 */
export function refuseOptions(rest: readonly unknown[], action: string): void {
  const surplus = rest.find((value) => value !== undefined);
  if (surplus !== undefined)
    throw new TypeError(`Cannot ${action}: it takes no options, received ${describe(surplus)}`);
}

// Checks of values. Each returns the value, and throws a TypeError for a wrong type, a RangeError for a wrong value.

/** Checks a number of milliseconds: 0 or more, `Infinity` allowed. */
export function checkMs(value: unknown, name: string, action: string): number {
  if (typeof value !== 'number')
    throw new TypeError(`Cannot ${action}: ${name} must be a number of milliseconds, received ${typeof value}`);
  if (!(value >= 0))
    throw new RangeError(`Cannot ${action}: ${name} must be 0 or more milliseconds, received ${value}`);
  return value;
}

/** Earliest time of a `Date`, in ms since 1970. */
const FIRST_TIME_MS = -8.64e15;

/** Checks a point in time: a `Date` or ms since 1970, `Infinity` allowed. Returns it in ms since 1970. */
export function checkDate(value: unknown, name: string, action: string): number {
  const timeMs: unknown = types.isDate(value) ? apply(getTime, value, []) : value;
  if (typeof timeMs !== 'number')
    throw new TypeError(`Cannot ${action}: ${name} must be a Date or ms since 1970, received ${typeof value}`);
  if (!(timeMs >= FIRST_TIME_MS))
    throw new RangeError(`Cannot ${action}: ${name} must be a valid time, received ${value}`);
  return timeMs;
}

interface Limits {
  readonly from: number;
  readonly to: number;
}

/** Checks a whole number within limits. */
export function checkInteger(value: unknown, name: string, { from, to }: Limits, action: string): number {
  if (typeof value !== 'number')
    throw new TypeError(`Cannot ${action}: ${name} must be an integer, received ${describe(value)}`);
  if (!Number.isSafeInteger(value))
    throw new RangeError(`Cannot ${action}: ${name} must be an integer, received ${value}`);
  if (value < from || value > to)
    throw new RangeError(`Cannot ${action}: ${name} must be from ${from} to ${to}, received ${value}`);
  return value;
}

interface CountRule extends Limits {
  readonly name: string;
  readonly action: string;
}

/** Checks a whole number within limits, with a single message for every wrong number. */
export function checkCount(value: unknown, { name, from, to, action }: CountRule): void {
  if (typeof value !== 'number')
    throw new TypeError(`Cannot ${action}: ${name} must be a number, received ${describe(value)}`);
  if (!Number.isInteger(value) || value < from || value > to)
    throw new RangeError(`Cannot ${action}: ${name} must be a whole number from ${from} to ${to}, received ${value}`);
}

/** Checks a finite number. */
export function checkFinite(value: unknown, name: string, action: string): number {
  if (typeof value !== 'number')
    throw new TypeError(`Cannot ${action}: ${name} must be a finite number, received ${describe(value)}`);
  if (!Number.isFinite(value))
    throw new RangeError(`Cannot ${action}: ${name} must be a finite number, received ${value}`);
  return value;
}

export function checkBoolean(value: unknown, name: string, action: string): boolean {
  if (typeof value === 'boolean') return value;
  throw new TypeError(`Cannot ${action}: ${name} must be a boolean, received ${describe(value)}`);
}

/** Checks a non-empty string. */
export function checkText(value: unknown, name: string, action: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new TypeError(`Cannot ${action}: ${name} must be a string that is not empty, received ${describe(value)}`);
}

export function checkFunction<F extends (...args: never[]) => unknown>(
  value: unknown,
  name: string,
  action: string,
): asserts value is F {
  if (typeof value !== 'function')
    throw new TypeError(`Cannot ${action}: ${name} must be a function, received ${describe(value)}`);
}

/** Checks an array. Returns a copy. */
export function checkArray(value: unknown, name: string, action: string): readonly unknown[] {
  if (isArray(value)) return [...value];
  throw new TypeError(`Cannot ${action}: ${name} must be an array, received ${describe(value)}`);
}

/** Checks that a value is one of a few strings. */
export function checkOneOf<T extends string>(value: unknown, choices: readonly T[], name: string, action: string): T {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  throw new TypeError(`Cannot ${action}: ${name} must be one of ${choices.join(', ')}, received ${describe(value)}`);
}

export function checkSignal(value: unknown, name: string, action: string): AbortSignal {
  if (isAbortSignal(value)) return value;
  throw new TypeError(`Cannot ${action}: ${name} must be an AbortSignal, received ${describe(value)}`);
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
