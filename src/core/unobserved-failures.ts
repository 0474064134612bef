import { type LastMoment, watchUnobserved } from '../base/unobserved.js';
import { stackIfAny, ThreadSystemError, textOf } from '../errors.js';
import type { Job } from '../jobs/job.js';
import { hasSubmitStack, isAwaited, shownIdOf, watchForObserver } from '../jobs/job-engine.js';
import type { EventHub } from './events.js';
import type { PoolLog } from './log.js';

/**
 * Reports a job's failure that nobody ever observes, once per pool: silence would hide it, a rejection would end the
 * process.
 */
export class UnobservedFailures {
  readonly #events: EventHub;
  readonly #log: PoolLog;
  #hasReported = false;

  constructor(events: EventHub, log: PoolLog) {
    this.#events = events;
    this.#log = log;
  }

  /** The job is about to fail. */
  watch(job: Job, error: unknown): void {
    if (this.#hasReported || isAwaited(job) || this.#events.has('jobFailed')) return;
    // text, not the error itself, which may refer to the job
    const what = `Job '${job.name}' (id ${shownIdOf(job)}) failed and its error was never observed: ${textOf(error)}`;
    const stack = stackToReport(job, error);
    const report = (when: LastMoment): void => {
      if (this.#hasReported || this.#events.has('jobFailed')) return;
      this.#hasReported = true;
      const advice = "Await the job, read its error, or listen to 'jobFailed' (reported once per pool)";
      this.#log.fault(`${what}. ${advice}`, { type: 'UnobservedJobFailure', stack, isLast: when === 'exit' });
    };
    watchForObserver(job, watchUnobserved(job, report));
  }
}

/**
 * The stack of an error. `undefined` for an error of this library, whose stack says only where it was made, unless the job has
 * a submit stack.
 */
function stackToReport(job: Job, error: unknown): string | undefined {
  if (error instanceof ThreadSystemError && !hasSubmitStack(job)) return undefined;
  return stackIfAny(error);
}
