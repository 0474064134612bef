import { Bare } from '../base/bare.js';
import type { ContextValues } from '../base/context-stores.js';
import { pinShape } from '../base/pin-shape.js';
import type { CancellationToken } from '../sync/cancellation-token.js';
import type { Follower } from './follower.js';
import type { CheckedJobOptions } from './job-options.js';
import type { JobOwner, Moment } from './job-owner.js';
import type { Mailbox } from './mailbox.js';
import type { ProgressStream } from './progress.js';
import type { StopCause } from './stop-cause.js';

/** The fields that are set, in this order, for a job that is awaited, for one with options, and for one with both. */
const COMMON_SHAPES = [
  ['followers'],
  ['name', 'options', 'context'],
  ['name', 'options', 'followers', 'context'],
] as const;

/** The state that only some jobs have, kept apart so that a plain job stays small. */
export class JobExtras extends Bare {
  /** Position among equals, if that is not the `id`. -1 before submission if the job is to go ahead of its equals. */
  declare order?: number;
  declare promise?: Promise<unknown>;
  declare followers?: Follower | Follower[] | undefined;
  declare name?: string | undefined;
  /** The job of another system that this job stands for or runs. */
  declare origin?: JobOrigin | undefined;
  /** When the job stopped being deferred. */
  declare readySince?: Moment;
  /** The options given, until the job settles. */
  declare options?: CheckedJobOptions | undefined;
  /** The context values for the job's code, until the job settles. */
  declare context?: ContextValues | undefined;
  declare token?: CancellationToken | undefined;
  declare mailbox?: Mailbox | undefined;
  declare progress?: ProgressStream<unknown> | undefined;
  /** Functions to call once the job has settled. */
  declare whenSettled?: Set<() => void> | undefined;
  /** The call site of the submission, for the stacks of errors. */
  declare submitStack?: { readonly stack?: string };
  /** The last attempt, if it failed and another is to follow. */
  declare lastRun?: JobOwner;
  /** When the job was submitted, if an attempt has failed. */
  declare submitted?: Moment | undefined;
  /** When and where the last attempt ran, if another is to follow. */
  declare lastAttempt?: Attempt | undefined;
  /** Present if the job's own token is cancelled, even if the token was never handed out. */
  declare raised?: { readonly reason: unknown };
  /** Whether the job was cancelled too late to stop its attempt. */
  declare isLastAttempt?: boolean;
  /** How the job is to settle, if it was asked to stop. */
  declare stopCause?: StopCause | undefined;
  /** The result of a cancelled job whose code returned after all. */
  declare result?: unknown;
  /** Called when somebody first observes the outcome of a failed job. */
  declare onObserved?: (() => void) | undefined;

  static {
    for (const names of COMMON_SHAPES) {
      const extras = new JobExtras();
      for (const name of names) extras[name] = undefined;
      pinShape(extras);
    }
  }
}

/** A job of another system, such as a cluster. */
export interface JobOrigin {
  /** Its id there: shown instead of the number in this process. */
  readonly id: string;
  /** How many attempts were begun there before this one. */
  readonly attemptsBefore: number;
  /** Resolves once that system has the job; rejects if the job settles before. Reading it does not observe a failure. */
  readonly whenAdded?: Promise<void>;
  /** The machine there that ran it last, as last heard. */
  readonly hostId?: string | undefined;
  /** Where the job was fetched from, if it was made to be run here. */
  readonly fetched?: FetchedFrom | undefined;
}

/** The queue that a job was fetched from. */
export interface FetchedFrom {
  /** Its name. */
  readonly queue: string;
  /** How many jobs were fetched with this one, as one message, itself included. */
  readonly together: number;
  /** Whether a host that had fetched it before has died. */
  readonly isRecovered: boolean;
}

/** When a job's code ran, in milliseconds since 1970, and where. */
export interface Attempt {
  readonly startedAt: number;
  /** `undefined` while the code runs. */
  readonly endedAt: number | undefined;
  /** How long the code ran, in milliseconds; 0 while it runs. */
  readonly executionMs: number;
  readonly workerId: number | undefined;
}

/** When a batch of jobs is submitted to a pool. */
export interface SubmitTime extends Moment {
  /** How much the urgency of jobs submitted then is reduced: see `JobKind`. */
  readonly handicap: number;
}

/** When a job's code began. */
export interface Beginning {
  readonly begunAtMs: number;
}
