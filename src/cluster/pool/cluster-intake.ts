import { readContext } from '../../base/context-stores.js';
import { msUntil } from '../../base/timer.js';
import type { Ledger } from '../../core/ledger.js';
import type { DeferredJobs } from '../../core/lifecycle/deferred-jobs.js';
import type { TimeLimits } from '../../core/lifecycle/time-limits.js';
import type { ReadonlyPoolState } from '../../core/pool-state.js';
import { PoolClosedError } from '../../errors.js';
import type { Job } from '../../jobs/job.js';
import { ensureExtras, hasOptions, isSettled, kindOf, optionsOf, orderOf } from '../../jobs/job-access.js';
import { linkParents, setContext, setOrigin, whenSettled } from '../../jobs/job-engine.js';
import { withOptions } from '../../jobs/job-options.js';
import type { Adder } from './adder.js';
import type { ClusterControl } from './cluster-control.js';
import { ClusterJob } from './cluster-job.js';
import type { JobTable } from './job-table.js';
import { Submission } from './submission.js';

export interface ClusterIntakeDeps {
  readonly state: ReadonlyPoolState;
  readonly submitter: string;
  readonly table: JobTable;
  readonly ledger: Ledger;
  readonly control: ClusterControl;
  readonly deferred: DeferredJobs;
  readonly limits: TimeLimits;
  readonly adder: Adder;
}

/** The way in for every job: it is counted, held if it waits for others, and handed over to Redis. */
export class ClusterIntake {
  readonly #deps: ClusterIntakeDeps;
  #counter = 0;
  /** Unsettled jobs by their `key`. */
  readonly #keys = new Map<unknown, ClusterJob>();

  constructor(deps: ClusterIntakeDeps) {
    this.#deps = deps;
  }

  /**
   * Submits a local job, or joins it to an unsettled one of its key. Returns the job of the cluster that will run.
   *
   * @throws {PoolClosedError} after `shutdown`.
   */
  submit(job: Job): ClusterJob {
    if (this.#deps.state.phase !== 'open')
      throw new PoolClosedError(`Cannot submit job '${job.name}': the pool is shut down`);
    const { key } = optionsOf(job);
    const known = key === undefined ? undefined : this.#keys.get(key);
    if (known !== undefined) {
      const { priority } = kindOf(job);
      if (priority > known.priority) void known.setPriority(priority);
      return known;
    }
    const handle = this.#enter(job);
    if (key !== undefined && !isSettled(job)) {
      this.#keys.set(key, handle);
      whenSettled(job, () => this.#keys.delete(key));
    }
    return handle;
  }

  #enter(job: Job): ClusterJob {
    const { submitter, table, ledger, control, deferred, limits, adder } = this.#deps;
    const id = `${submitter}-${(++this.#counter).toString(36)}`;
    setOrigin(job, { id, attemptsBefore: 0 });
    const submission = new Submission(job, id, hasOptions(job) ? takeDelay(job) : 0);
    const handle = new ClusterJob(control, submission);
    table.add(submission, handle);
    ledger.refreshClock();
    ledger.enter(job, control);
    const { context } = optionsOf(job);
    if (context !== undefined) setContext(job, readContext(context));
    const isDeferred = hasOptions(job) && deferred.enter(job);
    if (hasOptions(job)) {
      linkParents(job);
      if (!isSettled(job)) limits.entered(job, { stop: (each, cause) => control.stopLocal(each, cause) });
    }
    if (!isDeferred && !isSettled(job)) adder.add(submission);
    const isFront = orderOf(job) < 0;
    if (isFront) submission.whenAdded.then(() => control.toFront(submission)).catch(() => {});
    return handle;
  }
}

/** Takes from a job's options how long it is to be delayed: by Redis, not by this process. */
function takeDelay(job: Job): number {
  const options = optionsOf(job);
  const { delayMs = 0, startAt } = options;
  const ms = Math.max(delayMs, startAt === undefined ? 0 : msUntil(startAt));
  if (ms > 0) {
    const extras = ensureExtras(job);
    if (extras.options !== undefined)
      extras.options = withOptions(extras.options, { delayMs: undefined, startAt: undefined });
  }
  return ms;
}
