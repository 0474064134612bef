import { packed } from '../../base/packed-numbers.js';

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

/** Items, or results: an array or a typed array. */
export type List = ArrayLike<unknown>;

/** What one job of a map is given: the items, and where their results go. */
export interface Chunk {
  readonly items: List;
  /** `undefined`: a list of its own. `'same'`: a typed array of the items' kind. Or this one, shared. */
  readonly target: undefined | 'same' | TypedArray;
}

/** Where a map's items come from. */
export interface Source {
  /** How many items there are, where that is known. */
  readonly length: number | undefined;
  /** How many items are to be read at once, at most. */
  readonly most: number;
  /** Reads up to `max` items; `undefined` at the end. What the iterable throws, it throws. */
  read(max: number): Chunk | undefined | Promise<Chunk | undefined>;
  /** Tells the iterable that no more will be read. */
  close(): void;
  /** The list of all results. */
  collect(parts: readonly List[]): unknown;
}

/** Both threads are held up while items are copied. */
export const MOST_COPIED = 2 ** 16;

export function chunkOf(items: readonly unknown[]): Chunk {
  return { items: packed(items), target: undefined };
}

export function lengthOf(parts: readonly List[]): number {
  return parts.reduce((length, part) => length + part.length, 0);
}

export function flatten(parts: readonly List[]): unknown[] {
  const all = new Array<unknown>(lengthOf(parts));
  let end = 0;
  for (const part of parts) for (let i = 0; i < part.length; i++) all[end++] = part[i];
  return all;
}
