import { now, setImmediate } from '../../base/clock.js';
import { whenSettled } from '../../base/promises.js';
import { ofThisVersion } from '../../base/version.js';

/**
 * One wakeup word for each thread, in a table that all threads of the process share. A thread that changes shared words
 * wakes the threads that may wait for them; a woken thread, whether it blocks or runs its event loop, checks again
 * everything it waits for. So no wait is tied to one address: a blocked thread can be woken by a lock, a token or the
 * cancel of its own job.
 *
 * The protocol is Dekker's: a waiter announces itself, then checks its condition; a writer changes the condition, then
 * checks for waiters. Whatever the order, at least one of the two sees the other.
 */
interface Wakeups {
  /** The table: {@link HEADER} words, then {@link ENTRY} words for each thread. */
  words: Int32Array;
  /** This thread's index in the table. */
  thread: number;
  /** Called when this thread is woken in its event loop. */
  readonly checks: Set<() => void>;
  /** Whether an `Atomics.waitAsync` on this thread's word is pending. */
  isArmed: boolean;
  blockListener: BlockListener;
}

/** Called when this thread is about to block, and when it has blocked. */
export interface BlockListener {
  blocks(): void;
  resumes(): void;
}

const NOBODY: BlockListener = { blocks: () => {}, resumes: () => {} };

const MAX_THREADS = 1024;
const HEADER = 4;
/** How many entries were ever used. */
const USED = 0;
const ENTRY = 4;
// Words of an entry
/** Counts wakeups: the word that the thread waits on. */
const COUNT = 0;
/** How the thread waits: `BLOCKED`, `LISTENING`, their sum, or 0. */
const WAITS = 1;
/** The index of the thread that started this one, plus 1; 0 if the entry is free. */
const PARENT = 2;

const BLOCKED = 1;
const LISTENING = 2;

const KEY = Symbol.for(ofThisVersion('wakeups'));
const globals = globalThis as typeof globalThis & { [KEY]?: Wakeups };

function createWakeups(): Wakeups {
  const words = new Int32Array(new SharedArrayBuffer((HEADER + ENTRY * MAX_THREADS) * Int32Array.BYTES_PER_ELEMENT));
  words[USED] = 1;
  words[HEADER + PARENT] = 1; // the first thread is its own parent
  return sealed({ words, thread: 0, checks: new Set(), isArmed: false, blockListener: NOBODY });
}

/** Sealed: a test runner may clear what it finds on the global object after a file, while this is still in use. */
function sealed(own: Wakeups): Wakeups {
  return Object.seal(own);
}

/** The one object of this thread, however many copies of the library are loaded in it. Created when first needed. */
function wakeups(): Wakeups {
  globals[KEY] ??= createWakeups();
  return globals[KEY];
}

function entryOf(thread: number): number {
  return HEADER + ENTRY * thread;
}

/** Returns the index of this thread. */
export function ownWakeup(): number {
  return wakeups().thread;
}

/** Returns the table, for a thread that is to join it. */
export function wakeupTable(): Int32Array {
  return wakeups().words;
}

/** Makes this thread the one with the index `thread`. Called before anything else in a worker. */
export function joinWakeups(words: Int32Array, thread: number): void {
  const known = globals[KEY];
  const checks = known?.checks ?? new Set();
  globals[KEY] = sealed({ words, thread, checks, isArmed: false, blockListener: NOBODY });
  if (globals[KEY].checks.size > 0) listen(globals[KEY]);
}

/**
 * Claims an index for a thread that this one starts.
 *
 * @throws {RangeError} if 1024 threads have one.
 */
export function claimWakeup(): number {
  const { words, thread } = wakeups();
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

/** Returns the indexes of the thread and of all that it has started, directly or not: they end together. */
export function threadsUnder(thread: number): number[] {
  const { words } = wakeups();
  const found = [thread];
  const used = Atomics.load(words, USED);
  for (const parent of found)
    for (let other = 0; other < used; other++)
      if (other !== parent && !found.includes(other) && Atomics.load(words, entryOf(other) + PARENT) === parent + 1)
        found.push(other);
  return found;
}

/** Frees the indexes of threads that have exited. */
export function freeWakeups(threads: readonly number[]): void {
  const { words } = wakeups();
  for (const thread of threads) {
    Atomics.store(words, entryOf(thread) + WAITS, 0);
    Atomics.store(words, entryOf(thread) + PARENT, 0);
  }
}

/** Wakes a thread if it waits. */
export function wake(thread: number): void {
  const { words } = wakeups();
  if (Atomics.load(words, entryOf(thread) + WAITS) !== 0) wakeOne(words, thread);
}

/** Wakes all other threads that wait. */
export function wakeOthers(): void {
  wakeThose(BLOCKED | LISTENING);
}

/** Wakes all threads that wait, this one too: after a death, as the dead thread may have changed words without waking others. */
export function wakeAll(): void {
  wakeOthers();
  for (const check of wakeups().checks) check();
}

/** Wakes all other threads that block. */
export function wakeBlocked(): void {
  wakeThose(BLOCKED);
}

function wakeThose(waits: number): void {
  const { words, thread } = wakeups();
  const used = Atomics.load(words, USED);
  for (let other = 0; other < used; other++)
    if (other !== thread && (Atomics.load(words, entryOf(other) + WAITS) & waits) !== 0) wakeOne(words, other);
}

function wakeOne(words: Int32Array, thread: number): void {
  Atomics.add(words, entryOf(thread) + COUNT, 1);
  Atomics.notify(words, entryOf(thread) + COUNT);
}

/**
 * Calls `check` from the event loop whenever this thread is woken, until `unwatch`. Changes made before this call are
 * not reported, so check once after it. Does not keep the process alive.
 */
export function watch(check: () => void): void {
  const own = wakeups();
  own.checks.add(check);
  const at = entryOf(own.thread) + WAITS;
  if ((Atomics.load(own.words, at) & LISTENING) === 0) Atomics.add(own.words, at, LISTENING);
  if (!own.isArmed) listen(own);
}

export function unwatch(check: () => void): void {
  const own = wakeups();
  own.checks.delete(check);
  if (own.checks.size > 0) return;
  const at = entryOf(own.thread) + WAITS;
  if ((Atomics.load(own.words, at) & LISTENING) !== 0) Atomics.sub(own.words, at, LISTENING);
}

/** Listens for the next wakeup, and runs all checks for changes made before. */
function listen(own: Wakeups): void {
  if (own.checks.size === 0) return;
  const at = entryOf(own.thread) + COUNT;
  const seen = Atomics.load(own.words, at);
  own.isArmed = true; // before the checks, which may call `watch`: that must not listen a second time
  for (const check of own.checks) check();
  const woken = Atomics.waitAsync(own.words, at, seen);
  const again = (): void => {
    own.isArmed = false;
    listen(own);
  };
  if (woken.async) void whenSettled(woken.value, again, again);
  else setImmediate(again); // woken in between
}

export function setBlockListener(listener: BlockListener): void {
  wakeups().blockListener = listener;
}

/**
 * Blocks this thread until `isMet` returns true (`true`) or `timeoutMs` has passed (`false`), never sooner. An error
 * thrown by `isMet` ends the wait.
 */
export function block(isMet: () => boolean, timeoutMs: number): boolean {
  const { words, thread, blockListener } = wakeups();
  const at = entryOf(thread);
  const dueAtMs = now() + timeoutMs;
  let isReported = false;
  Atomics.add(words, at + WAITS, BLOCKED);
  try {
    for (;;) {
      const seen = Atomics.load(words, at + COUNT);
      if (isMet()) return true;
      const remainingMs = dueAtMs - now();
      if (remainingMs <= 0) return false;
      if (!isReported) {
        isReported = true;
        blockListener.blocks();
      }
      Atomics.wait(words, at + COUNT, seen, remainingMs);
    }
  } finally {
    Atomics.sub(words, at + WAITS, BLOCKED);
    if (isReported) blockListener.resumes();
  }
}
