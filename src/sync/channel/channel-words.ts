// Words of a channel's ring. Senders and receivers write to different cache lines (64 bytes, which are fetched in pairs).

/** How many values were received, from bit `POSITION_BITS` on, wrapping; below, the lock of receivers: see `short-lock`. */
export const RECEIVED = 0;
/** `SENT` when a receiver last read it. */
export const SENT_SEEN = 1;
/** How many values are set apart: there is a permit of `items` for each. */
export const ITEMS_APART = 2;
/** How many values were sent, as in `RECEIVED`; below, the lock of senders, which also closes. */
export const SENT = 32;
/** `RECEIVED` when a sender last read it. */
export const RECEIVED_SEEN = 33;
/** How many free places are set apart: there is a permit of `room` for each. */
export const ROOM_APART = 34;
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

// Bits of `SENT` and `RECEIVED`
/** A thread holds the lock. */
export const HELD = 1;
/** A thread may sleep until the lock is free. */
export const SLEEPS = 2;
/** A thread of the holder's own side waits for a permit: who unlocks sets it apart, if it can. */
export const ASKED = 4;
/** A thread of the other side waits for what the next holder does: who does it sets it apart. */
export const AWAITED = 8;
/** Nothing more can be sent: a bit of `SENT` only. */
export const CLOSED = 16;
export const POSITION_BITS = 5;
export const ONE = 1 << POSITION_BITS;
export const POSITION = -ONE;

/** How many permits are added to `items` and to `room` when a channel is closed, so that no thread waits any more. */
export const CLOSED_PERMITS = 2 ** 29;

/**
 * What a thread does with a lock: in a word of its own, which it writes plainly, right after the operation that changes it (see
 * `WaitQueue`). If it dies, another thread completes that, and unlocks.
 */
export const Hold = {
  NONE: 0,
  /** Nothing is begun. */
  LOCK: 1,
  /** The channel is closed: `CLOSED_PERMITS` are owed to `items` and `room`. */
  CLOSE: 2,
  /** They are owed to `room`. */
  CLOSE_ROOM: 3,
} as const;
export type Hold = (typeof Hold)[keyof typeof Hold];

/** Most threads of a process: see `Wakeups`. */
const MAX_THREADS = 1024;

/** The shared memory of a ring. */
export interface RingMemory {
  readonly words: Int32Array;
  /** The memory of `words`. */
  readonly floats: Float64Array;
  readonly bytes: Uint8Array;
  /** How many slots there are: a power of two, no less than the capacity. */
  readonly slots: number;
  readonly capacity: number;
  /** By thread, what it does as a sender: a `Hold`. */
  readonly senders: Int32Array;
  /** By thread, what it does as a receiver: a `Hold`. */
  readonly receivers: Int32Array;
}

export function ringMemory(capacity: number, maxBytes: number): RingMemory {
  const slots = powerOfTwo(capacity);
  const words = wordsOf(SLOTS + SLOT * slots);
  return {
    words,
    floats: new Float64Array(words.buffer),
    bytes: new Uint8Array(new SharedArrayBuffer(powerOfTwo(maxBytes))),
    slots,
    capacity,
    senders: wordsOf(MAX_THREADS),
    receivers: wordsOf(MAX_THREADS),
  };
}

function wordsOf(count: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(count * Int32Array.BYTES_PER_ELEMENT));
}

/** Returns the smallest power of two that is not less than `count`. */
function powerOfTwo(count: number): number {
  let power = 1;
  while (power < count) power *= 2;
  return power;
}

/** How many values there are from one position to a later one. */
export function between(earlier: number, later: number): number {
  return ((later & POSITION) - (earlier & POSITION)) >> POSITION_BITS;
}
