import { outsideRequests } from '../base/async-context.js';
import { clearInterval, setInterval } from '../base/clock.js';

/** Longest interval that `setInterval` takes, or so: it costs nothing. */
const INTERVAL_MS = 2 ** 30;

/** Keeps the process alive while there are holders. Threads and ports never do: an idle pool lets the process exit. */
export class KeepAlive {
  readonly #handle = outsideRequests(setInterval, () => {}, INTERVAL_MS).unref();
  #holders = 0;

  hold(): void {
    if (this.#holders++ === 0) this.#handle.ref();
  }

  release(): void {
    if (--this.#holders === 0) this.#handle.unref();
  }

  /** Releases the process for good. */
  end(): void {
    clearInterval(this.#handle);
  }
}
