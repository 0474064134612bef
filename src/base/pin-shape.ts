const shapes = new WeakMap<object, object>();

/**
 * Keeps an object as long as its class, so that its shape (V8's hidden class) never is without an object. When the last one
 * of a shape is collected V8 drops all optimised code that was made for it: a pool that had been idle for a while would be
 * slow when jobs come again.
 */
export function pinShape(object: object): void {
  shapes.set(object.constructor, object);
}
