/** @inline */
export type ErrorClass = abstract new (...args: never[]) => Error;

/** The platform's error classes that are not globals, by qualified names, as a user's class may be called RuntimeError, too. */
const classes = new Map<string, ErrorClass>();
const names = new Map<object, string>();

const wasm = Reflect.get(globalThis, 'WebAssembly') as Record<string, ErrorClass> | undefined;
for (const name of ['CompileError', 'LinkError', 'RuntimeError']) {
  const found = wasm?.[name];
  if (found === undefined) continue;
  classes.set(`WebAssembly.${name}`, found);
  names.set(found.prototype, `WebAssembly.${name}`);
}

const ASSERTION = 'node:assert.AssertionError';

/** Loaded only once an error has that name. */
function assertionError(): ErrorClass {
  return process.getBuiltinModule('node:assert').AssertionError;
}

/** Returns the name in records of a class of the platform, given its prototype; `undefined` for any other class. */
export function standardNameOf(prototype: object): string | undefined {
  const known = names.get(prototype);
  if (known !== undefined) return known;
  const own: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  if (typeof own !== 'function' || own.name !== 'AssertionError') return undefined;
  return own === assertionError() ? ASSERTION : undefined;
}

export function standardClassOf(name: string): ErrorClass | undefined {
  return name === ASSERTION ? assertionError() : classes.get(name);
}
