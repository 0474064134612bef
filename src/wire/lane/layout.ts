/** How many jobs a worker can have, begun or not: its slots, and the entries of its request lane. */
export const CAPACITY = 4096;
export const MASK = CAPACITY - 1;

/** Longest entry of a lane, in 32-bit words, for which there is always room. */
export const SHORT_ENTRY_WORDS = 32;
/** Longest entry without a value in the lane: head and stamp. */
const BARE_ENTRY_WORDS = 4;
/**
 * Longest answer for which there is always room. Less than a short entry, as a job may write three bare ones before it that must
 * not wait: that it has started, that its token is cancelled, and a batch of what waited for room.
 */
export const SHORT_ANSWER_WORDS = SHORT_ENTRY_WORDS - 3 * BARE_ENTRY_WORDS;
/** Longest entry of a lane. Longer values go by message. */
export const LONG_ENTRY_WORDS = 1024;

/** Length of a lane. Half of it is kept for `CAPACITY` short entries, so that there is always room for jobs and results. */
export const LANE_WORDS = 2 * CAPACITY * SHORT_ENTRY_WORDS;
/** The other half, for long entries and reports. */
export const LONG_WORDS = LANE_WORDS / 2;

/** Size of the memory for strings beside the request lane. They are written in batches of at most `TEXT_CHARS` characters. */
export const TEXT_BYTES = 2 ** 18;
export const TEXT_CHARS = 2048;
const LONGEST_TEXT_WORDS = TEXT_CHARS / 2 + 1;

/** Words of a worker's control block. Words of different writers are a cache line apart; each comment ends with the writer. */
export const Control = Object.freeze({
  /** Entries written to the request lane: main. */
  REQUEST_TAIL: 0,
  /** Entries and words read from the request lane: worker. */
  REQUESTS_READ: 16,
  REQUEST_WORDS_READ: 17,
  /** Bytes read of the strings beside it: worker. */
  TEXT_BYTES_READ: 18,
  /** Entries written to the result lane: worker. */
  RESULT_TAIL: 32,
  /** 1 once the worker takes jobs: worker. */
  IS_UP: 33,
  /** Words read from the result lane: main. */
  RESULT_WORDS_READ: 48,
  /** How the worker waits: one of {@link Parked}; both sides. */
  PARKED: 64,
  /** 1 if starts of jobs are to be announced: main. */
  ANNOUNCE_STARTS: 80,
  /** 1 once the child process has ended, if there is one: worker. */
  PROCESS_ENDED: 81,
  LENGTH: 96,
} as const);

/** How a worker that has nothing to do waits. */
export const Parked = Object.freeze({
  /** Not at all: the worker polls its lane. */
  NO: 0,
  /** In its event loop: to be woken by a message. */
  IN_EVENT_LOOP: 1,
  /** In `Atomics.wait` on the request tail, for up to 2 ms: to be woken by `Atomics.notify`. */
  IN_WAIT: 2,
  /** Not for jobs: code of a job blocks the thread to wait for another. */
  BLOCKED: 3,
} as const);

/** Index of the pool's one control word, which says how the main thread waits: one of {@link MainParked}. */
export const MAIN_PARKED = 0;

/** How the main thread waits in its event loop. */
export const MainParked = Object.freeze({
  /** Not at all: it polls the result lanes. */
  NO: 0,
  /** Until a worker rings, as it does for answers. */
  UNTIL_RUNG: 1,
  /** Until a timer, which is soon enough for answers: workers ring only for what cannot wait. */
  UNTIL_TIMER: 2,
} as const);

/** The shared memory of one worker. */
export interface WorkerMemory {
  readonly control: Int32Array;
  readonly slots: Int32Array;
  /** When the job of each slot began: two words for a float. */
  readonly begins: Int32Array;
  readonly requests: Int32Array;
  /** Strings of the request lane's entries, in batches. */
  readonly texts: Int32Array;
  readonly results: Int32Array;
}

function shared(words: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(words * Int32Array.BYTES_PER_ELEMENT));
}

export function createMemory(): WorkerMemory {
  return {
    control: shared(Control.LENGTH),
    slots: shared(CAPACITY),
    begins: shared(2 * CAPACITY),
    // entries and batches are contiguous: the last one may run past the end, into these words
    requests: shared(LANE_WORDS + LONG_ENTRY_WORDS),
    texts: shared(TEXT_BYTES / Int32Array.BYTES_PER_ELEMENT + LONGEST_TEXT_WORDS),
    results: shared(LANE_WORDS + LONG_ENTRY_WORDS),
  };
}
