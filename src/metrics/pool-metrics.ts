import type { Distribution } from './distribution.js';

/** Counts of the jobs of one priority. */
export interface PriorityCounts {
  /** How many have this priority: fewer once some were given another. */
  readonly submitted: number;
  /** How many have completed. */
  readonly completed: number;
  /** How many have failed. */
  readonly failed: number;
  /** How many were cancelled. */
  readonly cancelled: number;
}

/** Counts and times of the jobs of one task. */
export interface TaskMetrics {
  /** How many jobs were submitted. */
  readonly submitted: number;
  /** How many have completed. */
  readonly completed: number;
  /** How many have failed. */
  readonly failed: number;
  /** How many were cancelled. */
  readonly cancelled: number;
  /** How many failed attempts were retried. */
  readonly retried: number;
  /** How many of the failed jobs exceeded their `timeoutMs` or `deadline`. */
  readonly timedOut: number;
  /** Times from submission until the code began, in milliseconds. */
  readonly queuedMs: Distribution;
  /** Run times of the code, in milliseconds. */
  readonly executionMs: Distribution;
}

/** What one worker does. */
export interface WorkerMetrics {
  /** Its id, unique in the pool. */
  readonly id: number;
  /** The `threadId` of the worker's thread, unless its jobs run in a child process. */
  readonly threadId?: number;
  /** The process id of the worker's child process, if it has one; `undefined` until it is up. */
  readonly pid?: number | undefined;
  /** Whether its thread starts, waits for jobs, has jobs, or ends. */
  readonly state: 'starting' | 'idle' | 'busy' | 'ending';
  /** How many jobs' code the worker has run. */
  readonly jobs: number;
  /** Share of time, 0 to 1, in which jobs ran on the worker since it was ready; an average over its `concurrency`. */
  readonly utilization: number;
}

/** A snapshot: `submitted = pending + active + completed + failed + cancelled`. */
export interface PoolMetrics {
  /** The pool's `name`. */
  readonly name: string;
  /** How many jobs were submitted. */
  readonly submitted: number;
  /** How many have completed. */
  readonly completed: number;
  /** How many have failed. */
  readonly failed: number;
  /** How many were cancelled. */
  readonly cancelled: number;
  /** How many failed attempts were retried. */
  readonly retried: number;
  /** How many of the failed jobs exceeded their `timeoutMs` or `deadline`. */
  readonly timedOut: number;
  /** How many of the failed jobs were refused by a full queue as they were submitted. */
  readonly refused: number;
  /** How many of the failed jobs were dropped from a full queue, as another came (`overflow`). */
  readonly dropped: number;
  /** How many jobs are running, including those that have ended but whose answer is not read yet. */
  readonly active: number;
  /** How many jobs wait: `held + queued`. */
  readonly pending: number;
  /** How many of the pending jobs are held back: by a delay, by a job they depend on, or until another attempt. */
  readonly held: number;
  /** How many of the pending jobs are ready to run. */
  readonly queued: number;
  /** How long the job that will begin next has been ready to run, in milliseconds; 0 if none is queued. */
  readonly oldestMs: number;
  /** The workers there are now. */
  readonly workers: readonly WorkerMetrics[];
  /** How many workers have exited, by the `reason` of `workerExited`. */
  readonly workerExits: Readonly<Record<string, number>>;
  /** Times from submission until the code began, in milliseconds. */
  readonly queuedMs: Distribution;
  /** Run times of the code, in milliseconds. */
  readonly executionMs: Distribution;
  /** How long code of jobs has run, in milliseconds, summed over all attempts that have ended. */
  readonly busyMs: number;
  /** How many jobs have failed, by the `code` of their error or else its name; beyond 64 of these, under `other`. */
  readonly byError: Readonly<Record<string, number>>;
  /** Counts by priority; beyond 64 distinct priorities, under `other`. */
  readonly byPriority: Readonly<Record<string, PriorityCounts>>;
  /** Counts and times by the name of the task; beyond 256 names, under `other`. The counts add up to those of the pool. */
  readonly byTask: Readonly<Record<string, TaskMetrics>>;
  /** Jobs settled per second over the last 10 s. */
  readonly throughput: number;
  /** How long ago the pool was made, in milliseconds. */
  readonly uptimeMs: number;
}
