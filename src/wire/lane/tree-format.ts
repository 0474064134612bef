/**
 * The format of plain values in a lane: object literals, arrays, strings, numbers, booleans, null, undefined and dates, nested,
 * and shared memory that the other side keeps. They arrive exactly as a structured clone makes them, several times faster. The
 * codec refuses what it cannot carry like that, such as class instances, cycles, objects referred to twice, and holes: these go by
 * structured clone.
 *
 * A value is one 32-bit word, its kind and a number, and what follows that. An object's keys are sent once, as a shape. Strings are
 * in batches behind the values, as a call into the runtime that copies one takes as long as one that copies thirty.
 */
export const Kind = Object.freeze({
  UNDEFINED: 0,
  NULL: 1,
  TRUE: 2,
  FALSE: 3,
  /** Number: the integer itself, 28 bits with its sign. */
  INTEGER: 4,
  /** Two words follow. */
  DOUBLE: 5,
  DATE: 6,
  /** Number: the length. The characters follow, a byte each. */
  LATIN1: 7,
  /** Number: the length. The characters follow, two bytes each. */
  UTF16: 8,
  /** Number: the length. The items follow. */
  ARRAY: 9,
  /** Number: the shape. The values follow. */
  OBJECT: 10,
  /** Number: how many keys. They follow as strings, then the values. The keys become the next free shape. */
  NEW_SHAPE: 11,
  /** Number: the type. The buffer's number follows, and as doubles the offset and the length. */
  SHARED: 12,
  /** Number: the length. The characters are in a batch of strings behind the tree. */
  TEXT: 13,
} as const);

/** Words before the values: where the batches of strings begin, and where they end, both from this word on. */
export const TEXTS_AT = 0;
export const TREE_END = 1;
export const TREE_HEAD = 2;

export const KIND_BITS = 4;

export const KIND_MASK = (1 << KIND_BITS) - 1;

export const MAX_INTEGER = 2 ** 27 - 1;

export const WORD_BYTES = Int32Array.BYTES_PER_ELEMENT;

export const SHARED_WORDS = 6;

export const MAX_DEPTH = 16;

export const MAX_KEYS = 64;

export const MAX_SHAPES = 256;

/** Most items of an array in an entry of a lane: a value with more goes by message. */
export const MAX_ITEMS = 64;

/** Longest string that is written character by character: for these a call into the runtime costs more. */
export const SHORT_STRING = 32;

export const BEYOND_LATIN1 = /[^\0-\xff]/;

export const float = new Float64Array(1);

export const halves = new Int32Array(float.buffer);

export type Shape = readonly string[];

export type Plain = Record<string, unknown>;

/** Thrown inside the codec for a value that it does not carry. Made once, as a stack costs more than a clone. */
export const REFUSED = new Error('Refused');

export function stringWords(bytes: number): number {
  return (bytes + WORD_BYTES - 1) >> 2;
}

/** The memory that the codec writes and reads, as 32-bit words and as bytes. */
export interface TreeMemory {
  readonly words: Int32Array;
  readonly bytes: Buffer;
}
