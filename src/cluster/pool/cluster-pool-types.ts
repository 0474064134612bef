import type { Task, TaskArgs, TaskProgress, TaskResult } from '../../jobs/task.js';
import type { ClusterJob } from './cluster-job.js';
import type { ClusterJobOptions } from './cluster-job-options.js';

/** A job of the task `K` in a cluster. */
export type ClusterJobOf<K extends Task> = ClusterJob<TaskResult<K>, TaskProgress<K>>;

/** The parameters of `submit` after the task. The arguments may be left out if the task needs none. */
export type ClusterSubmitRest<K extends Task> =
  [] extends TaskArgs<K>
    ? [args?: Readonly<TaskArgs<K>>, options?: ClusterJobOptions]
    : [args: Readonly<TaskArgs<K>>, options?: ClusterJobOptions];

/**
 * A settled job, as a `for await` loop yields it: read its `state`, `result` and `error`. (The type has no `then`: the
 * compiler would otherwise take the loop variable for the job's result.)
 */
export type SettledClusterJob<J extends ClusterJob = ClusterJob> = J & {
  /** Hidden from the compiler, which would take the job for a promise of its result. */
  readonly then: never;
};

/**
 * A job that was found by its id. (The type has no `then`: the compiler would otherwise take what `await pool.job(id)` returns for
 * the job's result. Await the job's `finally()` for that.)
 */
export type FoundClusterJob = ClusterJob & {
  /** Hidden from the compiler, which would take the job for a promise of its result. */
  readonly then: never;
};
