import { Bare } from './bare.js';

const { defineProperty } = Object;

/** A property descriptor that inherits nothing: an inherited `get` or `set` would count as its own. */
class ValueDescriptor extends Bare {
  readonly value: unknown;
  readonly enumerable: boolean = true;
  readonly configurable: boolean = true;
  readonly writable: boolean = true;

  constructor(value: unknown) {
    super();
    this.value = value;
  }
}

class HiddenDescriptor extends ValueDescriptor {
  override readonly enumerable = false;
}

/** Sets an own property of any name, `__proto__` included, even if the object inherits one of that name. */
export function define(object: object, key: PropertyKey, value: unknown): void {
  defineProperty(object, key, new ValueDescriptor(value));
}

/** Like {@link define}, for a property that is not enumerable. */
export function defineHidden(object: object, key: PropertyKey, value: unknown): void {
  defineProperty(object, key, new HiddenDescriptor(value));
}
