import { Control, Parked } from '../wire/lane/layout.js';
import type { RequestReader } from './request-reader.js';

/** Longest time that a worker blocks to wait for more jobs before it returns to its event loop. */
const LINGER_MS = 2;
/** How often a worker polls its lane before it blocks: the round trip of a short job is faster than any wakeup. */
const POLLS = 1000;

/** Waits for jobs. A control word shows the main thread how the worker waits, so that it is woken only if it does. */
export class Parking {
  readonly #control: Int32Array;
  readonly #requests: RequestReader;

  constructor(control: Int32Array, requests: RequestReader) {
    this.#control = control;
    this.#requests = requests;
  }

  /**
   * Waits for a job for a moment, without the event loop. Returns whether one came.
   *
   * @param isRoundTrip whether the worker has run so few jobs that the next is probably on its way.
   */
  linger(isRoundTrip: boolean): boolean {
    if (isRoundTrip) for (let polls = POLLS; polls > 0; polls--) if (!this.#requests.isEmpty) return true;
    Atomics.store(this.#control, Control.PARKED, Parked.IN_WAIT);
    Atomics.wait(this.#control, Control.REQUEST_TAIL, this.#requests.position, LINGER_MS);
    if (this.#requests.isEmpty) return false;
    this.leave();
    return true;
  }

  /** Parks in the event loop. Returns false if a job came meanwhile. */
  park(): boolean {
    Atomics.store(this.#control, Control.PARKED, Parked.IN_EVENT_LOOP);
    if (this.#requests.isEmpty) return true;
    this.leave(); // a message may have been posted already, and then has no effect
    return false;
  }

  /** A job's code blocks the thread: no entries are taken until `leave`. */
  block(): void {
    Atomics.store(this.#control, Control.PARKED, Parked.BLOCKED);
  }

  /** The worker polls its lane: it need not be woken. */
  leave(): void {
    Atomics.store(this.#control, Control.PARKED, Parked.NO);
  }
}
