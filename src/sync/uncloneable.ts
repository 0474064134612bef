/** An object of a kind that the structured clone refuses. Made by a constructor that was captured when this library was loaded. */
const WeakReference = WeakRef as unknown as new (to: object) => object;

/**
 * What the structured clone refuses, although it has no property that says so: to the engine an object of this class is a
 * `WeakRef`, of a function that lives as long as its class, without being one to anybody else. It costs 20 ns; a property
 * with a function as its value would show in `Object.keys`, and a `WeakSet` takes 100 bytes more.
 */
export abstract class Uncloneable extends WeakReference {
  constructor() {
    super(Uncloneable);
  }
}

Object.setPrototypeOf(Uncloneable.prototype, Object.prototype); // it has no `deref`
