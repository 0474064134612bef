import { types } from 'node:util';
import { describe, messageOf, NotCloneableError } from '../errors.js';
import { isCrossing } from '../sync/crossing.js';
import { toBytes } from './process-bytes.js';

/** How paths in errors begin: for the value or, where it is a list of things that are not alike, for each of them. */
export type Root = string | { readonly list: string; at(index: number): string };

type Destination = 'thread' | 'process';

function isCloneable(value: unknown, to: Destination): boolean {
  try {
    if (to === 'thread') structuredClone(value);
    else toBytes(value);
    return true;
  } catch {
    return false;
  }
}

const step = (key: string): string => (/^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`);

interface Child {
  readonly path: string;
  readonly read: () => unknown;
}

function* childrenOf(value: object, path: string): Generator<Child> {
  if (types.isMap(value)) {
    let index = 0;
    for (const [key, item] of value) {
      const at = typeof key === 'object' ? `#${index}` : typeof key === 'string' ? JSON.stringify(key) : String(key);
      yield { path: `${path}.keys()[${index}]`, read: () => key };
      yield { path: `${path}.get(${at})`, read: () => item };
      index++;
    }
    return;
  }
  if (types.isSet(value)) {
    let index = 0;
    for (const item of value) yield { path: `${path}.values()[${index++}]`, read: () => item };
    return;
  }
  const isList = Array.isArray(value);
  for (const key of Object.keys(value)) {
    yield { path: isList ? `${path}[${key}]` : path + step(key), read: () => Reflect.get(value, key) };
  }
}

interface Fault {
  readonly path: string;
  readonly what: string;
}

/** The first of a list that has a fault. */
function findIn(list: readonly unknown[], at: (index: number) => string, to: Destination): Fault | undefined {
  const seen = new Set<object>();
  for (const [index, item] of list.entries()) {
    const fault = find(item, at(index), seen, to);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function isSharedMemory(value: object): boolean {
  return types.isSharedArrayBuffer(ArrayBuffer.isView(value) ? value.buffer : value);
}

function find(value: unknown, path: string, seen: Set<object>, to: Destination): Fault | undefined {
  if (typeof value === 'function' || typeof value === 'symbol') return { path, what: describe(value) };
  if (typeof value !== 'object' || value === null || seen.has(value)) return undefined;
  seen.add(value);
  if (isCrossing(value))
    return {
      path,
      what: `${describe(value)}${to === 'thread' ? ' in an instance of a class' : ', being shared memory,'}`,
    };
  if (isCloneable(value, to)) return undefined;
  if (isSharedMemory(value)) return { path, what: `${describe(value)}, being shared memory,` };
  for (const child of childrenOf(value, path)) {
    let item: unknown;
    try {
      item = child.read();
    } catch (error) {
      return { path: child.path, what: `a getter that throws '${messageOf(error)}'` };
    }
    const fault = find(item, child.path, seen, to);
    if (fault !== undefined) return fault;
  }
  return { path, what: describe(value) };
}

/** What Node can move besides array buffers, by the names of the classes. */
const MOVABLE = new Set(['MessagePort', 'FileHandle', 'ReadableStream', 'WritableStream', 'TransformStream']);

function findUnmovable(transfer: readonly unknown[]): Fault | undefined {
  const index = transfer.findIndex((item) => {
    if (typeof item !== 'object' || item === null) return true;
    return !types.isArrayBuffer(item) && !MOVABLE.has(item.constructor?.name);
  });
  return index < 0 ? undefined : { path: `transfer[${index}]`, what: describe(transfer[index]) };
}

/**
 * The error for a value that `postMessage` refused: names the innermost part that cannot cross.
 *
 * @param sent the value, what was to be moved with it, how the path begins, e.g. `args` or `result`, and where it was to go.
 */
export function cloneFault(
  sent: {
    readonly value: unknown;
    readonly transfer: readonly unknown[];
    readonly root: Root;
    readonly to: Destination;
  },
  cause: unknown,
): NotCloneableError {
  const { root } = sent;
  const fault =
    typeof root === 'string'
      ? find(sent.value, root, new Set(), sent.to)
      : findIn(sent.value as readonly unknown[], root.at, sent.to);
  if (fault !== undefined) {
    const message = `Cannot send ${fault.path} to another ${sent.to}: ${fault.what} cannot be cloned`;
    return new NotCloneableError(message, { path: fault.path, cause });
  }
  const unmovable = findUnmovable(sent.transfer);
  const path = unmovable?.path ?? (sent.transfer.length > 0 ? 'transfer' : typeof root === 'string' ? root : root.list);
  const what = unmovable === undefined ? messageOf(cause) : `${unmovable.what} cannot be transferred`;
  return new NotCloneableError(`Cannot send ${path} to another ${sent.to}: ${what}`, { path, cause });
}
