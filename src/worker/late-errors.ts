import { now } from '../base/clock.js';

/** How many uncaught errors of no job are reported in `WINDOW_MS`. */
const MAX_REPORTED = 100;
const WINDOW_MS = 1000;
/** Most turns of the event loop in `WINDOW_MS` in which timers can throw. If more do, the turn itself is broken. */
const MAX_TURNS = 2 * WINDOW_MS;
/** Longest time, in ms, for which such errors may occur without a turn of the event loop. */
const DEAF_MS = 200;

/** Whether Node.js can end a callback: it then calls `Array.prototype.pop`. If that throws, the event loop spins forever. */
function endsCallbacks(): boolean {
  try {
    Reflect.get([], 'pop').call([]);
    return true;
  } catch {
    return false;
  }
}

/** What to do about an uncaught error: report it, drop it as one too many, or end the thread, as its event loop is broken. */
export type LateErrorVerdict = 'report' | 'drop' | 'broken';

/**
 * Counts a thread's uncaught errors of no job. If they come without end, something that Node.js itself calls is broken: it throws in
 * each turn of the event loop, or keeps the event loop from turning.
 */
export class LateErrors {
  #count = 0;
  #turns = 0;
  #sinceMs = Number.NEGATIVE_INFINITY;
  #turnSinceMs = 0;
  #isTurnAwaited = false;

  /** Counts an error. Returns what to do about it. */
  add(): LateErrorVerdict {
    if (!endsCallbacks()) return 'broken';
    const nowMs = now();
    if (nowMs - this.#sinceMs > WINDOW_MS) {
      this.#sinceMs = nowMs;
      this.#count = 0;
      this.#turns = 0;
    }
    if (!this.#isTurnAwaited) {
      this.#isTurnAwaited = true;
      this.#turnSinceMs = nowMs;
      this.#turns++;
      setImmediate(() => {
        this.#isTurnAwaited = false;
      });
    }
    const isBroken = this.#turns > MAX_TURNS || (this.#count > MAX_REPORTED && nowMs - this.#turnSinceMs > DEAF_MS);
    this.#count++;
    if (isBroken) return 'broken';
    return this.#count <= MAX_REPORTED ? 'report' : 'drop';
  }
}
