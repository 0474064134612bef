/** How many jobs a worker can hold, begun or not: the slots of its table and the entries of its request lane. */
export const CAPACITY = 4096;
export const MASK = CAPACITY - 1;

/** An entry of a lane up to this length, in 32-bit words, always has room. */
export const SHORT_ENTRY_WORDS = 32;
/** The longest entry: what does not fit goes by message. */
export const LONG_ENTRY_WORDS = 1024;

/** Half of a lane is kept free for `CAPACITY` short entries, so that it is never full for jobs and results. */
export const LANE_WORDS = 2 * CAPACITY * SHORT_ENTRY_WORDS;
/** Long entries, and reports, may take the other half. */
export const LONG_WORDS = LANE_WORDS / 2;

/** Room beside the request lane for strings, in batches of up to so many characters. */
export const TEXT_BYTES = 2 ** 18;
export const TEXT_CHARS = 2048;
const LONGEST_TEXT_WORDS = TEXT_CHARS / 2 + 1;

/** Words of a worker's control block, a cache line apart. The side named last writes it. */
export const Control = Object.freeze({
  /** Entries written to the request lane: main. */
  REQUEST_TAIL: 0,
  /** Entries read from the request lane, and their words: worker. */
  REQUESTS_READ: 16,
  REQUEST_WORDS_READ: 17,
  /** And of the strings beside it. */
  TEXT_BYTES_READ: 18,
  /** Entries written to the result lane: worker. */
  RESULT_TAIL: 32,
  /** 1 once it takes jobs: worker. */
  IS_UP: 33,
  /** Words read from the result lane: main. */
  RESULT_WORDS_READ: 48,
  /** How the worker waits: one of {@link Parked}; both sides. */
  PARKED: 64,
  /** 1 when starts are to be announced: main. */
  ANNOUNCE_STARTS: 80,
  /** 1 when the child process, where there is one, has ended: worker. */
  PROCESS_ENDED: 81,
  LENGTH: 96,
} as const);

/** How a worker that has nothing to do waits. */
export const Parked = Object.freeze({
  /** It does not: it looks by itself. */
  NO: 0,
  /** In its event loop: ring its port. */
  IN_EVENT_LOOP: 1,
  /** In `Atomics.wait` on the request tail, for a moment: notify. */
  IN_WAIT: 2,
  /** Not for jobs: one of its own blocks it, to wait for another thread. */
  BLOCKED: 3,
} as const);

/** The pool's one control word, by which workers see how the main thread waits: one of {@link MainParked}. */
export const MAIN_PARKED = 0;

/** How the main thread waits in its event loop. */
export const MainParked = Object.freeze({
  /** It does not: it looks by itself. */
  NO: 0,
  /** Ring for answers. */
  UNTIL_RUNG: 1,
  /** It will wake and look by itself, soon enough for answers: ring for what cannot wait. */
  UNTIL_TIMER: 2,
} as const);

/** The shared memory of one worker. */
export interface WorkerMemory {
  readonly control: Int32Array;
  readonly slots: Int32Array;
  readonly requests: Int32Array;
  /** Beside the lane: strings of its entries. */
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
    // an entry, or a batch, is contiguous: the last one may run past the end, into these words
    requests: shared(LANE_WORDS + LONG_ENTRY_WORDS),
    texts: shared(TEXT_BYTES / Int32Array.BYTES_PER_ELEMENT + LONGEST_TEXT_WORDS),
    results: shared(LANE_WORDS + LONG_ENTRY_WORDS),
  };
}
