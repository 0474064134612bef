import { now } from '../base/clock.js';

/** Of the uncaught errors of no job, so many are told in so long a time. */
const MAX_TOLD = 100;
const WINDOW_MS = 1000;
/** In more turns of the event loop than this, within that time, no timer can throw: it is the turn itself that does. */
const MAX_TURNS = 2 * WINDOW_MS;
/** Longest time in which such errors come and the event loop does not turn. */
const DEAF_MS = 200;

/** Node.js calls it as it finds it, at the end of each callback: where it throws, the event loop spins for ever. */
function endsCallbacks(): boolean {
  try {
    Reflect.get([], 'pop').call([]);
    return true;
  } catch {
    return false;
  }
}

/** What is to be done about an uncaught error: it is `told`, or is one too many, or shows that the thread is `broken`. */
export type LateErrorVerdict = 'told' | 'dropped' | 'broken';

/**
 * The uncaught errors of no job in a thread. Where they come without end it is what Node.js itself calls that is broken: at
 * each turn of the event loop, or so that it does not turn at all.
 */
export class LateErrors {
  #count = 0;
  #turns = 0;
  #sinceMs = Number.NEGATIVE_INFINITY;
  #turnSinceMs = 0;
  #isTurnAwaited = false;

  /** One has come. */
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
    const isBroken = this.#turns > MAX_TURNS || (this.#count > MAX_TOLD && nowMs - this.#turnSinceMs > DEAF_MS);
    this.#count++;
    if (isBroken) return 'broken';
    return this.#count <= MAX_TOLD ? 'told' : 'dropped';
  }
}
