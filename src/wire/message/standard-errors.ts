export type ErrorClass = abstract new (...args: never[]) => Error;

/**
 * The platform's classes of errors that are no globals, by a name that no class of a user's has: one of their own may well
 * be called RuntimeError.
 */
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

/** Loaded only where an error calls itself one. */
function assertionError(): ErrorClass {
  return process.getBuiltinModule('node:assert').AssertionError;
}

/** What a prototype of the platform's is called in a record; `undefined` for any other. */
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
