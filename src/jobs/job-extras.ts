import { Bare } from '../base/bare.js';
import type { ContextValues } from '../base/context-stores.js';
import type { CancellationToken } from '../sync/cancellation-token.js';
import type { Follower } from './follower.js';
import type { CheckedJobOptions } from './job-options.js';
import type { JobPlace } from './job-place.js';
import type { ProgressStream } from './progress.js';
import type { StopCause } from './stop-cause.js';

/** What only some jobs have: kept apart, so that a plain job stays small. */
export class JobExtras extends Bare {
  /** Its place among equals, where that is not its `id`. Before it is submitted: -1 where it is to go ahead of them. */
  declare order?: number;
  declare promise?: Promise<unknown>;
  declare followers?: Follower | Follower[] | undefined;
  declare name?: string | undefined;
  /** When it had been held back, and was not any more. */
  declare queuedFrom?: Moment;
  /** What it was given, until it settles. */
  declare options?: CheckedJobOptions | undefined;
  /** What its code sees of where it was submitted, until it settles. */
  declare context?: ContextValues | undefined;
  declare token?: CancellationToken | undefined;
  declare progress?: ProgressStream<unknown> | undefined;
  /** Are called once it has settled. */
  declare whenSettled?: Set<() => void> | undefined;
  /** Where it was submitted, for the stacks of its errors. */
  declare submitStack?: { readonly stack?: string };
  /** Its last attempt, where that failed and another is to follow. */
  declare lastRun?: JobPlace;
  /** Its own token was raised, whether anybody has it or not. */
  declare raised?: { readonly reason: unknown };
  /** It was cancelled too late to stop its attempt. */
  declare isLastAttempt?: boolean;
  /** It was asked to stop: how it is to settle. */
  declare stopCause?: StopCause | undefined;
  /** What the code of a cancelled job still returned. */
  declare result?: unknown;
  /** Called when somebody looks at it, where it has failed and nobody had. */
  declare onLook?: (() => void) | undefined;
}

/** A look at the clock, in ms of `now()`. */
export interface Moment {
  readonly ms: number;
}

/** When jobs come into a pool. */
export interface SubmitTime extends Moment {
  /** What is taken from the urgency of those that come then: see `JobKind`. */
  readonly handicap: number;
}

/** When a job's code began. */
export interface Beginning {
  readonly begunAtMs: number;
}
