const { assign, setPrototypeOf } = Object;

/**
 * An object that inherits nothing: what somebody has put into `Object.prototype` is not seen in it. Not
 * `Object.create(null)`, whose objects are dictionaries: slow, and several times as large.
 */
export class Bare {}
setPrototypeOf(Bare.prototype, null);

/** A copy of the own, enumerable properties of the objects given, later ones first, that inherits nothing. */
export function bare<T extends object>(...objects: readonly T[]): T {
  return assign(new Bare(), ...objects) as T;
}

const { hasOwn } = Object;

/** `key in object`, but for what the object inherits: which member of a union it is. */
export function has<T extends object, K extends PropertyKey>(
  object: T,
  key: K,
): object is Extract<T, { readonly [P in K]: unknown }> {
  return hasOwn(object, key);
}
