import { types } from 'node:util';
import { describe, messageOf, NotCloneableError } from '../../errors.js';
import { isDetached, memoryOf } from '../lane/known-buffers.js';
import { CloneSearch, type Destination, type Fault, isCloneable } from './clone-search.js';

/** How paths in errors begin: for the value, or for each item of a list whose items are named differently. */
export type Root = string | { readonly list: string; at(index: number): string };

/** What could not be sent. */
export interface Refused {
  readonly value: unknown;
  /** The transfer list that was given with it. */
  readonly transfer: readonly unknown[];
  /** How the path begins, e.g. `args` or `result`. */
  readonly root: Root;
  readonly to: Destination;
}

/** Names of the classes that Node.js can move besides array buffers. */
const MOVABLE = new Set(['MessagePort', 'FileHandle', 'ReadableStream', 'WritableStream', 'TransformStream']);
const LONGEST_PATH = 300;

/**
 * Explains why `postMessage` has refused a value by the innermost part that cannot cross.
 *
 * @returns the error to throw; or that the value contains objects of the library, which can go in an envelope; or that the value is
 * too large to tell.
 */
export function explain(refused: Refused, cause: unknown): Error | 'has objects of ours' | 'too large' {
  if (isTooDeep(cause)) return unexplained(refused, cause); // all parts that the clone reached can cross
  const search = new CloneSearch(refused.to, refused.transfer);
  const fault = find(search, refused);
  if (fault !== undefined) return errorFor(fault, refused, cause);
  if (search.hasGivenUp) return 'too large';
  return search.hasCrossing ? 'has objects of ours' : unexplained(refused, cause);
}

/** Returns the error for a value in which objects of the library, if there are any, cannot cross either. */
export function cloneFault(refused: Refused, cause: unknown): Error {
  const search = new CloneSearch(refused.to, refused.transfer);
  search.refusesCrossing = true;
  const fault = find(search, refused);
  return fault === undefined ? unexplained(refused, cause) : errorFor(fault, refused, cause);
}

function find(search: CloneSearch, { root, value }: Refused): Fault | undefined {
  if (typeof root === 'string') return search.find(value, root);
  for (const [index, item] of (value as readonly unknown[]).entries()) {
    const fault = search.find(item, root.at(index));
    if (fault !== undefined || search.hasGivenUp) return fault;
  }
  return undefined;
}

function errorFor({ path, what, isMisuse }: Fault, { to }: Refused, cause: unknown): Error {
  const short = path.length <= LONGEST_PATH ? path : `${path.slice(0, LONGEST_PATH)}…`;
  const message = `Cannot send ${short} to another ${to}: ${what}`;
  return isMisuse === true ? new TypeError(message) : new NotCloneableError(message, { path, cause });
}

/**
 * Returns the error for a value of which no part was found that cannot cross: an item of the transfer list or the value itself
 * is the cause.
 */
export function unexplained(refused: Refused, cause: unknown): NotCloneableError {
  const fault = unmovableIn(refused.transfer) ?? refusedAsWhole(refused, cause);
  return new NotCloneableError(`Cannot send ${fault.path} to another ${refused.to}: ${fault.what}`, {
    path: fault.path,
    cause,
  });
}

/** Whether the clone has overflowed the stack. */
function isTooDeep(cause: unknown): boolean {
  return types.isNativeError(cause) && cause.message === 'Maximum call stack size exceeded';
}

function unmovableIn(transfer: readonly unknown[]): Fault | undefined {
  for (const [index, item] of transfer.entries()) {
    const path = `transfer[${index}]`;
    if (typeof item !== 'object' || item === null) return { path, what: `${describe(item)} cannot be transferred` };
    const memory = memoryOf(item);
    if (types.isSharedArrayBuffer(memory))
      return { path, what: `${describe(item)} cannot be transferred: shared memory is shared, so leave it out` };
    if (types.isArrayBuffer(memory)) {
      if (isDetached(memory))
        return { path, what: `${describe(item)} cannot be transferred, as it is detached: it was transferred before` };
    } else if (!MOVABLE.has(item.constructor?.name)) {
      return {
        path,
        what: `${describe(item)} cannot be transferred: list buffers, views, ports and streams that the value contains`,
      };
    }
  }
  return undefined;
}

function refusedAsWhole({ value, transfer, root, to }: Refused, cause: unknown): Fault {
  const what = isTooDeep(cause) ? 'it is nested too deeply to be cloned' : messageOf(cause);
  if (transfer.length > 0) return { path: 'transfer', what };
  const isList = typeof root !== 'string' || root === 'args';
  if (!isList || !Array.isArray(value)) return { path: typeof root === 'string' ? root : root.list, what };
  const index = value.findIndex((item) => !isCloneable(item, to));
  if (typeof root !== 'string') return { path: index < 0 ? root.list : root.at(index), what };
  return { path: index < 0 ? root : `${root}[${index}]`, what };
}
