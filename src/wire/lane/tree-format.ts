/**
 * Plain values in place: objects made by literals, arrays, strings, numbers, booleans, null, undefined and dates, nested;
 * and, where the other side keeps it, shared memory. They arrive exactly as a structured clone makes them, several times
 * faster; what this codec cannot carry so (class instances, cycles, anything referred to twice, holes, ...) it refuses, and
 * a structured clone carries it.
 *
 * A value is one 32-bit word, its kind and a number, and what follows. An object's keys are sent once, as a shape.
 */
export const Kind = Object.freeze({
  UNDEFINED: 0,
  NULL: 1,
  TRUE: 2,
  FALSE: 3,
  /** The number itself, 28 bits with its sign. */
  INTEGER: 4,
  /** Two words follow. */
  DOUBLE: 5,
  DATE: 6,
  /** Its length; its characters follow, a byte each. */
  LATIN1: 7,
  /** The same, two bytes each. */
  UTF16: 8,
  /** Its length; its items follow. */
  ARRAY: 9,
  /** Its shape; its values follow. */
  OBJECT: 10,
  /** The number of its keys; they follow as strings, then its values. The next free shape is theirs. */
  NEW_SHAPE: 11,
  /** Its type; the number of its buffer, and as doubles its offset and its length follow. */
  SHARED: 12,
} as const);

export const KIND_BITS = 4;

export const KIND_MASK = (1 << KIND_BITS) - 1;

export const MAX_INTEGER = 2 ** 27 - 1;

export const WORD_BYTES = Int32Array.BYTES_PER_ELEMENT;

export const SHARED_WORDS = 6;

export const MAX_DEPTH = 16;

export const MAX_KEYS = 64;

export const MAX_SHAPES = 256;

export const MAX_ITEMS = 64;

/** A string up to this length is written character by character; a call into the runtime costs more. */
export const SHORT_STRING = 32;

export const BEYOND_LATIN1 = /[^\0-\xff]/;

export const float = new Float64Array(1);

export const halves = new Int32Array(float.buffer);

export type Shape = readonly string[];

export type Plain = Record<string, unknown>;

/** Thrown for a value that the codec does not carry. Never seen outside; made once, as a stack costs more than a clone. */
export const REFUSED = new Error('Refused');

export function stringWords(bytes: number): number {
  return (bytes + WORD_BYTES - 1) >> 2;
}

/** Where the codec writes and reads: 32-bit words, and the same memory as bytes. */
export interface TreeMemory {
  readonly words: Int32Array;
  readonly bytes: Buffer;
}
