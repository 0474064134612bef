import type { Fd } from '../contract/printed.js';
import type { ProcessSettings } from '../contract/process-settings.js';

export interface WorkerSettings {
  readonly workerId: number;
  readonly concurrency: number;
  readonly poolWord: Int32Array;
  /** Priorities that part jobs into tiers, in rising order, where it matters which of them a worker has. */
  readonly tiers?: readonly number[] | undefined;
  /** How long it may take to end in order. Default: 0. */
  readonly graceMs?: number | undefined;
  /** Whether ts-node is registered where the library is used. */
  readonly isTsNodeRegistered?: boolean;
  /** How many hooks it is given before its first job. Default: none. */
  readonly hooksFirst?: number;
  /** Where its jobs are to run in a child process. */
  readonly process?: ProcessSettings | undefined;
  /** How deep pools are nested in its thread. Default: one more than here. */
  readonly depth?: number;
  /** Whether it runs the jobs of a child process, and notes begins. Default: `false`. */
  readonly notesBegins?: boolean;
  /** What of its output is told, to be printed here. */
  readonly printed: readonly Fd[];
}

/** Moves only rightwards. */
export type WorkerState = 'starting' | 'ready' | 'retiring' | 'closing' | 'ending' | 'exited';

/** What asking a job to stop came to. */
export type CancelOutcome = 'taken back' | 'asked' | 'asked before' | 'too late';
