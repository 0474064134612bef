const { getPrototypeOf, keys: keysOf, prototype: PLAIN } = Object;
const { isArray } = Array;

/** Deepest nesting that is checked. Deeper values are serialized by V8. */
const MAX_DEPTH = 64;
/** How much a number, a boolean, a key or a bracket adds to the estimate, in bytes. */
const SMALL = 8;

/** Whether JSON carries a value exactly, and about how many bytes that takes. */
export interface JsonCheck {
  readonly isLossless: boolean;
  readonly bytes: number;
}

/**
 * Checks whether a value comes back from JSON as a structured clone of it: only plain objects and arrays without holes
 * and further properties; strings, booleans, `null` and finite numbers but -0; no object twice.
 *
 * @throws what a getter of the value throws.
 */
export function checkJson(value: unknown): JsonCheck {
  const walk = new Walk();
  return { isLossless: walk.isLossless(value, 0), bytes: walk.bytes };
}

class Walk {
  bytes = 0;
  readonly #seen = new Set<object>();

  isLossless(value: unknown, depth: number): boolean {
    switch (typeof value) {
      case 'string':
        this.bytes += value.length + SMALL;
        return true;
      case 'boolean':
        this.bytes += SMALL;
        return true;
      case 'number':
        this.bytes += SMALL;
        return Number.isFinite(value) && !Object.is(value, -0);
      case 'object':
        this.bytes += SMALL;
        return value === null || this.#isLosslessObject(value, depth);
      default:
        return false;
    }
  }

  #isLosslessObject(value: object, depth: number): boolean {
    if (depth > MAX_DEPTH || this.#seen.has(value)) return false;
    this.#seen.add(value);
    return isArray(value) ? this.#isLosslessArray(value, depth) : this.#isLosslessPlain(value, depth);
  }

  #isLosslessArray(array: readonly unknown[], depth: number): boolean {
    if ('toJSON' in array || keysOf(array).length !== array.length) return false;
    for (const item of array) if (!this.isLossless(item, depth + 1)) return false;
    return true;
  }

  #isLosslessPlain(object: object, depth: number): boolean {
    if (getPrototypeOf(object) !== PLAIN || 'toJSON' in object) return false;
    for (const key of keysOf(object)) {
      this.bytes += key.length + SMALL;
      if (key === '__proto__' || !this.isLossless(Reflect.get(object, key), depth + 1)) return false;
    }
    return true;
  }
}
