import { outsideRequests } from '../base/async-context.js';
import { clearInterval, setInterval } from '../base/clock.js';

/** Interval of a timer that only keeps the process alive: about the longest that `setInterval` accepts. */
const INTERVAL_MS = 2 ** 30;

/** Keeps the process alive while it is referenced. Threads and ports never do: an idle pool lets the process exit. */
export class KeepAlive {
  readonly #handle = outsideRequests(setInterval, () => {}, INTERVAL_MS).unref();
  #refs = 0;

  ref(): void {
    if (this.#refs++ === 0) this.#handle.ref();
  }

  unref(): void {
    if (--this.#refs === 0) this.#handle.unref();
  }

  /** Lets the process exit, for good. */
  end(): void {
    clearInterval(this.#handle);
  }
}
