import { types } from 'node:util';
import {
  CancelledError,
  DependencyError,
  describe,
  JobTimeoutError,
  messageOf,
  NotCloneableError,
  PoolClosedError,
  QueueFullError,
  stackOf,
  TaskNotFoundError,
  WorkerExitError,
} from '../errors.js';
import { withoutOwnFrames } from './own-frames.js';
import { fromBytes, toBytes } from './process-bytes.js';
import { unreadable } from './unreadable.js';

/**
 * A value of somebody's in a record. An object is as bytes of its own where it can be, so that the record can be read even
 * where the object cannot: an error arrives, whatever it carries.
 */
type Sealed = { readonly bytes: Uint8Array } | { readonly value: unknown };

/** An error as it crosses: plain data, so that whatever was thrown arrives. */
export type ErrorRecord =
  | {
      readonly kind: 'error';
      /** Names of its classes, the most derived first. */
      readonly classes: readonly string[];
      readonly message: string;
      readonly stack: string | undefined;
      readonly name: string | undefined;
      readonly properties: readonly (readonly [string, Sealed])[];
      readonly cause: ErrorRecord | { readonly kind: 'none' };
      readonly errors: readonly ErrorRecord[] | undefined;
    }
  | { readonly kind: 'value'; readonly value: Sealed };

const MAX_DEPTH = 8;
const MAX_TEXT = 256 * 1024;
const OWN_FIELDS = new Set(['message', 'stack', 'name', 'cause', 'errors']);

type ErrorClass = abstract new (...args: never[]) => Error;

const classes = new Map<string, ErrorClass>();
for (const known of [
  ...[Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError, AggregateError],
  ...[CancelledError, JobTimeoutError, WorkerExitError, PoolClosedError, QueueFullError],
  ...[TaskNotFoundError, NotCloneableError, DependencyError],
]) {
  classes.set(known.name, known);
}

/**
 * Makes a class of errors known, so that one thrown by a task arrives as an instance of it. It is found by its name, and
 * restored without calling its constructor: prototype, message, stack, and own properties.
 *
 * @throws {TypeError} when it is not a class of errors, or another class has that name.
 */
export function registerErrorClass(errorClass: ErrorClass): void {
  if (typeof errorClass !== 'function' || !inheritsFromError(errorClass))
    throw new TypeError(`Cannot register error class: it must extend Error, received ${describe(errorClass)}`);
  if (errorClass.name === '') throw new TypeError('Cannot register error class: it must have a name, received none');
  const known = classes.get(errorClass.name);
  if (known !== undefined && known !== errorClass)
    throw new TypeError(`Cannot register error class: another class has the name '${errorClass.name}'`);
  classes.set(errorClass.name, errorClass);
}

function inheritsFromError(errorClass: ErrorClass): boolean {
  for (let prototype: unknown = errorClass.prototype; prototype !== null && prototype !== undefined; ) {
    // by name, as a test runner's Error is of another realm
    if ((prototype as Error).constructor?.name === 'Error') return true;
    prototype = Object.getPrototypeOf(prototype);
  }
  return false;
}

/** Reads a property that may throw. */
function read(object: object, key: string): unknown {
  try {
    return Reflect.get(object, key);
  } catch (error) {
    return `[getter threw ${messageOf(error)}]`;
  }
}

function text(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  return value.length <= MAX_TEXT ? value : `${value.slice(0, MAX_TEXT)}… (${value.length} characters)`;
}

type Clone = (value: unknown) => unknown;

function seal(value: unknown, clone: Clone): Sealed {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol'))
    return { value };
  try {
    return { bytes: toBytes(value) };
  } catch {
    // shared memory, or what only Node can clone
  }
  try {
    return { value: clone(value) };
  } catch {
    return { value: `[${describe(value)}, which cannot be cloned]` };
  }
}

function unseal(sealed: Sealed): unknown {
  return 'bytes' in sealed ? fromBytes(sealed.bytes) : sealed.value;
}

/** The same, with an error in the place of what cannot be read here. */
function unsealOr(sealed: Sealed, path: string): unknown {
  try {
    return unseal(sealed);
  } catch (cause) {
    return unreadable(path, cause);
  }
}

/**
 * The record of anything thrown, an error or not. Never throws, whatever that is made of.
 *
 * @param clone clones what can go where the record goes, and throws for what cannot.
 */
export function encodeError(thrown: unknown, clone: Clone = structuredClone): ErrorRecord {
  const passed = typeof thrown === 'object' && thrown !== null ? passing?.get(thrown) : undefined;
  return passed ?? encode(thrown, new Set(), clone);
}

/** Where errors are only passed on: their records, by what they were decoded to. */
let passing: WeakMap<object, ErrorRecord> | undefined;

/**
 * From now on an error that came goes on as it came, as on the way between the pool and its child processes: neither its class
 * nor what it carries need be known on the way.
 */
export function passErrorsOn(): void {
  passing ??= new WeakMap();
}

/** Whether it holds nothing that only a thread of the same process can be given. */
function isPortable(record: ErrorRecord): boolean {
  const isPlain = (sealed: Sealed): boolean =>
    'bytes' in sealed || sealed.value === null || typeof sealed.value !== 'object';
  if (record.kind === 'value') return isPlain(record.value);
  const { properties, cause, errors = [] } = record;
  return (
    properties.every(([, sealed]) => isPlain(sealed)) &&
    (cause.kind === 'none' || isPortable(cause)) &&
    errors.every(isPortable)
  );
}

function encode(thrown: unknown, seen: ReadonlySet<object>, clone: Clone): ErrorRecord {
  try {
    return encodeReadable(thrown, seen, clone);
  } catch {
    return withMessageOnly(thrown);
  }
}

/** The record of what cannot be read further, or where what reads it is broken. */
function withMessageOnly(thrown: unknown): ErrorRecord {
  if (!types.isNativeError(thrown))
    return { kind: 'value', value: { value: '[an object that throws when it is read]' } };
  const message = messageOf(thrown);
  const none = undefined;
  return {
    kind: 'error',
    classes: ['Error'],
    message,
    stack: none,
    name: none,
    properties: [],
    cause: { kind: 'none' },
    errors: none,
  };
}

function encodeReadable(thrown: unknown, seen: ReadonlySet<object>, clone: Clone): ErrorRecord {
  const isError = typeof thrown === 'object' && thrown !== null && isErrorLike(thrown);
  if (!isError) return { kind: 'value', value: seal(thrown, clone) };
  if (seen.has(thrown)) return { kind: 'value', value: { value: '[circular]' } };
  if (seen.size >= MAX_DEPTH) return { kind: 'value', value: { value: '[further causes left out]' } };
  const inner = new Set(seen).add(thrown);
  const properties: [string, Sealed][] = [];
  for (const key of Object.keys(thrown)) {
    if (OWN_FIELDS.has(key)) continue;
    const value = read(thrown, key);
    properties.push([key, seal(value, clone)]);
  }
  const errors = read(thrown, 'errors');
  const message = text(read(thrown, 'message')) ?? '';
  const name = text(read(thrown, 'name'));
  return {
    kind: 'error',
    classes: classNames(thrown),
    message,
    stack: text(withoutOwnFrames(stackOf(thrown, headerOf(name, message)), message)),
    name,
    properties,
    cause: Object.hasOwn(thrown, 'cause') ? encode(read(thrown, 'cause'), inner, clone) : { kind: 'none' },
    errors: Array.isArray(errors) ? errors.map((error) => encode(error, inner, clone)) : undefined,
  };
}

/** How a stack begins. */
function headerOf(name = 'Error', message: string): string {
  return message === '' ? name : `${name}: ${message}`;
}

function isErrorLike(value: object): boolean {
  return (
    types.isNativeError(value) ||
    value instanceof Error ||
    Object.prototype.toString.call(value) === '[object DOMException]'
  );
}

function classNames(error: object): string[] {
  const names: string[] = [];
  for (let prototype = Object.getPrototypeOf(error); prototype !== null; prototype = Object.getPrototypeOf(prototype)) {
    const name = (read(prototype, 'constructor') as { readonly name?: unknown } | undefined)?.name;
    if (typeof name === 'string' && name !== 'Object') names.push(name);
  }
  return names;
}

/**
 * What the record was made of: an error of the nearest class that is known here; a thrown non-error in an Error. Never
 * throws: in the place of what cannot be read there is a `NotCloneableError` that names it.
 */
export function decodeError(record: ErrorRecord): Error {
  try {
    const error = record.kind === 'value' ? decodeNonError(record.value) : decodeReadable(record);
    if (passing !== undefined && record.kind === 'error' && isPortable(record)) passing.set(error, record);
    return error;
  } catch (cause) {
    return unreadable('error', cause);
  }
}

function decodeNonError(sealed: Sealed): Error {
  const thrown = unseal(sealed);
  const error = new Error(`The task threw ${describe(thrown)}, which is not an Error`);
  return Object.assign(error, { thrown });
}

function decodeReadable(record: Extract<ErrorRecord, { readonly kind: 'error' }>): Error {
  const error = record.classes.includes('DOMException')
    ? new DOMException(record.message, record.name)
    : new Error(record.message);
  const known = record.classes.map((name) => classes.get(name)).find((found) => found !== undefined);
  if (known !== undefined && known !== Error) Object.setPrototypeOf(error, known.prototype);
  for (const [key, value] of record.properties) set(error, key, unsealOr(value, `error.${key}`), true);
  const name = record.name ?? record.classes[0] ?? 'Error';
  if (nameOf(error) !== name) set(error, 'name', name, false);
  if (record.stack !== undefined) set(error, 'stack', record.stack, false);
  if (record.cause.kind !== 'none') set(error, 'cause', decodeReason(record.cause), false);
  if (record.errors !== undefined) set(error, 'errors', record.errors.map(decodeReason), false);
  return error;
}

/** Its class may have a getter that reads what only the constructor sets. */
function nameOf(error: Error): unknown {
  try {
    return error.name;
  } catch {
    return undefined;
  }
}

/** A cause or a reason may be anything: a non-error stays what it was. Never throws, as `decodeError`. */
export function decodeReason(record: ErrorRecord): unknown {
  return record.kind === 'value' ? unsealOr(record.value, 'reason') : decodeError(record);
}

/** A message, its `reason` made such that it can be cloned; an error arrives as it was. */
export function packReason<M>(message: M, encode: (reason: unknown) => ErrorRecord = encodeError): M {
  if (typeof message !== 'object' || message === null || !('reason' in message)) return message;
  return { ...message, reason: encode(message.reason) };
}

/** What `packReason` was given. */
export function unpackReason<M extends object>(message: M): M {
  return 'reason' in message ? { ...message, reason: decodeReason(message.reason as ErrorRecord) } : message;
}

function set(error: Error, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(error, key, { value, enumerable, configurable: true, writable: true });
}

/** Whether a record is of a `CancelledError`: the way a task says that it stopped because it was asked to. */
export function isCancelledRecord(record: ErrorRecord): boolean {
  return record.kind === 'error' && record.classes.includes('CancelledError');
}
