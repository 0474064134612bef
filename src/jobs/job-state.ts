/**
 * The states of a job. Each is a string equal to its name.
 *
 * | from | to | when |
 * |---|---|---|
 * | PENDING | RUNNING | a worker begins it |
 * | PENDING | FAILED | it cannot be sent, misses its deadline, a dependency fails, the queue is full, or no worker can start |
 * | PENDING | CANCELLED | it is cancelled before it begins |
 * | RUNNING | COMPLETED, FAILED, CANCELLED | its code ends, or its thread does |
 * | RUNNING | PENDING | the attempt failed and another follows, or its child process ended before the code began |
 */
export const JobState = Object.freeze({
  /** It waits. */
  PENDING: 'PENDING',
  /** Its code runs. */
  RUNNING: 'RUNNING',
  /** It has a result. */
  COMPLETED: 'COMPLETED',
  /** It has an error. */
  FAILED: 'FAILED',
  /** It was cancelled. */
  CANCELLED: 'CANCELLED',
} as const);

export type JobState = (typeof JobState)[keyof typeof JobState];

/** The three states a job can end in. */
export type SettledState = 'COMPLETED' | 'FAILED' | 'CANCELLED';

/**
 * A job in JSON: its identity and status, without arguments, result or error.
 *
 * @inline
 */
export interface JobJson {
  readonly id: number;
  readonly name: string;
  readonly state: JobState;
  readonly priority: number;
  readonly queuedMs: number;
  readonly executionMs: number;
  readonly attempts: number;
}
