import { readContext } from '../../base/context-stores.js';
import { msUntil } from '../../base/timer.js';
import type { TreeCall } from '../../compose/graph/graph-pool.js';
import { areSubmissionsWatched, publishSubmission } from '../../core/channels.js';
import type { DeferredJobs } from '../../core/lifecycle/deferred-jobs.js';
import type { TimeLimits } from '../../core/lifecycle/time-limits.js';
import { closedError, type ReadonlyPoolState } from '../../core/pool-state.js';
import type { Job } from '../../jobs/job.js';
import {
  begunAttempts,
  ensureExtras,
  hasOptions,
  isSettled,
  kindOf,
  optionsOf,
  orderOf,
} from '../../jobs/job-access.js';
import { contextOf, linkParents, setContext, setOrigin, whenSettled } from '../../jobs/job-engine.js';
import { withOptions } from '../../jobs/job-options.js';
import { publishAs } from '../../jobs/published-jobs.js';
import type { JobIds } from '../codec/job-id.js';
import type { Measured } from '../codec/value-codec.js';
import type { Adder } from './adder.js';
import type { ClusterControl } from './cluster-control.js';
import { ClusterJob } from './cluster-job.js';
import type { JobTable } from './job-table.js';
import type { QueueLimit } from './queue-limit.js';
import { type Books, Submission } from './submission.js';

export interface ClusterIntakeDeps {
  /** What users have of the pool. */
  readonly pool: object;
  readonly state: ReadonlyPoolState;
  readonly ids: JobIds;
  readonly table: JobTable;
  readonly books: Books;
  readonly queueLimit: QueueLimit;
  readonly control: ClusterControl;
  readonly deferred: DeferredJobs;
  readonly limits: TimeLimits;
  readonly adder: Adder;
}

/** A job of a flow. */
export interface FlowCall extends Pick<TreeCall, 'inputs' | 'before'> {
  readonly job: Job;
  /** The encoded arguments, with `null` in place of each input. */
  readonly measured: Measured;
}

/** Accepts every job: counts it, defers it if it waits for others, and hands it over to Redis. */
export class ClusterIntake {
  readonly #deps: ClusterIntakeDeps;
  /** Unsettled jobs by their `key`. */
  readonly #keys = new Map<unknown, ClusterJob>();

  constructor(deps: ClusterIntakeDeps) {
    this.#deps = deps;
  }

  /**
   * Submits a local job, or joins it to an unsettled one with its key. Returns the job of the cluster that will run.
   *
   * @throws {PoolClosedError} after `shutdown`.
   */
  submit(job: Job): ClusterJob {
    if (this.#deps.state.phase !== 'open') throw closedError(`submit job '${job.name}'`);
    const { key } = optionsOf(job);
    const known = key === undefined ? undefined : this.#keys.get(key);
    if (known !== undefined) {
      const { priority } = kindOf(job);
      if (priority > known.priority) void known.setPriority(priority);
      return known;
    }
    const refusal = this.#deps.queueLimit.refusalOf(job);
    const handle = this.#enter(job, refusal);
    if (key !== undefined && !isSettled(job)) {
      this.#keys.set(key, handle);
      whenSettled(job, () => this.#keys.delete(key));
    }
    return handle;
  }

  /** Like `submit`, for jobs of a map, which bounds itself: they join no others and are not refused. */
  submitUnbounded(job: Job): void {
    if (this.#deps.state.phase !== 'open') throw closedError(`submit job '${job.name}'`);
    this.#enter(job, undefined);
  }

  /** Submits jobs of which each waits in Redis for those before it. If one does not complete, those that need it are cancelled. */
  submitFlow(calls: readonly FlowCall[]): readonly ClusterJob[] {
    if (this.#deps.state.phase !== 'open') throw closedError('run the graph');
    const members: Submission[] = [];
    const handles = calls.map(({ job, measured, inputs, before }) => {
      const { submission, handle } = this.#make(job);
      submission.flow = {
        members,
        measured,
        before: before.map((index) => members[index] as Submission),
        inputs: inputs.map(([path, from]) => [path, (members[from] as Submission).ownId]),
      };
      members.push(submission);
      return handle;
    });
    for (const [index, { job, flow }] of members.entries()) {
      this.#deps.queueLimit.entered(job);
      this.#readContext(job, handles[index] as ClusterJob);
      for (const other of flow?.before ?? [])
        whenSettled(other.job, () => this.#endedBefore(members[index] as Submission, other));
    }
    this.#deps.adder.add(members.at(-1) as Submission);
    for (const { job } of members) this.#limit(job);
    return handles;
  }

  #endedBefore(submission: Submission, { job }: Submission): void {
    if (kindOf(job).settledAs === 'COMPLETED') return;
    const reason = `job '${job.name}', which it needs, did not complete`;
    void this.#deps.control.cancel(submission, reason);
  }

  #enter(job: Job, refusal: Error | undefined): ClusterJob {
    const { queueLimit, control, deferred, adder } = this.#deps;
    const { submission, handle } = this.#make(job);
    if (refusal !== undefined) {
      queueLimit.refused(job, refusal);
      return handle;
    }
    queueLimit.entered(job);
    this.#readContext(job, handle);
    const isDeferred = hasOptions(job) && deferred.tryDefer(job);
    this.#limit(job);
    if (!isDeferred && !isSettled(job)) adder.add(submission);
    const isFront = orderOf(job) < 0;
    if (isFront) submission.whenAdded.then(() => control.toFront(submission)).catch(() => {});
    return handle;
  }

  /** Links a job to its tokens, and starts the timer of its deadline. */
  #limit(job: Job): void {
    if (!hasOptions(job)) return;
    linkParents(job);
    if (!isSettled(job)) this.#deps.limits.entered(job);
  }

  /** Makes what stands for a job here, and counts it. */
  #make(job: Job): { readonly submission: Submission; readonly handle: ClusterJob } {
    const { ids, table, books, control } = this.#deps;
    const { ledger } = books;
    const identify = (each: Submission): string => {
      const id = ids.next();
      table.identified(each, id);
      return id;
    };
    const delayMs = hasOptions(job) ? takeDelay(job) : 0;
    const submission = new Submission(job, { identify, books, delayMs, attemptsBefore: begunAttempts(job) });
    setOrigin(job, submission);
    const handle = new ClusterJob(control, submission);
    table.add(submission, handle);
    ledger.refreshClock();
    ledger.enter(job);
    return { submission, handle };
  }

  /** Reads what the job's code is to see of the context of its submission, and has subscribers of the channel add to it. */
  #readContext(job: Job, handle: ClusterJob): void {
    const { context } = optionsOf(job);
    if (context !== undefined) setContext(job, readContext(context));
    if (!areSubmissionsWatched()) return;
    publishAs(handle, job);
    const values = publishSubmission(this.#deps.pool, handle, contextOf(job) ?? {});
    if (Object.keys(values).length > 0) setContext(job, values);
  }
}

/** Removes the delay from a job's options and returns it: Redis delays the job, not this process. */
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
