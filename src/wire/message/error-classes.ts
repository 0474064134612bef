import { describe } from '../../errors.js';
import type { ErrorClass } from './standard-errors.js';

export const classes = new Map<string, ErrorClass>();

// of the two errors of a `using` block, since Node 24
export const suppressed = Reflect.get(globalThis, 'SuppressedError') as ErrorClass | undefined;

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
