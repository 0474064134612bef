import { startTimer } from '../../base/timer.js';
import { ClusterUnavailableError } from '../errors.js';

/** Bounds how long callers wait for Redis: commands themselves wait for a connection as long as it takes. */
export class Patience {
  readonly #ms: number;
  readonly #lastError: () => Error | undefined;

  /** @param lastError the last error of the connection. */
  constructor(ms: number, lastError: () => Error | undefined) {
    this.#ms = ms;
    this.#lastError = lastError;
  }

  /** Settles as `answer` does. @throws {ClusterUnavailableError} by rejection, if that takes too long. */
  await<T>(answer: Promise<T>, action: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const expire = (): void => {
        const message = `Cannot ${action}: Redis did not answer within ${this.#ms} ms`;
        reject(new ClusterUnavailableError(message, { cause: this.#lastError() }));
      };
      const stopTimer = startTimer(this.#ms, expire, { keepsProcess: true });
      answer.then(resolve, reject).finally(stopTimer);
    });
  }
}
