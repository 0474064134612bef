const shapes = new WeakMap<object, object>();

/**
 * Keeps an object alive as long as its class, so that its shape (V8's hidden class) always has an instance. When the
 * last object of a shape is collected, V8 drops all code optimised for it, and a pool would be slow after an idle
 * period.
 */
export function pinShape(object: object): void {
  shapes.set(object.constructor, object);
}
