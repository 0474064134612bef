const items = new WeakMap<object, number>();

/** Notes by which item of a list an error was thrown. */
export function setFailedItem(error: object, item: number): void {
  items.set(error, item);
}

/** Returns the index of the item of a list by which an error that came from a worker was thrown, if it was by one. */
export function failedItemOf(error: unknown): number | undefined {
  return typeof error === 'object' && error !== null ? items.get(error) : undefined;
}
