const { getBuiltinModule } = process; // `node:os` is loaded only by threads that make a queue

// Words of the head. The permits change most: the others are in other cache lines, which are fetched in pairs.
/** Free permits; if they are for waiters only, the bits above `PERMITS_BITS` count how often some were added. */
export const PERMITS = 0;
/** How many tickets were drawn. A ticket is a waiter's position in the queue. */
const TICKETS = 32;
/** How many waiters are neither served nor have left. */
export const WAITERS = 33;
/** How many blocks were ever used. */
export const BLOCKS = 34;
/** 1 from when a thread dies with a permit until the next holder notices. */
export const ABANDONED = 35;
/** How many words the head takes. */
export const HEAD_WORDS = 40;

// Words of a block, which contains one thread's waiters and permits. Three of them are accounts: see `WaitQueue`.
/** The number of the thread's wakeup word, plus 1; 0 if the block is free. */
export const THREAD = 0;
/** Account: how many permits the thread has leased. They go back if it dies. */
export const LEASED = 1;
/** Account: how many of `WAITERS` are in no cell, and are the thread's to subtract. */
export const UNSHOWN = 2;
/** Account: how many permits the thread has taken for waiters, and not granted yet. */
export const IN_HAND = 3;
/** Cells, for the thread's first waiters: 0, the ticket of a waiter, or the negated ticket of one that was granted a permit. */
export const CELLS = 4;
export const CELLS_EACH = 4;
export const BLOCK = CELLS + CELLS_EACH;
/** In place of a block, for threads that have found none free: their accounts are then words of the head that nobody reads. */
export const NO_BLOCK = HEAD_WORDS - 1 - IN_HAND;

/**
 * How many bits of `PERMITS` count permits, if these are for waiters only. The bits above change with every
 * `addForWaiters`, so that removing a surplus permit never takes one just added for a later waiter.
 */
const PERMITS_BITS = 20;
export const PERMITS_MASK = (1 << PERMITS_BITS) - 1;
export const ONE_ADDITION = 1 << PERMITS_BITS;

/** Fewest threads that a queue has blocks for. */
const MIN_THREADS = 64;
const LARGEST_TICKET = 2 ** 31 - 1;

/** Returns the shared memory of a new queue. */
export function waitQueueWords(permits: number): Int32Array {
  const threads = Math.max(MIN_THREADS, 4 * getBuiltinModule('node:os').availableParallelism());
  const words = new Int32Array(new SharedArrayBuffer((HEAD_WORDS + BLOCK * threads) * Int32Array.BYTES_PER_ELEMENT));
  words[PERMITS] = permits;
  return words;
}

/** Whether a ticket was drawn before another. Tickets wrap. */
export function isBefore(ticket: number, other: number): boolean {
  return (ticket - other) << 1 < 0;
}

/** Draws the next ticket: 1 or more. */
export function drawTicket(words: Int32Array): number {
  const drawn = (Atomics.add(words, TICKETS, 1) + 1) & LARGEST_TICKET;
  return drawn === 0 ? drawTicket(words) : drawn;
}

/** Claims a block for a thread, or finds the one it has. Returns its index among the words; -1 if all are taken. */
export function claimBlock(words: Int32Array, thread: number): number {
  const owned = thread + 1;
  for (let block = HEAD_WORDS; block < words.length; block += BLOCK) {
    const owner = Atomics.load(words, block + THREAD);
    if (owner !== owned && (owner !== 0 || Atomics.compareExchange(words, block + THREAD, 0, owned) !== 0)) continue;
    noteUse(words, (block - HEAD_WORDS) / BLOCK + 1);
    return block;
  }
  return -1;
}

function noteUse(words: Int32Array, blocks: number): void {
  for (;;) {
    const used = Atomics.load(words, BLOCKS);
    if (used >= blocks || Atomics.compareExchange(words, BLOCKS, used, blocks) === used) return;
  }
}
