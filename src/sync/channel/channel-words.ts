// Words of a channel's ring. Senders and receivers write to different cache lines (64 bytes, which are fetched in pairs).

/** How many values were received. Wraps. */
export const HEAD = 0;
/** Held by the thread that receives. */
export const RECEIVE_LOCK = 1;
/** What that thread has begun and has to complete: a `Debt`. */
export const RECEIVE_DEBT = 2;
/** How many permits of `room` are due, for values that were received, and not yet added: see `ChannelRing`. */
export const ROOM_DUE = 3;
/** How many values were sent. Wraps. */
export const TAIL = 32;
/** Held by the thread that sends, or closes. */
export const SEND_LOCK = 33;
/** 1 once nothing more can be sent. */
export const IS_CLOSED = 34;
/** What the thread that holds `SEND_LOCK` has begun and has to complete: a `Debt`. */
export const SEND_DEBT = 35;
/** How many permits of `items` are due, for values that were sent, and not yet added. */
export const ITEMS_DUE = 36;
export const SLOTS = 64;

// Words of a slot
/** What the value is: a `ValueTag`. */
export const TAG = 0;
/** Position behind the bytes of this value and all before it. Wraps. */
export const END = 1;
/** A number, in two words. */
export const NUMBER = 2;
/** Where the bytes of any other value begin, and how many there are. */
export const START = 2;
export const LENGTH = 3;
export const SLOT = 4;

/** What a value is. */
export const ValueTag = { NUMBER: 0, UNDEFINED: 1, NULL: 2, TRUE: 3, FALSE: 4, BYTES: 5 } as const;
export type ValueTag = (typeof ValueTag)[keyof typeof ValueTag];

/** How many permits are added to `items` and to `room` when a channel is closed, so that no thread waits any more. */
export const CLOSED_PERMITS = 2 ** 29;

/**
 * What the holder of a lock still owes. It writes this plainly, right after the operation that makes it owe (see `WaitQueue`);
 * if it dies, another thread pays.
 */
export const Debt = {
  NONE: 0,
  /** A permit of `room`. */
  ROOM: 1,
  /** A permit of `items`. */
  ITEM: 2,
  /** `CLOSED_PERMITS`, to `items` and `room`. */
  CLOSE: 3,
  /** `CLOSED_PERMITS`, to `room`. */
  CLOSE_ROOM: 4,
} as const;
export type Debt = (typeof Debt)[keyof typeof Debt];

/** The shared memory of a ring. */
export interface RingMemory {
  readonly words: Int32Array;
  /** The memory of `words`. */
  readonly floats: Float64Array;
  readonly bytes: Uint8Array;
  /** How many slots there are: a power of two, no less than the capacity. */
  readonly slots: number;
}

export function ringMemory(capacity: number, maxBytes: number): RingMemory {
  const slots = powerOfTwo(capacity);
  const words = new Int32Array(new SharedArrayBuffer((SLOTS + SLOT * slots) * Int32Array.BYTES_PER_ELEMENT));
  return {
    words,
    floats: new Float64Array(words.buffer),
    bytes: new Uint8Array(new SharedArrayBuffer(powerOfTwo(maxBytes))),
    slots,
  };
}

/** Returns the smallest power of two that is not less than `count`. */
function powerOfTwo(count: number): number {
  let power = 1;
  while (power < count) power *= 2;
  return power;
}
