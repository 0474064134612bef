import { RecentMap } from '../base/maps/recent-map.js';
import type { FailedAttempt } from '../core/events.js';
import { errorTypeOf, messageOf, stackIfAny } from '../errors.js';
import type { Job } from '../jobs/job.js';
import type { AttemptRow } from './messages.js';
import { rounded, shownBrief, shownName } from './shown-text.js';

/** How many attempts of a job are kept: the last ones. */
const MOST_ATTEMPTS = 5;
/**
 * For how many jobs attempts are kept, which takes some MB: those that were retried last. Most jobs complete, of which the
 * dashboard is not notified.
 */
const MOST_JOBS = 1_000;

/**
 * The failed attempts of jobs that were retried, until one of them fails for good. Costs nothing except for jobs that are
 * retried.
 */
export class EarlierAttempts {
  readonly #hasStacks: boolean;
  /** By the job's id, so that no job is kept alive. */
  readonly #byJob = new RecentMap<number, readonly AttemptRow[]>(MOST_JOBS);

  constructor(hasStacks: boolean) {
    this.#hasStacks = hasStacks;
  }

  add({ id }: Job, { error, attempt, startedAt, executionMs, workerId }: FailedAttempt): void {
    const stack = this.#hasStacks ? stackIfAny(error) : undefined;
    const row: AttemptRow = {
      ...{ attempt, startedAt, executionMs: rounded(executionMs) },
      ...(workerId === undefined ? {} : { workerId }),
      ...{ code: shownName(errorTypeOf(error)), message: shownBrief(messageOf(error)) },
      ...(stack === undefined ? {} : { stack: shownBrief(stack) }),
    };
    const before = this.#byJob.get(id) ?? [];
    this.#byJob.set(id, [...before, row].slice(-MOST_ATTEMPTS));
  }

  /** Removes and returns the attempts of a job that has failed for good, the first one first. */
  take({ id }: Job): readonly AttemptRow[] {
    return this.#byJob.take(id) ?? [];
  }
}
