import { inspect } from 'node:util';

/**
 * Base class of every error this library makes. What a task itself throws is not one of these: it arrives as it was.
 */
export abstract class ThreadSystemError extends Error {
  /** Stable, machine-readable name of the fault, e.g. `ERR_JOB_CANCELLED`. */
  abstract readonly code: string;
}

/** Only what is there: what the options inherit is no cause. */
function causeIn(options: { readonly cause?: unknown }): { readonly cause: unknown } | undefined {
  return Object.hasOwn(options, 'cause') ? { cause: options.cause } : undefined;
}

/** A job, or a wait, was cancelled. */
export class CancelledError extends ThreadSystemError {
  readonly code = 'ERR_JOB_CANCELLED';
  /** What the first canceller gave; `undefined` where none was given, or where it could not cross to this thread. */
  readonly reason: unknown;

  constructor(message: string, options: { readonly reason?: unknown; readonly cause?: unknown } = {}) {
    super(message, causeIn(options));
    this.reason = Object.hasOwn(options, 'reason') ? options.reason : undefined;
  }
}

/** A job's `timeoutMs` or `deadline` passed. */
export class JobTimeoutError extends ThreadSystemError {
  readonly code = 'ERR_JOB_TIMEOUT';

  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, causeIn(options));
  }
}

/** The thread that ran the job ended before the job did. */
export class WorkerExitError extends ThreadSystemError {
  readonly code = 'ERR_WORKER_EXITED';
  /** The thread's exit code. */
  readonly exitCode: number;

  constructor(message: string, options: { readonly exitCode: number; readonly cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : causeIn(options));
    this.exitCode = options.exitCode;
    makeStack(this);
  }
}

/** A job was submitted to a pool after its `shutdown`. */
export class PoolClosedError extends ThreadSystemError {
  readonly code = 'ERR_POOL_CLOSED';
}

/** A task's module could not be loaded, lacks the export, or the task cannot be sent by its source text. */
export class TaskNotFoundError extends ThreadSystemError {
  readonly code = 'ERR_TASK_NOT_FOUND';
}

/** The pool's queue was full: the job was refused, or dropped for another (`maxQueue`, `overflow`). */
export class QueueFullError extends ThreadSystemError {
  readonly code = 'ERR_QUEUE_FULL';
}

/** A job it depends on did not complete; `cause` is that one's error. */
export class DependencyError extends ThreadSystemError {
  readonly code = 'ERR_DEPENDENCY';

  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, causeIn(options));
  }
}

/** A value cannot cross between threads: the structured clone algorithm refuses it. */
export class NotCloneableError extends ThreadSystemError {
  readonly code = 'ERR_NOT_CLONEABLE';
  /** Where the value stands, e.g. `args[0].options.onDone` or `result.nested.fn`. */
  readonly path: string;

  constructor(message: string, options: { readonly path: string; readonly cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : causeIn(options));
    this.path = options.path;
    makeStack(this);
    makeStack(options.cause);
  }
}

/**
 * Has the text of an error's stack made now. Until it is, V8 keeps what its frames ran on: for an error that somebody
 * keeps, the 2 MB of shared memory of a thread that is long gone (I9).
 */
function makeStack(error: unknown): void {
  stackIfAny(error);
}

/** The stack of an error; `undefined` of anything else, or where it is of somebody's own making and no text. */
export function stackIfAny(error: unknown): string | undefined {
  try {
    const stack: unknown = error instanceof Error ? error.stack : undefined;
    return typeof stack === 'string' ? stack : undefined;
  } catch {
    return undefined; // a getter that throws
  }
}

/**
 * An error's stack as text: also where `Error.prepareStackTrace` of the program makes a list of call sites of it. Without
 * frames where it is none of these, or throws when it is read.
 */
export function stackOf(error: { readonly stack?: unknown }, header: string): string {
  try {
    const { stack } = error;
    if (typeof stack === 'string') return stack;
    if (Array.isArray(stack)) return [header, ...stack.map((site) => `    at ${String(site)}`)].join('\n');
  } catch {
    // a getter, or a call site of somebody's own making
  }
  return header;
}

const named = {
  ...{ CancelledError, JobTimeoutError, WorkerExitError, PoolClosedError, QueueFullError },
  ...{ TaskNotFoundError, NotCloneableError, DependencyError },
};
for (const [name, errorClass] of Object.entries(named))
  Object.defineProperty(
    errorClass.prototype,
    'name',
    Object.assign(Object.create(null), { value: name, configurable: true, writable: true }),
  );

/** The message of anything thrown. Never throws. */
export function messageOf(thrown: unknown): string {
  try {
    return readMessage(thrown);
  } catch {
    return 'an object that throws when it is read';
  }
}

function readMessage(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message;
  // by shape, as test runners bring errors of their own realm; inspected, as not everything converts to a string
  if (typeof thrown === 'object' && thrown !== null && 'message' in thrown && typeof thrown.message === 'string')
    return thrown.message;
  return typeof thrown === 'string' ? thrown : inspect(thrown);
}

/** The same, an error's name before it. */
export function textOf(thrown: unknown): string {
  return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : messageOf(thrown);
}

/** An argument as an error message shows it: short, with its type recognisable. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 60 ? `${value.slice(0, 60)}…` : value}'`;
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return value.name === '' ? 'a function' : `function ${value.name}`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return 'an array';
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name === 'string' && name !== 'Object' ? `an instance of ${name}` : 'an object';
}

/** A `CancelledError`'s message: what was cancelled, and why where that can be said in a line. */
export function cancelledMessage(what: string, reason: unknown): string {
  if (typeof reason === 'string') return `${what}: ${reason}`;
  if (typeof reason === 'object' && reason !== null && 'message' in reason && typeof reason.message === 'string')
    return `${what}: ${reason.message}`;
  return what;
}
