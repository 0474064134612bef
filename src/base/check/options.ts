import { Bare, isPlainObject } from '../bare.js';
import { describeReceived } from '../known-classes.js';
import { hintFor } from './advice.js';
import { mustBe, wrongType } from './argument-errors.js';
import { isAbortSignal } from './values.js';

// Captured, as a program may replace or fake them after the library was loaded.
const { getOwnPropertyNames, getPrototypeOf, hasOwn } = Object;
const { propertyIsEnumerable: isEnumerable } = Object.prototype;
const { apply } = Reflect;
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
  throw mustBe(isOptions(options) ? 'a plain object' : 'an object', options, subject, action);
}

function refuseName(name: string, options: object, { action, path, names }: Reading): never {
  // such as a token, passed instead of { token }
  const what = isPlainObject(options) ? undefined : describeReceived(options);
  const rule = `there is no option '${path}${name}'${hintFor(name, names, path)}; the options are ${[...names].join(', ')}`;
  throw wrongType(action, rule, what);
}

/**
 * Whether a value is an instance of a class. Without own properties it was not made to carry options: it is a token,
 * say.
 */
function isInstance(value: object): boolean {
  const prototype: object | null = getPrototypeOf(value);
  return !isPlainObject(value) && prototype !== null && hasOwn(prototype, 'constructor');
}

/**
 * Refuses options passed to a function that takes none.
 *
 * @param rest the arguments after the function's parameters.
 * @throws {TypeError} if one of them is not `undefined`.
 */
export function refuseOptions(rest: readonly unknown[], action: string): void {
  refuseSurplus(rest, 'no options', action);
}

/**
 * Refuses arguments that a function does not take.
 *
 * @param rest the arguments after the function's parameters.
 * @param takes what the function takes, such as `no arguments`.
 * @throws {TypeError} if one of them is not `undefined`.
 */
export function refuseSurplus(rest: readonly unknown[], takes: string, action: string): void {
  if (rest.length === 0) return;
  const surplus = rest.find((value) => value !== undefined);
  if (surplus !== undefined) throw wrongType(action, `it takes ${takes}`, describeReceived(surplus));
}

/**
 * Like {@link refuseSurplus}, for a function that may also be passed to `map` or the like, which adds an index and the
 * list: refuses only an object, such as options.
 */
export function refuseSurplusObjects(rest: readonly unknown[], takes: string, action: string): void {
  if (rest.length === 0) return;
  refuseSurplus(
    rest.filter((value) => typeof value === 'object' && value !== null && !isArray(value)),
    takes,
    action,
  );
}
