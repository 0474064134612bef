import { define, defineHidden } from '../../base/define.js';
import { setFailedItem } from '../../contract/failed-items.js';
import {
  CancelledError,
  ChannelClosedError,
  DependencyError,
  describe,
  JobTimeoutError,
  NotCloneableError,
  PoolClosedError,
  QueueFullError,
  TaskNotFoundError,
  WorkerExitError,
} from '../../errors.js';
import { fromBytes } from '../process/process-bytes.js';
import { classes, suppressed } from './error-classes.js';
import {
  type Content,
  decoded,
  type ErrorPart,
  type ErrorRecord,
  encodeError,
  type Part,
  passErrorsOn,
  type Sealed,
} from './error-encoder.js';
import { standardClassOf } from './standard-errors.js';
import { unreadable } from './unreadable.js';

export { type ErrorRecord, encodeError, passErrorsOn };

for (const known of [
  ...[Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError, AggregateError],
  ...[CancelledError, JobTimeoutError, WorkerExitError, PoolClosedError, QueueFullError],
  ...[TaskNotFoundError, NotCloneableError, DependencyError, ChannelClosedError],
]) {
  classes.set(known.name, known);
}
if (typeof suppressed === 'function') classes.set('SuppressedError', suppressed);

/**
 * Returns the error of a record, as an instance of its most derived class that is known here; an `Error` with the property
 * `thrown` for a thrown value that is not an error. Never throws: a `NotCloneableError` stands for each part that cannot be read.
 */
export function decodeError(record: ErrorRecord): Error {
  const error = decodeThrown(record);
  if (record.item !== undefined) setFailedItem(error, record.item);
  return error;
}

function decodeThrown(record: ErrorRecord): Error {
  try {
    const [first] = record.parts;
    if (first?.kind !== 'error') return decodeNonError(first?.value);
    const error = decodeParts(record.parts)[0] as Error;
    decoded(error, record);
    return error;
  } catch (cause) {
    return unreadable('error', cause);
  }
}

function decodeNonError(sealed: Sealed | undefined): Error {
  const thrown = sealed && unseal(sealed);
  const error = new Error(`The task threw ${describe(thrown)}, which is not an Error`);
  define(error, 'thrown', thrown);
  return error;
}

/** Like `decodeError`, for a reason, which need not be an error: returns any other value as it was. Never throws. */
export function decodeReason(record: ErrorRecord): unknown {
  try {
    const [first] = record.parts;
    return first?.kind === 'value' ? unsealOr(first.value, 'reason') : decodeError(record);
  } catch (cause) {
    return unreadable('reason', cause);
  }
}

function unseal(sealed: Sealed): unknown {
  return 'bytes' in sealed ? fromBytes(sealed.bytes) : sealed.value;
}

/** Like `unseal`, but returns an error if the value cannot be read here. */
function unsealOr(sealed: Sealed, path: string): unknown {
  try {
    return unseal(sealed);
  } catch (cause) {
    return unreadable(path, cause);
  }
}

/** Creates all errors before their properties, as they may refer to one another in any way. */
function decodeParts(parts: readonly Part[]): unknown[] {
  const errors = parts.map((part) => (part.kind === 'error' ? errorOf(part) : unsealOr(part.value, 'error')));
  for (const [index, part] of parts.entries()) {
    if (part.kind !== 'error') continue;
    for (const { key, isEnumerable, content } of part.properties)
      (isEnumerable ? define : defineHidden)(errors[index] as Error, key, contentOf(content, errors, `error.${key}`));
  }
  return errors;
}

function errorOf(part: ErrorPart): Error {
  const error = part.classes.includes('DOMException')
    ? new DOMException(part.message, part.name)
    : new Error(part.message);
  const known = part.classes.map((name) => classes.get(name) ?? standardClassOf(name)).find(Boolean);
  if (known !== undefined && known !== Error) Object.setPrototypeOf(error, known.prototype);
  const name = part.name ?? part.classes[0] ?? 'Error';
  if (nameOf(error) !== name) defineHidden(error, 'name', name);
  if (part.stack !== undefined) defineHidden(error, 'stack', part.stack);
  return error;
}

function contentOf(content: Content, errors: readonly unknown[], path: string): unknown {
  if (content.kind === 'value') return unsealOr(content.value, path);
  if (content.kind === 'part') return errors[content.part];
  const list: unknown[] = [];
  list.length = content.length;
  for (const [index, item] of content.items) define(list, index, contentOf(item, errors, `${path}[${index}]`));
  return list;
}

/** Returns the error's name, unless a getter of its class throws, as it may before the constructor has run. */
function nameOf(error: Error): unknown {
  try {
    return error.name;
  } catch {
    return undefined;
  }
}

/** Returns the message with its `reason` encoded, so that any reason can cross and an error arrives as it was. */
export function packReason<M>(message: M, encode: (reason: unknown) => ErrorRecord = encodeError): M {
  if (typeof message !== 'object' || message === null || !Object.hasOwn(message, 'reason')) return message;
  return { ...message, reason: encode((message as { readonly reason?: unknown }).reason) };
}

/** Returns the message that `packReason` was given. */
export function unpackReason<M extends object>(message: M): M {
  if (!Object.hasOwn(message, 'reason')) return message;
  return { ...message, reason: decodeReason((message as { readonly reason?: unknown }).reason as ErrorRecord) };
}

/** Whether a record is of a `CancelledError`, which a task throws to stop when it is asked to. */
export function isCancelledRecord(record: ErrorRecord): boolean {
  const [first] = record.parts;
  return first?.kind === 'error' && first.classes.includes('CancelledError');
}
