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
  readonly id: number | string;
  readonly name: string;
  readonly priority: number;
  readonly state: JobState;
  readonly result: T | undefined;
  readonly error: unknown;
  readonly queuedMs: number;
  readonly executionMs: number;
  readonly attempts: number;
  readonly workerId: number | undefined;
  readonly token: CancellationToken;
  readonly progress: AsyncIterable<P>;
  onProgress(fn: (value: P) => void): () => void;
  cancel(reason?: unknown): boolean | Promise<boolean>;
  setPriority(priority: number): boolean | Promise<boolean>;
  catch<B = never>(onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T | B>;
  finally(onfinally?: (() => void) | null): Promise<T>;
}

/** A job of the task `K`, of any kind of pool. */
export type SubmittedJobOf<K extends Task> = SubmittedJob<TaskResult<K>, TaskProgress<K>>;

/** The job options that every kind of pool has. */
export interface SubmitterJobOptions extends Omit<JobOptions, 'transfer' | 'dependsOn' | 'key' | 'keyJoins' | 'retry'> {
  readonly key?: string | undefined;
  readonly retry?: Omit<RetryOptions, 'retryIf'> | undefined;
}

/** The parameters of `submit` after the task. The arguments may be left out if the task needs none. */
export type SubmitterRest<K extends Task> =
  [] extends TaskArgs<K>
    ? [args?: Readonly<TaskArgs<K>>, options?: SubmitterJobOptions]
    : [args: Readonly<TaskArgs<K>>, options?: SubmitterJobOptions];

/** A group of any kind of pool. */
export interface SubmitterGroup extends AsyncDisposable {
  readonly name: string;
  readonly token: CancellationToken;
  submit<K extends Task>(task: K, ...rest: SubmitterRest<K>): SubmittedJobOf<K>;
  submitMany<K extends Task>(
    task: K,
    listOfArgs: Iterable<Readonly<TaskArgs<K>>>,
    options?: SubmitterJobOptions,
  ): readonly SubmittedJobOf<K>[];
  group(name: string): SubmitterGroup;
  stats(): GroupStats;
  cancel(reason?: unknown): void;
  waitAll(options?: JobWaitOptions): Promise<boolean>;
}

/** A schedule of any kind of pool. */
export interface SubmitterSchedule {
  readonly job: SubmittedJob | undefined;
  readonly next: Date | undefined;
  readonly runs: number;
  pause(): void | Promise<void>;
  resume(): void | Promise<void>;
  cancel(): unknown;
}

/** Options of a schedule that every kind of pool has. */
export interface SubmitterScheduleOptions
  extends Omit<SubmitterJobOptions, 'delayMs' | 'key' | 'token' | 'signal' | 'front'> {
  readonly everyMs?: number | undefined;
  readonly cron?: string | undefined;
  readonly timeZone?: string | undefined;
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
  submit<K extends Task>(task: K, ...rest: SubmitterRest<K>): SubmittedJobOf<K>;
  submitMany<K extends Task>(
    task: K,
    listOfArgs: Iterable<Readonly<TaskArgs<K>>>,
    options?: SubmitterJobOptions,
  ): readonly SubmittedJobOf<K>[];
  map<T, R, X extends readonly unknown[], O extends SubmitterMapOptions>(
    task: ItemTask<T, R, X>,
    items: Iterable<T> | AsyncIterable<T>,
    ...rest: MapRest<X, O>
  ): JobMap<MapResult<R, O>>;
  group(name: string): SubmitterGroup;
  /** A `ClusterPool` demands an `id`, by which the schedule is one on all machines; a `ThreadPool` has none. */
  schedule<K extends Task>(
    task: K,
    args: Readonly<TaskArgs<K>>,
    options: SubmitterScheduleOptions & { readonly id: string },
  ): SubmitterSchedule | Promise<SubmitterSchedule>;
  waitAll(options?: JobWaitOptions): Promise<boolean>;
  cancelAll(filter?: (job: SubmittedJob) => boolean): number | Promise<number>;
  on(event: SubmitterJobEvent, fn: (job: SubmittedJob) => void): () => void;
  on(event: 'idle' | 'drain', fn: () => void): () => void;
  metrics(): PoolMetrics | Promise<{ readonly own: PoolMetrics }>;
  ready(): Promise<void>;
  shutdown(options?: {
    readonly mode?: ShutdownMode | undefined;
    readonly timeoutMs?: number | undefined;
  }): Promise<SettledCounts>;
}
