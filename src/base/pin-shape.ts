const shapes = new WeakMap<object, object[]>();

/**
 * Keeps objects alive as long as their class, so that their shape (V8's hidden class) always has an instance. When the last
 * object of a shape is collected, V8 drops all code optimised for it, and a pool would be slow after an idle period.
 */
export function pinShape(object: object): void {
  const pinned = shapes.get(object.constructor);
  if (pinned === undefined) shapes.set(object.constructor, [object]);
  else pinned.push(object);
}
