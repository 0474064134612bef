import { wrongType } from '../../base/check/argument-errors.js';
import { describe } from '../../errors.js';
import type { ErrorClass } from './standard-errors.js';

const ACTION = 'register error class';

export const classes = new Map<string, ErrorClass>();

/** The error that has the two errors of a `using` block; defined since Node.js 24. */
export const suppressed = Reflect.get(globalThis, 'SuppressedError') as ErrorClass | undefined;

/**
 * Registers a class of errors, so that errors of it that a task throws arrive as its instances. The class is found by its name.
 * An instance is restored without calling the constructor: prototype, message, stack, and own properties.
 *
 * @throws {TypeError} if the class does not extend `Error`, or another class has that name.
 */
export function registerErrorClass(errorClass: ErrorClass): void {
  if (typeof errorClass !== 'function' || !inheritsFromError(errorClass))
    throw wrongType(ACTION, 'it must extend Error', describe(errorClass));
  if (errorClass.name === '') throw wrongType(ACTION, 'it must have a name', 'none');
  const known = classes.get(errorClass.name);
  if (known !== undefined && known !== errorClass)
    throw wrongType(ACTION, `another class has the name '${errorClass.name}'`);
  classes.set(errorClass.name, errorClass);
}

function inheritsFromError(errorClass: ErrorClass): boolean {
  for (let prototype: unknown = errorClass.prototype; prototype !== null && prototype !== undefined; ) {
    // by name, as a test runner's Error may be of another realm
    if ((prototype as Error).constructor?.name === 'Error') return true;
    prototype = Object.getPrototypeOf(prototype);
  }
  return false;
}
