/**
 * A map for entries that are rare. To find it empty costs a read of a field, while `size` of a `Map` costs a call; and no call at
 * all, as what is done then is so short that V8 inlines it everywhere.
 */
export class RareMap<K, V> {
  readonly #entries = new Map<K, V>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(key: K): boolean {
    return this.#size > 0 && this.#entries.has(key);
  }

  get(key: K): V | undefined {
    return this.#size > 0 ? this.#entries.get(key) : undefined;
  }

  set(key: K, value: V): void {
    this.#entries.set(key, value);
    this.#size = this.#entries.size;
  }

  delete(key: K): boolean {
    return this.#size > 0 && this.#remove(key);
  }

  #remove(key: K): boolean {
    const isThere = this.#entries.delete(key);
    this.#size = this.#entries.size;
    return isThere;
  }

  keys(): IterableIterator<K> {
    return this.#entries.keys();
  }
}
