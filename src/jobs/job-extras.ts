import type { CancellationToken } from '../sync/cancellation-token.js';
import type { ContextValues } from '../sync/context-stores.js';
import type { Ending } from './ending.js';
import type { Follower } from './follower.js';
import type { JobOptions } from './job-options.js';
import type { JobPlace } from './job-place.js';
import type { ProgressStream } from './progress.js';

/** What only some jobs have: kept apart, so that a plain job stays small. */
export interface JobExtras {
  /** Its place among equals, where that is not its `id`. Before it is submitted: -1 where it is to go ahead of them. */
  order?: number;
  promise?: Promise<unknown>;
  followers?: Follower | Follower[] | undefined;
  name?: string | undefined;
  /** When it had been held back, and was not any more. */
  queuedFrom?: Moment;
  /** What it was given, until it settles. */
  options?: JobOptions | undefined;
  /** What its code sees of where it was submitted, until it settles. */
  context?: ContextValues | undefined;
  token?: CancellationToken | undefined;
  progress?: ProgressStream<unknown> | undefined;
  /** Are called once it has settled. */
  whenSettled?: Set<() => void> | undefined;
  /** Where it was submitted, for the stacks of its errors. */
  submitStack?: { readonly stack?: string };
  /** Its last attempt, where that failed and another is to follow. */
  lastRun?: JobPlace;
  /** Its own token was raised, whether anybody has it or not. */
  raised?: { readonly reason: unknown };
  /** It was cancelled too late to stop its attempt. */
  isLastAttempt?: boolean;
  /** It was asked to stop: how it is to settle. */
  ending?: Ending | undefined;
  /** What the code of a cancelled job still returned. */
  result?: unknown;
  /** Called when somebody looks at it, where it has failed and nobody had. */
  onLook?: (() => void) | undefined;
}

/** A look at the clock, in ms of `now()`. */
export interface Moment {
  readonly ms: number;
}

/** When jobs come into a pool. */
export interface Arrival extends Moment {
  /** What is taken from the urgency of those that come then: see `JobKind`. */
  readonly handicap: number;
}

/** When a job's code began. */
export interface Beginning {
  readonly begunAtMs: number;
}
