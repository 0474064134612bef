import { type Caused, nameErrors, ThreadSystemError } from '../errors.js';
import { classes } from '../wire/message/error-classes.js';

/** The record of a job is gone from Redis: its data was lost, or the job was removed by somebody else. */
export class JobLostError extends ThreadSystemError {
  readonly code = 'ERR_JOB_LOST';
}

/** Hosts died while they ran the job, more often than `maxCrashes` allows. */
export class HostLostError extends ThreadSystemError {
  readonly code = 'ERR_HOST_LOST';
  /** Ids of the hosts that are known to have run the job, the last one last. */
  readonly hosts: readonly string[];

  constructor(
    message: string,
    options: {
      /** The hosts that died with the job. */
      readonly hosts: readonly string[];
    },
  ) {
    super(message);
    this.hosts = options.hosts;
  }
}

/** Redis could not be reached, or did not accept the job, within `connectTimeoutMs`. */
export class ClusterUnavailableError extends ThreadSystemError {
  readonly code = 'ERR_CLUSTER_UNAVAILABLE';

  constructor(message: string, options: Caused = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
  }
}

/** Encoded arguments, or an encoded result, are larger than `maxPayload`. */
export class PayloadTooLargeError extends ThreadSystemError {
  readonly code = 'ERR_PAYLOAD_TOO_LARGE';
}

/** The pool was shut down in mode `'detach'`: the job goes on without this process. */
export class DetachedError extends ThreadSystemError {
  readonly code = 'ERR_DETACHED';
}

const named = { JobLostError, HostLostError, ClusterUnavailableError, PayloadTooLargeError, DetachedError };
nameErrors(named);
for (const errorClass of Object.values(named)) classes.set(errorClass.name, errorClass);
