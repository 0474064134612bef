import type { Collection } from '../../contract/collections.js';
import type { WorkerExitReason } from '../../contract/worker-end.js';
import type { JobState } from '../../jobs/job-state.js';

// What is recorded for a trace. All times are in ms of `now()`.

/** An attempt of a job, from when it began to wait. */
export interface TracedAttempt {
  /** The job's number in this process. */
  readonly jobId: number;
  readonly sinceMs: number;
  /** `undefined` if its code has not begun. */
  readonly begunAtMs: number | undefined;
  /** When its code, or the wait for it, ended; when the trace was made, if neither has. */
  readonly endedAtMs: number;
  /** When the pool learned of the end; `undefined` if it has not. */
  readonly settledAtMs: number | undefined;
  /** `undefined` if its code has not begun. */
  readonly workerId: number | undefined;
  readonly what: AttemptNotes;
}

/** What a trace says of an attempt. Shared by the attempts of plain jobs of one kind. */
export interface AttemptNotes {
  readonly name: string;
  readonly task: string;
  readonly priority: number;
  /** From 1. */
  readonly attempt: number;
  readonly state: JobState;
  /** The id that users know the job by, if it is another. */
  readonly shownId?: number | string | undefined;
  readonly error?: string | undefined;
  /** What its code reported last. */
  readonly progress?: unknown;
  /** How long until the next attempt may begin. */
  readonly retryInMs?: number | undefined;
  readonly stop?: AskedStop | undefined;
}

/** A request to stop an attempt. */
export interface AskedStop {
  readonly kind: 'cancel' | 'timeout';
  readonly atMs: number;
  readonly reason: string | undefined;
}

/** A run of a hook. */
export interface TracedHook {
  readonly kind: HookKind;
  readonly task: string;
  readonly begunAtMs: number;
  readonly endedAtMs: number;
  readonly error: string | undefined;
}

export type HookKind = 'setup' | 'broadcast' | 'teardown';

/** The life of a worker, as far as it was recorded. */
export interface WorkerLife {
  readonly workerId: number;
  readonly concurrency: number;
  readonly startedAtMs: number;
  /** `undefined` until it takes jobs. */
  readonly readyAtMs: number | undefined;
  readonly hooks: readonly TracedHook[];
  readonly collections: readonly Collection[];
  readonly exit: TracedExit | undefined;
}

export interface TracedExit {
  readonly atMs: number;
  readonly reason: WorkerExitReason;
  readonly exitCode: number;
  readonly jobs: number;
  readonly error: string | undefined;
}

/** What a trace is made of. */
export interface Recorded {
  readonly pool: string;
  /** The number of the pool among those of this process that were traced, from 1. */
  readonly number: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly attempts: readonly TracedAttempt[];
  readonly workers: readonly WorkerLife[];
  /** Those of the pool's thread. */
  readonly collections: readonly Collection[];
  /** Whether there were more attempts in that time than are kept. */
  readonly isIncomplete: boolean;
}
