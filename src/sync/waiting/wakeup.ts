import { now, setImmediate } from '../../base/clock.js';
import { whenSettled } from '../../base/promises.js';

/**
 * One bell for each thread, in memory that all threads of the process share. Whoever changes shared words that another
 * thread may wait for rings its bell; that thread, blocked or in its event loop, looks again at all it waits for. So no
 * wait is tied to one address: a blocked thread hears a lock, a token and the cancel of its own job alike.
 *
 * The protocol is Dekker's: who waits says so, then looks; who changes changes, then looks whether anybody waits. One of
 * the two sees the other, whatever the order.
 */
interface Bells {
  /** The table: {@link HEADER} words, then {@link ENTRY} for each thread. */
  words: Int32Array;
  /** This thread's number in it. */
  thread: number;
  /** What is looked at when this thread's bell rings. */
  readonly looks: Set<() => void>;
  /** The bell is listened for, by `Atomics.waitAsync`. */
  isArmed: boolean;
  /** Told when this thread is about to block, and when it does not any more. */
  onBlock: (isBlocked: boolean) => void;
}

const MAX_THREADS = 1024;
const HEADER = 4;
/** The word that says how many entries were ever used. */
const USED = 0;
const ENTRY = 4;
// Words of an entry
const DOORBELL = 0;
/** How the thread waits: the sum of the two below. */
const WAITS = 1;
/** 0: the entry is free. Else the number of the thread that started this one, plus 1. */
const PARENT = 2;

const BLOCKED = 1;
const LISTENING = 2;

const KEY = Symbol.for('thread-system.bells');
const globals = globalThis as typeof globalThis & { [KEY]?: Bells };

function createBells(): Bells {
  const words = new Int32Array(new SharedArrayBuffer((HEADER + ENTRY * MAX_THREADS) * Int32Array.BYTES_PER_ELEMENT));
  words[USED] = 1;
  words[HEADER + PARENT] = 1; // the first thread is its own
  return sealed({ words, thread: 0, looks: new Set(), isArmed: false, onBlock: () => {} });
}

/** A test runner may take apart, at a file's end, what was put on the global object: not this, which is still used. */
function sealed(own: Bells): Bells {
  return Object.seal(own);
}

/** One per thread, however many copies of this library are loaded in it; made when first needed. */
function bells(): Bells {
  globals[KEY] ??= createBells();
  return globals[KEY];
}

function entryOf(thread: number): number {
  return HEADER + ENTRY * thread;
}

/** The number of this thread. */
export function ownWakeup(): number {
  return bells().thread;
}

/** The table, for a thread that is to join it. */
export function wakeupTable(): Int32Array {
  return bells().words;
}

/** Makes this thread the one of that number: the first thing it does. */
export function joinWakeups(words: Int32Array, thread: number): void {
  const known = globals[KEY];
  const looks = known?.looks ?? new Set();
  globals[KEY] = sealed({ words, thread, looks, isArmed: false, onBlock: () => {} });
  if (globals[KEY].looks.size > 0) listen(globals[KEY]);
}

/**
 * A number for a thread that this one starts.
 *
 * @throws {RangeError} where 1024 threads hold one.
 */
export function claimWakeup(): number {
  const { words, thread } = bells();
  for (let other = 0; other < MAX_THREADS; other++) {
    const at = entryOf(other);
    if (Atomics.compareExchange(words, at + PARENT, 0, thread + 1) !== 0) continue;
    for (;;) {
      const used = Atomics.load(words, USED);
      if (used > other || Atomics.compareExchange(words, USED, used, other + 1) === used) return other;
    }
  }
  throw new RangeError(`Cannot start a worker: a process has at most ${MAX_THREADS} threads of this library`);
}

/** The thread and all that were started by it, or by those: they end together. */
export function threadsUnder(thread: number): number[] {
  const { words } = bells();
  const found = [thread];
  const used = Atomics.load(words, USED);
  for (const parent of found)
    for (let other = 0; other < used; other++)
      if (other !== parent && !found.includes(other) && Atomics.load(words, entryOf(other) + PARENT) === parent + 1)
        found.push(other);
  return found;
}

/** Gives back the numbers of threads that have ended. */
export function freeWakeups(threads: readonly number[]): void {
  const { words } = bells();
  for (const thread of threads) {
    Atomics.store(words, entryOf(thread) + WAITS, 0);
    Atomics.store(words, entryOf(thread) + PARENT, 0);
  }
}

/** Makes a thread look again, where it waits for anything. */
export function ring(thread: number): void {
  const { words } = bells();
  if (Atomics.load(words, entryOf(thread) + WAITS) !== 0) strike(words, thread);
}

/** Makes all other threads look again that wait for anything. */
export function ringOthers(): void {
  ringThose(BLOCKED | LISTENING);
}

/** Makes all threads look again that wait for anything: after one has died, which may have changed something unrung. */
export function ringAll(): void {
  ringOthers();
  for (const look of bells().looks) look();
}

/** Makes all other threads look again that block. */
export function ringBlocked(): void {
  ringThose(BLOCKED);
}

function ringThose(waits: number): void {
  const { words, thread } = bells();
  const used = Atomics.load(words, USED);
  for (let other = 0; other < used; other++)
    if (other !== thread && (Atomics.load(words, entryOf(other) + WAITS) & waits) !== 0) strike(words, other);
}

function strike(words: Int32Array, thread: number): void {
  Atomics.add(words, entryOf(thread) + DOORBELL, 1);
  Atomics.notify(words, entryOf(thread) + DOORBELL);
}

/**
 * Calls `look` whenever this thread's bell rings, from its event loop, until `unwatch`. A change made before the call is
 * not told: look once after it. Does not keep the process.
 */
export function watch(look: () => void): void {
  const own = bells();
  own.looks.add(look);
  const at = entryOf(own.thread) + WAITS;
  if ((Atomics.load(own.words, at) & LISTENING) === 0) Atomics.add(own.words, at, LISTENING);
  if (!own.isArmed) listen(own);
}

export function unwatch(look: () => void): void {
  const own = bells();
  own.looks.delete(look);
  if (own.looks.size > 0) return;
  const at = entryOf(own.thread) + WAITS;
  if ((Atomics.load(own.words, at) & LISTENING) !== 0) Atomics.sub(own.words, at, LISTENING);
}

/** Listens for the next stroke, and looks at what may have changed before it could be heard. */
function listen(own: Bells): void {
  if (own.looks.size === 0) return;
  const at = entryOf(own.thread) + DOORBELL;
  const seen = Atomics.load(own.words, at);
  own.isArmed = true; // before it looks: who then watches anew must not listen a second time
  for (const look of own.looks) look();
  const heard = Atomics.waitAsync(own.words, at, seen);
  const again = (): void => {
    own.isArmed = false;
    listen(own);
  };
  if (heard.async) void whenSettled(heard.value, again, again);
  else setImmediate(again); // rung meanwhile
}

/** Sets who is told when this thread blocks. */
export function setBlockListener(onBlock: (isBlocked: boolean) => void): void {
  bells().onBlock = onBlock;
}

/**
 * Blocks this thread until `isMet` says so (`true`) or `timeoutMs` have passed (`false`), never sooner. `isMet` may throw:
 * that ends the wait.
 */
export function block(isMet: () => boolean, timeoutMs: number): boolean {
  const { words, thread, onBlock } = bells();
  const at = entryOf(thread);
  const dueAtMs = now() + timeoutMs;
  let isTold = false;
  Atomics.add(words, at + WAITS, BLOCKED);
  try {
    for (;;) {
      const seen = Atomics.load(words, at + DOORBELL);
      if (isMet()) return true;
      const remainingMs = dueAtMs - now();
      if (remainingMs <= 0) return false;
      if (!isTold) {
        isTold = true;
        onBlock(true);
      }
      Atomics.wait(words, at + DOORBELL, seen, remainingMs);
    }
  } finally {
    Atomics.sub(words, at + WAITS, BLOCKED);
    if (isTold) onBlock(false);
  }
}
