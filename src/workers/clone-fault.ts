import { types } from 'node:util';
import { describe, NotCloneableError } from '../errors.js';

function isCloneable(value: unknown): boolean {
  try {
    structuredClone(value);
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

function find(value: unknown, path: string, seen: Set<object>): Fault | undefined {
  if (typeof value === 'function' || typeof value === 'symbol') return { path, what: describe(value) };
  if (typeof value !== 'object' || value === null || seen.has(value)) return undefined;
  seen.add(value);
  if (isCloneable(value)) return undefined;
  for (const child of childrenOf(value, path)) {
    let item: unknown;
    try {
      item = child.read();
    } catch (error) {
      return { path: child.path, what: `a getter that throws ${String(error)}` };
    }
    const fault = find(item, child.path, seen);
    if (fault !== undefined) return fault;
  }
  return { path, what: describe(value) };
}

/**
 * The error for a value that `postMessage` refused: names the innermost part that cannot cross.
 *
 * @param root how the path begins, e.g. `args` or `result`.
 */
export function cloneFault(value: unknown, root: string, cause: unknown): NotCloneableError {
  const fault = find(value, root, new Set()) ?? { path: root, what: describe(value) };
  return new NotCloneableError(`Cannot send ${fault.path} to another thread: ${fault.what} cannot be cloned`, {
    path: fault.path,
    cause,
  });
}
