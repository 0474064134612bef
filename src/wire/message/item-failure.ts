/** Thrown instead of what an item's call has thrown: encoded as that, with the item's index. */
export class ItemFailure {
  readonly item: number;
  readonly thrown: unknown;

  constructor(item: number, thrown: unknown) {
    this.item = item;
    this.thrown = thrown;
  }
}

/** Returns what the task's code has thrown. */
export function thrownBy(error: unknown): unknown {
  return error instanceof ItemFailure ? error.thrown : error;
}
