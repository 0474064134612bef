/**
 * Why a worker has exited.
 *
 * - `idle`: it had nothing to do, was recycled, or was not needed after all.
 * - `resized`: the pool was resized.
 * - `deaf`: its job did not stop when asked to.
 * - `died`: by itself, such as by `process.exit()` in a task.
 * - `shutdown`: the pool was shut down.
 * - `failed to start`: before it took jobs.
 *
 * @useDeclaredType
 */
export type WorkerExitReason = (typeof WORKER_EXIT_REASONS)[number];

export const WORKER_EXIT_REASONS = ['idle', 'resized', 'deaf', 'died', 'shutdown', 'failed to start'] as const;

/** Why a pool ends a worker. */
export interface WorkerEnd {
  readonly reason: WorkerExitReason;
  /** The reason in a log, in words that may follow "Worker 1 exited: ". */
  readonly text: string;
}

export const SHUT_DOWN: WorkerEnd = { reason: 'shutdown', text: 'the pool was shut down' };
