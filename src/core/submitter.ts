import type { GroupStats } from '../compose/job-group.js';
import type { JobWaitOptions } from '../compose/job-wait-options.js';
import type { JobMap } from '../compose/map/job-map.js';
import type { MapOptions } from '../compose/map/map-options.js';
import type { ItemTask, MapRest, MapResult } from '../compose/map/map-types.js';
import type { JobOptions } from '../jobs/job-options.js';
import type { JobState } from '../jobs/job-state.js';
import type { RetryOptions } from '../jobs/retry-policy.js';
import type { Task, TaskArgs, TaskProgress, TaskResult } from '../jobs/task.js';
import type { PoolMetrics } from '../metrics/pool-metrics.js';
import type { CancellationToken } from '../sync/cancellation-token.js';
import type { SettledCounts, ShutdownMode } from './options/shutdown-options.js';

/** A job of any kind of pool: a `Job`, a `ClusterJob`. Results that may come from another machine may be promises: await them. */
export interface SubmittedJob<T = unknown, P = unknown> extends PromiseLike<T> {
  /** Unique in its pool; of a cluster, everywhere. */
  readonly id: number | string;
  /** The option `name`, or else the task's name. */
  readonly name: string;
  /** The present priority: higher runs first. */
  readonly priority: number;
  /** The current state; of a cluster, as last heard. */
  readonly state: JobState;
  /** What the task returned, once COMPLETED. */
  readonly result: T | undefined;
  /** Why it did not complete, once FAILED or CANCELLED. */
  readonly error: unknown;
  /** Time from submission until its code began, in milliseconds; so far, while it waits. */
  readonly queuedMs: number;
  /** How long its code ran, in milliseconds; 0 until it has settled. */
  readonly executionMs: number;
  /** How many times its code was begun. */
  readonly attempts: number;
  /** Id of the worker that runs it or ran it last. */
  readonly workerId: number | undefined;
  /** Its own token: cancelling it cancels the job. */
  readonly token: CancellationToken;
  /** The values its task reports, in order. */
  readonly progress: AsyncIterable<P>;
  /** Calls `fn` with each value its task reports. Returns a function that unregisters it. */
  onProgress(fn: (value: P) => void): () => void;
  /** Asks it to stop. Returns whether it will settle CANCELLED. */
  cancel(reason?: unknown): boolean | Promise<boolean>;
  /** Gives it another priority if it waits. Returns whether it did. */
  setPriority(priority: number): boolean | Promise<boolean>;
  /** Like that of a promise. */
  catch<B = never>(onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T | B>;
  /** Like that of a promise. */
  finally(onfinally?: (() => void) | null): Promise<T>;
}

/** A job of the task `K`, of any kind of pool. */
export type SubmittedJobOf<K extends Task> = SubmittedJob<TaskResult<K>, TaskProgress<K>>;

/** The job options that every kind of pool has. */
export interface SubmitterJobOptions extends Omit<JobOptions, 'transfer' | 'dependsOn' | 'key' | 'keyJoins' | 'retry'> {
  /** Joins the unsettled job with the same key. Default: none. */
  readonly key?: string | undefined;
  /** How the job is retried when it fails. Default: no retries. */
  readonly retry?: Omit<RetryOptions, 'retryIf'> | undefined;
}

/** The parameters of `submit` after the task. The arguments may be left out if the task needs none. */
export type SubmitterRest<K extends Task> =
  [] extends TaskArgs<K>
    ? [args?: Readonly<TaskArgs<K>>, options?: SubmitterJobOptions]
    : [args: Readonly<TaskArgs<K>>, options?: SubmitterJobOptions];

/** A group of any kind of pool. */
export interface SubmitterGroup extends AsyncDisposable {
  /** The name given to `pool.group`. */
  readonly name: string;
  /** Cancelling this token cancels the group's jobs. */
  readonly token: CancellationToken;
  /** Submits a call of a task to the group. */
  submit<K extends Task>(task: K, ...rest: SubmitterRest<K>): SubmittedJobOf<K>;
  /** Submits a call of the task for each list of arguments to the group. */
  submitMany<K extends Task>(
    task: K,
    listOfArgs: Iterable<Readonly<TaskArgs<K>>>,
    options?: SubmitterJobOptions,
  ): readonly SubmittedJobOf<K>[];
  /** Makes a group within this one. */
  group(name: string): SubmitterGroup;
  /** Returns counts of the group's jobs by state. */
  stats(): GroupStats;
  /** Cancels all unsettled jobs of the group, and any submitted to it later. */
  cancel(reason?: unknown): void;
  /** Resolves with `true` once its jobs have settled, with `false` after `timeoutMs`. */
  waitAll(options?: JobWaitOptions): Promise<boolean>;
}

/** A schedule of any kind of pool. */
export interface SubmitterSchedule {
  /** The latest run; `undefined` before the first. */
  readonly job: SubmittedJob | undefined;
  /** When the next run is due; `undefined` if none is. */
  readonly next: Date | undefined;
  /** How many runs there were. */
  readonly runs: number;
  /** Skips all runs until `resume`. */
  pause(): void | Promise<void>;
  /** Continues after `pause`. */
  resume(): void | Promise<void>;
  /** Ends the schedule. A run in progress continues. */
  cancel(): unknown;
}

/** Options of a schedule that every kind of pool has. */
export interface SubmitterScheduleOptions
  extends Omit<SubmitterJobOptions, 'delayMs' | 'key' | 'token' | 'signal' | 'front'> {
  /** Milliseconds from one run to the next. Default: none; `cron` then says when. */
  readonly everyMs?: number | undefined;
  /** A cron expression of 5 fields, or 6 with seconds. Default: none. */
  readonly cron?: string | undefined;
  /** IANA name of the time zone for `cron`. Default: this process's. */
  readonly timeZone?: string | undefined;
  /** Queues a run that is due while the previous one goes on. Default: `'skip'` on a `ThreadPool`, `'queue'` on a `ClusterPool`. */
  readonly overlap?: 'queue' | undefined;
}

/** The events of jobs that every kind of pool has. */
export type SubmitterJobEvent = 'jobStarted' | 'jobCompleted' | 'jobFailed' | 'jobCancelled' | 'jobRetried';

/** Options of a map that every kind of pool has. */
export type SubmitterMapOptions = Omit<MapOptions, 'transferItems' | 'dependsOn' | 'key' | 'keyJoins'>;

/**
 * What every kind of pool has in common, a `ThreadPool` and a `ClusterPool`: the type of the parameter of a function that takes
 * either. Results that may come from another machine may be promises: await them.
 *
 * @example
 * ```ts
 * async function hashAll(pool: Submitter, files: readonly string[]): Promise<string[]> {
 *   return await Promise.all(files.map((file) => pool.submit(tasks.sha256, [file])));
 * }
 * ```
 */
export interface Submitter extends AsyncDisposable {
  /** Submits a call of a task. */
  submit<K extends Task>(task: K, ...rest: SubmitterRest<K>): SubmittedJobOf<K>;
  /** Submits a call of the task for each list of arguments. */
  submitMany<K extends Task>(
    task: K,
    listOfArgs: Iterable<Readonly<TaskArgs<K>>>,
    options?: SubmitterJobOptions,
  ): readonly SubmittedJobOf<K>[];
  /** Calls the task with each item, many items per job. */
  map<T, R, X extends readonly unknown[], O extends SubmitterMapOptions>(
    task: ItemTask<T, R, X>,
    items: Iterable<T> | AsyncIterable<T>,
    ...rest: MapRest<X, O>
  ): JobMap<MapResult<R, O>>;
  /** Makes a group for jobs that belong together. */
  group(name: string): SubmitterGroup;
  /** A `ClusterPool` demands an `id`, by which the schedule is one on all machines; a `ThreadPool` has none. */
  schedule<K extends Task>(
    task: K,
    args: Readonly<TaskArgs<K>>,
    options: SubmitterScheduleOptions & {
      /** Name of the schedule: on a cluster, the same id on several machines is one schedule. */
      readonly id: string;
    },
  ): SubmitterSchedule | Promise<SubmitterSchedule>;
  /** Resolves with `true` once all jobs submitted before have settled, with `false` after `timeoutMs`. */
  waitAll(options?: JobWaitOptions): Promise<boolean>;
  /** Cancels all unsettled jobs, or those for which `filter` returns true. Returns how many will settle CANCELLED. */
  cancelAll(filter?: (job: SubmittedJob) => boolean): number | Promise<number>;
  /** Calls `fn` at each event. Returns a function that unregisters it. */
  on(event: SubmitterJobEvent, fn: (job: SubmittedJob) => void): () => void;
  /** Likewise. */
  on(event: 'idle' | 'drain', fn: () => void): () => void;
  /** Returns a snapshot of counts and times. */
  metrics():
    | PoolMetrics
    | Promise<{
        /** The jobs of this pool. */
        readonly own: PoolMetrics;
      }>;
  /** Resolves when the queue has room for a job (`maxQueue`). */
  ready(): Promise<void>;
  /** Ends the pool. Resolves with how many jobs settled in each way meanwhile. */
  shutdown(options?: {
    /** What becomes of unsettled jobs. Default: `'drain'`. */
    readonly mode?: ShutdownMode | undefined;
    /** Time in milliseconds after which all remaining jobs are aborted. Default: never. */
    readonly timeoutMs?: number | undefined;
  }): Promise<SettledCounts>;
}
