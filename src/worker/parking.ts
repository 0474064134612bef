import { Control, Parked } from '../wire/lane/layout.js';
import type { RequestReader } from './request-reader.js';

/** After work, how long a worker blocks for more before it goes back to its event loop. */
const LINGER_MS = 2;
/** How many times it looks before it blocks: a round trip of a short job is faster than any wake-up. */
const LOOKS = 1000;
/** How a worker that has nothing to do waits, and says so in its control word, so that it is woken only then. */
export class Parking {
  readonly #control: Int32Array;
  readonly #requests: RequestReader;

  constructor(control: Int32Array, requests: RequestReader) {
    this.#control = control;
    this.#requests = requests;
  }

  /** Looks for more for a moment, without the event loop. True when there is. */
  linger(isRoundTrip: boolean): boolean {
    if (isRoundTrip) for (let looks = LOOKS; looks > 0; looks--) if (!this.#requests.isEmpty) return true;
    Atomics.store(this.#control, Control.PARKED, Parked.IN_WAIT);
    Atomics.wait(this.#control, Control.REQUEST_TAIL, this.#requests.position, LINGER_MS);
    if (this.#requests.isEmpty) return false;
    this.leave();
    return true;
  }

  /** Goes to sleep in the event loop. False when a job came meanwhile. */
  park(): boolean {
    Atomics.store(this.#control, Control.PARKED, Parked.IN_EVENT_LOOP);
    if (this.#requests.isEmpty) return true;
    this.leave(); // the bell may have been rung already: then it rings for nothing
    return false;
  }

  /** A job of its own blocks it: what comes from now on is not taken. Until `leave`. */
  block(): void {
    Atomics.store(this.#control, Control.PARKED, Parked.BLOCKED);
  }

  /** Wakes: from now on the worker looks by itself. */
  leave(): void {
    Atomics.store(this.#control, Control.PARKED, Parked.NO);
  }
}
