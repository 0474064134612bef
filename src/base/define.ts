import { Bare } from './bare.js';

const { defineProperty } = Object;

/** What a property becomes. It inherits nothing: a `get` or `set` in `Object.prototype` would be taken for its own. */
class ValueDescriptor extends Bare {
  readonly value: unknown;
  readonly enumerable: boolean;
  readonly configurable: boolean = true;
  readonly writable: boolean = true;

  constructor(value: unknown, enumerable: boolean) {
    super();
    this.value = value;
    this.enumerable = enumerable;
  }
}

/** Sets an own property, whatever its name, `__proto__` included, and whatever the object inherits under it. */
export function define(object: object, key: PropertyKey, value: unknown): void {
  defineProperty(object, key, new ValueDescriptor(value, true));
}

/** {@link define}, of a property that no loop over the object sees. */
export function defineHidden(object: object, key: PropertyKey, value: unknown): void {
  defineProperty(object, key, new ValueDescriptor(value, false));
}
