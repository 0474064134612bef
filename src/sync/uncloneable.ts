/** A class that the structured clone refuses, captured when this library is loaded. */
const WeakReference = WeakRef as unknown as new (to: object) => object;

/**
 * An object that the structured clone refuses, although no property shows it: a `WeakRef` to the engine alone. That costs 20 ns
 * per object. Rejected: a property with a function as its value, which shows in `Object.keys`; a `WeakSet`, which takes 100
 * bytes more.
 */
export abstract class Uncloneable extends WeakReference {
  constructor() {
    super(Uncloneable);
  }
}

Object.setPrototypeOf(Uncloneable.prototype, Object.prototype); // hides `deref`
