import { inspect, types } from 'node:util';

/**
 * Base class of the errors that this library makes. Errors thrown by a task are passed through as they are.
 */
export abstract class ThreadSystemError extends Error {
  /** Stable, machine-readable name of the error, e.g. `ERR_JOB_CANCELLED`. */
  abstract readonly code: string;
}

/** @inline */
export interface Caused {
  /** The error or other value that led to this one. Default: none. */
  readonly cause?: unknown;
}

/** Takes only an own `cause`: an inherited one does not count. */
function causeIn(options: Caused): { readonly cause: unknown } | undefined {
  return Object.hasOwn(options, 'cause') ? { cause: options.cause } : undefined;
}

/** A job or a wait was cancelled. */
export class CancelledError extends ThreadSystemError {
  readonly code = 'ERR_JOB_CANCELLED';
  /** The reason given to the first `cancel`; `undefined` if none was given or it could not be sent to this thread. */
  readonly reason: unknown;

  constructor(
    message: string,
    options: Caused & {
      /** Why it was cancelled: any value. */
      readonly reason?: unknown;
    } = {},
  ) {
    super(message, causeIn(options));
    this.reason = Object.hasOwn(options, 'reason') ? options.reason : undefined;
  }
}

/** A job's `timeoutMs` or `deadline` passed. */
export class JobTimeoutError extends ThreadSystemError {
  readonly code = 'ERR_JOB_TIMEOUT';

  constructor(message: string, options: Caused = {}) {
    super(message, causeIn(options));
  }
}

/** The thread or child process that ran the job ended before the job did. */
export class WorkerExitError extends ThreadSystemError {
  readonly code = 'ERR_WORKER_EXITED';
  /** Exit code of the thread or child process; 1 if it was terminated. */
  readonly exitCode: number;

  constructor(
    message: string,
    options: Caused & {
      /** Exit code of the thread or child process. */
      readonly exitCode: number;
    },
  ) {
    super(message, options.cause === undefined ? undefined : causeIn(options));
    this.exitCode = options.exitCode;
    makeStack(this);
  }
}

/** A job was submitted to a pool after `shutdown` was called. */
export class PoolClosedError extends ThreadSystemError {
  readonly code = 'ERR_POOL_CLOSED';
}

/** A task's module could not be loaded or lacks the export, or the task cannot be sent as source text. */
export class TaskNotFoundError extends ThreadSystemError {
  readonly code = 'ERR_TASK_NOT_FOUND';
}

/** The pool's queue was full: the job was rejected, or dropped in favour of another (`maxQueue`, `overflow`). */
export class QueueFullError extends ThreadSystemError {
  readonly code = 'ERR_QUEUE_FULL';
}

/** A job that this one depends on did not complete; `cause` is that job's error. */
export class DependencyError extends ThreadSystemError {
  readonly code = 'ERR_DEPENDENCY';

  constructor(message: string, options: Caused = {}) {
    super(message, causeIn(options));
  }
}

/** A value was sent by a `Channel` that is closed. */
export class ChannelClosedError extends ThreadSystemError {
  readonly code = 'ERR_CHANNEL_CLOSED';
}

/** A value cannot be sent to another thread, as the structured clone algorithm refuses it. */
export class NotCloneableError extends ThreadSystemError {
  readonly code = 'ERR_NOT_CLONEABLE';
  /** Path of the value, e.g. `args[0].options.onDone` or `result.nested.fn`. */
  readonly path: string;

  constructor(
    message: string,
    options: Caused & {
      /** Path of the value, e.g. `args[0].onDone`. */
      readonly path: string;
    },
  ) {
    super(message, options.cause === undefined ? undefined : causeIn(options));
    this.path = options.path;
    makeStack(this);
    makeStack(options.cause);
  }
}

/**
 * Formats an error's stack now. Until then V8 keeps what its frames refer to: an error that is kept would also keep the
 * 2 MB of shared memory of a thread that is long gone (I9).
 */
function makeStack(error: unknown): void {
  stackIfAny(error);
}

/** Like `instanceof`, but `false` for a Proxy that throws when it is asked: what was thrown may be anything. */
export function isInstance<T>(value: unknown, ofClass: abstract new (...args: never[]) => T): value is T {
  try {
    return value instanceof ofClass;
  } catch {
    return false;
  }
}

/** Returns the stack of an error; `undefined` for anything else, or if the stack is not a string. */
export function stackIfAny(error: unknown): string | undefined {
  try {
    const stack: unknown = error instanceof Error ? error.stack : undefined;
    return typeof stack === 'string' ? stack : undefined;
  } catch {
    return undefined; // a getter that throws
  }
}

/**
 * Returns an error's stack as text, even if the program's `Error.prepareStackTrace` turns it into a list of call sites.
 * If it is neither, or throws when read, returns `header` alone.
 */
export function stackOf(error: { readonly stack?: unknown }, header: string): string {
  try {
    const { stack } = error;
    if (typeof stack === 'string') return stack;
    if (Array.isArray(stack)) return [header, ...stack.map((site) => `    at ${String(site)}`)].join('\n');
  } catch {
    // a getter or a custom call site threw
  }
  return header;
}

/** Gives the instances of each class the name that it has in `named`, as the own property of its prototype. */
export function nameErrors(named: Readonly<Record<string, { readonly prototype: ThreadSystemError }>>): void {
  for (const [name, { prototype }] of Object.entries(named))
    Object.defineProperty(
      prototype,
      'name',
      Object.assign(Object.create(null), { value: name, configurable: true, writable: true }),
    );
}

nameErrors({
  ...{ CancelledError, JobTimeoutError, WorkerExitError, PoolClosedError, QueueFullError },
  ...{ TaskNotFoundError, NotCloneableError, DependencyError },
});

/** Returns the message of anything thrown. Never throws. */
export function messageOf(thrown: unknown): string {
  return shownOrNot(() => readMessage(thrown) ?? (typeof thrown === 'string' ? thrown : inspect(thrown)));
}

/** The text of the `message` of an error, found by shape, as test runners have errors of another realm. Throws what its getter does. */
function readMessage(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('message' in thrown)) return undefined;
  return typeof thrown.message === 'string' ? thrown.message : undefined;
}

/** Returns what `show` does, or a text in its place if foreign code that it calls throws: getters, traps of a proxy. */
export function shownOrNot(show: () => string): string {
  try {
    return show();
  } catch {
    return 'an object that throws when it is read';
  }
}

/** Longest type of an error, in characters. */
const MOST_TYPE = 100;

/**
 * Returns the type of anything thrown, in a word: its `code`, if that is text, else its `name`. Calls no code of a task, so that it may
 * be used while a job settles: a getter counts as nothing.
 */
export function errorTypeOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return thrown === null ? 'null' : typeof thrown;
  return textAt(thrown, 'code') ?? textAt(thrown, 'name') ?? 'Error';
}

/** Reads a property that is text and not empty, also an inherited one. */
function textAt(object: object, key: string): string | undefined {
  for (let at: object | null = object; at !== null && !types.isProxy(at); at = Object.getPrototypeOf(at)) {
    const property = Object.getOwnPropertyDescriptor(at, key);
    if (property === undefined) continue;
    const { value } = property;
    return typeof value === 'string' && value !== '' ? value.slice(0, MOST_TYPE) : undefined;
  }
  return undefined;
}

/** Like `messageOf`, but with the error's name first. */
export function textOf(thrown: unknown): string {
  return shownOrNot(() => (thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : messageOf(thrown)));
}

/** Describes a value in an error message: short, with its type recognisable. Never throws. */
export function describe(value: unknown): string {
  return shownOrNot(() => describeReadable(value));
}

function describeReadable(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 60 ? `${value.slice(0, 60)}…` : value}'`;
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return value.name === '' ? 'a function' : `function ${value.name}`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return 'an array';
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name === 'string' && name !== 'Object' && name !== '' ? `an instance of ${name}` : 'an object';
}

/** Returns a `CancelledError`'s message: what was cancelled, and the reason if it has text. Never throws. */
export function cancelledMessage(what: string, reason: unknown): string {
  const text = typeof reason === 'string' ? reason : shownOrNot(() => readMessage(reason) ?? '');
  return text === '' ? what : `${what}: ${text}`;
}
