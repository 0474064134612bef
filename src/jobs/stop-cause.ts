import { CancelledError, cancelledMessage, JobTimeoutError } from '../errors.js';

/** What code that had been asked to stop threw, other than a `CancelledError`. */
export interface Cause {
  readonly thrown: unknown;
}

/** How a job settles that is ended before its code is done. */
export interface StopCause {
  readonly state: 'CANCELLED' | 'FAILED';
  /** The reason for which the job's token is cancelled. */
  readonly reason: unknown;
  error(cause?: Cause): Error;
}

/** The job was cancelled. */
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

/** The job's timeout or deadline passed. */
export class Timeout implements StopCause {
  readonly state = 'FAILED';
  readonly reason: JobTimeoutError;

  /** @param what the message of the error. */
  constructor(what: string) {
    this.reason = new JobTimeoutError(what);
  }

  error(cause?: Cause): JobTimeoutError {
    return cause === undefined ? this.reason : new JobTimeoutError(this.reason.message, { cause: cause.thrown });
  }
}
