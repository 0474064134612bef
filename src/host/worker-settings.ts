import type { Fd } from '../contract/printed.js';
import type { ProcessSettings } from '../contract/process-settings.js';
import type { TaskDefinition } from '../contract/task-definition.js';

export interface WorkerSettings {
  readonly workerId: number;
  readonly concurrency: number;
  readonly poolWord: Int32Array;
  /** Priorities that divide jobs into tiers, in ascending order. Set only if the pool asks for a worker's lowest tier. */
  readonly tiers?: readonly number[] | undefined;
  /** Longest time an orderly end may take, in ms. Default: 0. */
  readonly graceMs?: number | undefined;
  /** Whether ts-node is registered in the thread that uses the library. */
  readonly isTsNodeRegistered?: boolean;
  /** How many hooks the worker is given before its first job. Default: none. */
  readonly hooksFirst?: number;
  /** The task that runs around every job. */
  readonly around?: TaskDefinition | undefined;
  /** How many jobs the worker may be sent. Default: `Infinity`. */
  readonly jobLimit?: number | undefined;
  /** Size of the heap of the thread that runs the jobs, in MB, above which `heapFull` is called. Default: none. */
  readonly heapLimitMb?: number | undefined;
  /** Set if the worker runs its jobs in a child process. */
  readonly process?: ProcessSettings | undefined;
  /** How deep pools are nested in the worker's thread. Default: one more than in this thread. */
  readonly depth?: number;
  /** Whether the worker runs the jobs of a child process, and notes each begin. Default: `false`. */
  readonly notesBegins?: boolean;
  /** Which of the thread's output is sent here to be printed. */
  readonly printed: readonly Fd[];
}
