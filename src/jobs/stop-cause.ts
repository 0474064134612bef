import { CancelledError, cancelledMessage, JobTimeoutError } from '../errors.js';

/** What code threw that had been asked to stop, other than a `CancelledError`. */
export interface Cause {
  readonly thrown: unknown;
}

/** How a job settles that is to end before its code has come to its own end. */
export interface StopCause {
  readonly state: 'CANCELLED' | 'FAILED';
  /** What its code and its token are told. */
  readonly reason: unknown;
  error(cause?: Cause): Error;
}

/** Somebody cancels it. */
export class Cancellation implements StopCause {
  readonly state = 'CANCELLED';
  readonly reason: unknown;
  readonly #name: string;

  constructor(name: string, reason: unknown) {
    this.#name = name;
    this.reason = reason;
  }

  error(cause?: Cause): CancelledError {
    const { reason } = this;
    const message = cancelledMessage(`Job '${this.#name}' was cancelled`, reason);
    return new CancelledError(message, cause === undefined ? { reason } : { reason, cause: cause.thrown });
  }
}

/** Its time is over. */
export class Timeout implements StopCause {
  readonly state = 'FAILED';
  readonly reason: JobTimeoutError;

  /** @param what happened, in a sentence. */
  constructor(what: string) {
    this.reason = new JobTimeoutError(what);
  }

  error(cause?: Cause): JobTimeoutError {
    return cause === undefined ? this.reason : new JobTimeoutError(this.reason.message, { cause: cause.thrown });
  }
}
