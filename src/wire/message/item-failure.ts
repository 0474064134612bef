/** Wraps what the call for an item has thrown: encoded as that, with the item's index. */
export class ItemFailure {
  readonly item: number;
  readonly thrown: unknown;
  readonly #isOurs = true;

  constructor(item: number, thrown: unknown) {
    this.item = item;
    this.thrown = thrown;
  }

  /** Whether a thrown value is one: without `instanceof`, which runs code of a Proxy. */
  static is(value: unknown): value is ItemFailure {
    return typeof value === 'object' && value !== null && #isOurs in value;
  }
}

/** Returns what the task's code has thrown. */
export function thrownBy(error: unknown): unknown {
  return ItemFailure.is(error) ? error.thrown : error;
}
