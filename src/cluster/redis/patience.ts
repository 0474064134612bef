import { settlesWithin } from '../../base/timer.js';
import { messageOf, ThreadSystemError } from '../../errors.js';
import { ClusterUnavailableError } from '../errors.js';

/** Bounds how long callers wait for Redis: commands themselves wait for a connection without limit. */
export class Patience {
  readonly #ms: number;
  readonly #lastError: () => Error | undefined;

  /** @param lastError the last error of the connection. */
  constructor(ms: number, lastError: () => Error | undefined) {
    this.#ms = ms;
    this.#lastError = lastError;
  }

  /** Settles as `reply` does. @throws {ClusterUnavailableError} by rejection, if that takes too long, or Redis refuses it. */
  async await<T>(reply: Promise<T>, action: string): Promise<T> {
    if (await settlesWithin(reply, this.#ms).catch(refusedAs(action))) return reply;
    const message = `Cannot ${action}: Redis did not answer within ${this.#ms} ms`;
    throw new ClusterUnavailableError(message, { cause: this.#lastError() });
  }
}

/**
 * Returns what rethrows an error of Redis, such as one of a wrong password or a missing right, as one of this library.
 *
 * @param action what could not be done.
 */
export function refusedAs(action: string): (cause: unknown) => never {
  return (cause) => {
    if (cause instanceof ThreadSystemError) throw cause;
    throw new ClusterUnavailableError(`Cannot ${action}: ${messageOf(cause)}`, { cause });
  };
}
