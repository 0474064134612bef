const { assign, getPrototypeOf, setPrototypeOf } = Object;

/**
 * An object that inherits nothing, so that a polluted `Object.prototype` does not reach it. Not `Object.create(null)`,
 * which makes dictionaries: slow, and several times as large.
 */
export class Bare {}
setPrototypeOf(Bare.prototype, null);

/** Copies the own, enumerable properties of objects into one that inherits nothing. Later objects take precedence. */
export function bare<T extends object>(...objects: readonly T[]): T {
  return assign(new Bare(), ...objects) as T;
}

const { hasOwn } = Object;

/** Like `key in object`, for own properties only. Narrows a union. */
export function hasProperty<T extends object, K extends PropertyKey>(
  object: T,
  key: K,
): object is Extract<T, { readonly [P in K]: unknown }> {
  return hasOwn(object, key);
}

/** Whether a value is a plain object of any realm, or one without a prototype. */
export function isPlainObject(value: object): boolean {
  const prototype: unknown = getPrototypeOf(value);
  return prototype === null || getPrototypeOf(prototype) === null;
}
