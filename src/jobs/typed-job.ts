import { Job as UntypedJob } from './job.js';
import type { JobOptions } from './job-options.js';
import type { Task, TaskArgs, TaskProgress, TaskResult } from './task.js';

/** @interface */
export type Job<T = unknown, P = unknown> = UntypedJob<T, P>;

/** A job of the task `K`. */
export type JobOf<K extends Task> = Job<TaskResult<K>, TaskProgress<K>>;

/** The parameters of `submit` after the task. The arguments may be left out if the task needs none. */
export type SubmitRest<K extends Task> =
  [] extends TaskArgs<K>
    ? [args?: Readonly<TaskArgs<K>>, options?: JobOptions]
    : [args: Readonly<TaskArgs<K>>, options?: JobOptions];

/** The parameters of `broadcast` after the task. The arguments may be left out if the task needs none. */
export type BroadcastRest<K extends Task> =
  [] extends TaskArgs<K> ? [args?: Readonly<TaskArgs<K>>] : [args: Readonly<TaskArgs<K>>];

/** `new Job(task, args, options)`, typed by the task. */
export interface JobConstructor {
  new <K extends Task>(task: K, ...rest: SubmitRest<K>): JobOf<K>;
  /** What all jobs inherit. */
  readonly prototype: Job;
}

/** The constructor of {@link Job}, with result, progress and arguments inferred from the task. */
export const Job: JobConstructor = UntypedJob;
