/** How a task is called for each item of a list: a sum of these, as the third argument of the list's job. */
export const EachMode = {
  /** Items after one that fails are called, too: the result is a {@link ChunkOutcome}. */
  GOES_ON: 1,
  /** Each value that a generator yields, and each element of an array that is returned, is a result of its own. */
  FLAT: 2,
} as const;

/** The results of a list of items of which some may have failed. */
export interface ChunkOutcome {
  /** By item. `undefined` if they are in a list that was given. With `FLAT`, each is the list of an item's results. */
  readonly values: ArrayLike<unknown> | undefined;
  readonly failures: readonly FailedItem[];
}

export interface FailedItem {
  /** The item's index in the list. */
  readonly item: number;
  /** What was thrown, encoded. */
  readonly error: unknown;
}
