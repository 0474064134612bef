import { packed } from '../../base/packed-numbers.js';

/** Any kind of typed array. */
export type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** Items or results: an array or a typed array. */
export type ItemList = ArrayLike<unknown>;

/** The items of one job of a map, and where their results go. */
export interface Chunk {
  readonly items: ItemList;
  /** `undefined` for a new list, `'same'` for a new typed array of the items' kind, or a shared array to write to. */
  readonly target: undefined | 'same' | TypedArray;
}

/** Where a map's items come from. */
export interface ItemSource {
  /** How many items there are, if known. */
  readonly length: number | undefined;
  /** Maximum number of items to read at once. */
  readonly most: number;
  /** Reads up to `max` items; returns `undefined` at the end. Throws what the iterable throws. */
  read(max: number): Chunk | undefined | Promise<Chunk | undefined>;
  /** Ends the iterable, as no more will be read. */
  close(): void;
  /** Returns the list of all results. */
  collect(parts: readonly ItemList[]): unknown;
}

/** Most items of a chunk that is copied, as the copy delays both threads. */
export const MOST_COPIED = 2 ** 16;

export function chunkOf(items: readonly unknown[]): Chunk {
  return { items: packed(items), target: undefined };
}

export function lengthOf(parts: readonly ItemList[]): number {
  return parts.reduce((length, part) => length + part.length, 0);
}

export function flatten(parts: readonly ItemList[]): unknown[] {
  const all = new Array<unknown>(lengthOf(parts));
  let end = 0;
  for (const part of parts) for (let i = 0; i < part.length; i++) all[end++] = part[i];
  return all;
}
