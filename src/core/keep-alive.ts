import { outsideRequests } from '../base/async-context.js';
import { clearInterval, setInterval } from '../base/clock.js';

/** Far enough apart to cost nothing; `setInterval` takes no more. */
const INTERVAL_MS = 2 ** 30;

/** Keeps the process while somebody needs it. Threads and ports never do: an idle pool lets the process end. */
export class KeepAlive {
  readonly #handle = outsideRequests(setInterval, () => {}, INTERVAL_MS).unref();
  #holders = 0;

  hold(): void {
    if (this.#holders++ === 0) this.#handle.ref();
  }

  release(): void {
    if (--this.#holders === 0) this.#handle.unref();
  }

  /** For good. */
  end(): void {
    clearInterval(this.#handle);
  }
}
