import type { ItemList } from './item-source.js';

/** The results of chunks that have ended and are not yet delivered. */
export class ResultBuffer {
  readonly #isOrdered: boolean;
  /** By the number of their chunk, in order of arrival. */
  readonly #parts = new Map<number, ItemList>();
  #delivered = 0;
  /** 1 while the results of a chunk are being delivered, otherwise 0. */
  #delivering = 0;

  /** @param isOrdered whether chunks are delivered by number. */
  constructor(isOrdered: boolean) {
    this.#isOrdered = isOrdered;
  }

  /** How many chunks are here, with the one that is being delivered. */
  get size(): number {
    return this.#parts.size + this.#delivering;
  }

  add(number: number, results: ItemList): void {
    this.#parts.set(number, results);
  }

  /** Removes and returns the next results to deliver. They count as being here until `delivered`. */
  take(): ItemList | undefined {
    const [next = -1] = this.#isOrdered ? [this.#delivered] : this.#parts.keys();
    const part = this.#parts.get(next);
    if (part !== undefined) this.#delivering = 1;
    this.#parts.delete(next);
    return part;
  }

  delivered(): void {
    this.#delivering = 0;
    this.#delivered++;
  }

  /** Returns all results, in the order in which they are to be delivered. */
  all(): ItemList[] {
    const parts = [...this.#parts];
    if (this.#isOrdered) parts.sort(([a], [b]) => a - b);
    return parts.map(([, part]) => part);
  }
}
