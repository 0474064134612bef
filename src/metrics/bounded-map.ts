/** The key of all that are beyond the bound. */
const OTHER = 'other';

/**
 * A value for each key, made when it is first asked for: for the first `maxKeys` keys, and one for all others together, under
 * `other`, which a key of that name shares.
 */
export class BoundedMap<K, V> {
  readonly #maxKeys: number;
  readonly #make: () => V;
  readonly #values = new Map<K | typeof OTHER, V>();

  /** @param make makes a value. It must not be `undefined`. */
  constructor(maxKeys: number, make: () => V) {
    this.#maxKeys = maxKeys;
    this.#make = make;
  }

  of(key: K): V {
    const kept = this.#values.size < this.#maxKeys || this.#values.has(key) ? key : OTHER;
    let value = this.#values.get(kept);
    if (value === undefined) {
      value = this.#make();
      this.#values.set(kept, value);
    }
    return value;
  }

  values(): IterableIterator<V> {
    return this.#values.values();
  }

  /** In the order of insertion. */
  [Symbol.iterator](): IterableIterator<[key: K | typeof OTHER, value: V]> {
    return this.#values.entries();
  }
}
