import { readChildOptions } from '../../contract/child-options.js';
import type { ChildSubmission } from '../../contract/child-submission.js';
import { Job } from '../../jobs/job.js';
import { isSettled, kindOf } from '../../jobs/job-access.js';
import { contextOf, setContext, whenSettled } from '../../jobs/job-engine.js';
import { checkJobOptions, withOptions } from '../../jobs/job-options.js';
import { refOfOrigin } from '../../jobs/task-registry.js';
import { CancellationToken } from '../../sync/cancellation-token.js';
import type { ReadonlyPoolState } from '../pool-state.js';
import { closedError } from '../pool-state.js';
import type { PoolWorker } from '../pool-worker.js';
import type { ChildJobs } from './child-jobs.js';
import type { Intake } from './intake.js';

export interface ChildIntakeDeps {
  readonly state: ReadonlyPoolState;
  readonly intake: Intake;
  readonly childJobs: ChildJobs;
}

/** Submits the jobs that the code of other jobs asks for, and reports their outcomes to that code. */
export class ChildIntake {
  readonly #deps: ChildIntakeDeps;
  /** Unsettled children by their number at their parent's worker. */
  readonly #byNumber = new Map<string, Job>();

  constructor(deps: ChildIntakeDeps) {
    this.#deps = deps;
  }

  /** Submits a child; its parent's code is sent its outcome, or the error for which it was refused. */
  submit(worker: PoolWorker, parent: Job, asked: ChildSubmission): void {
    let job: Job;
    try {
      job = this.#make(parent, asked);
    } catch (error) {
      worker.talk.postChildEnd(asked.child, { error });
      return;
    }
    const { childJobs, intake } = this.#deps;
    const key = keyOf(worker, asked.child);
    const settled = (): void => {
      this.#byNumber.delete(key);
      worker.talk.postChildEnd(
        asked.child,
        kindOf(job).settledAs === 'COMPLETED' ? { value: job.result } : { error: job.error },
      );
      childJobs.remove(worker, parent, job);
    };
    this.#byNumber.set(key, job);
    childJobs.add(parent, job);
    intake.enterChild(job);
    if (isSettled(job)) settled();
    else whenSettled(job, settled);
  }

  /** Cancels a child by its number at its parent's worker. */
  cancel(worker: PoolWorker, child: number, reason: unknown): void {
    this.#byNumber.get(keyOf(worker, child))?.cancel(reason);
  }

  /** @throws {TypeError | RangeError} for a bad option; {PoolClosedError} if nothing more is run. */
  #make(parent: Job, asked: ChildSubmission): Job {
    const { task, args } = asked;
    const ref = refOfOrigin(task);
    const action = `submit child '${ref.name}'`;
    if (!this.#deps.state.runsPending) throw closedError(`${action}`);
    const options = checkJobOptions(readChildOptions(asked.options, action), action);
    const tokens = options.token === undefined ? [parent.token] : [parent.token, options.token];
    const { priority = kindOf(parent).priority } = options;
    const token = CancellationToken.any(tokens);
    // values that were moved here are moved on without a copy, unless another attempt may need them
    const transfer = options.retry === undefined && Object.hasOwn(asked, 'transfer') ? asked.transfer : undefined;
    const given = withOptions(options, transfer === undefined ? { priority, token } : { priority, token, transfer });
    const job = new Job(ref as never, args as never, given as never) as Job;
    const context = contextOf(parent);
    if (asked.context !== undefined) setContext(job, { ...context, ...asked.context });
    else if (context !== undefined) setContext(job, context);
    return job;
  }
}

function keyOf(worker: PoolWorker, child: number): string {
  return `${worker.workerId}:${child}`;
}
