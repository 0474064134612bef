/** A map of the entries that were set last. When one more is set than `limit`, the entry that was set longest ago is dropped. */
export class RecentMap<K, V> {
  readonly #limit: number;
  /** In the order in which they were set. */
  readonly #entries = new Map<K, V>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  set(key: K, value: V): void {
    this.#entries.delete(key); // moves to the end
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#limit) return;
    for (const first of this.#entries.keys()) {
      this.#entries.delete(first);
      return;
    }
  }

  /** Removes an entry and returns its value. */
  take(key: K): V | undefined {
    const value = this.#entries.get(key);
    this.#entries.delete(key);
    return value;
  }

  /** The values, the one that was set longest ago first. */
  values(): IterableIterator<V> {
    return this.#entries.values();
  }
}
