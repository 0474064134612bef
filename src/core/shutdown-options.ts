/** From the mildest to the strictest. */
export const SHUTDOWN_MODES = ['drain', 'finishRunning', 'abort'] as const;

export type ShutdownMode = (typeof SHUTDOWN_MODES)[number];

export interface ShutdownOptions {
  /** What becomes of the jobs: see `ThreadPool.shutdown`. Default: `'drain'`. */
  readonly mode?: ShutdownMode | undefined;
  /** Past so many ms the rest is aborted. Default: never. */
  readonly timeoutMs?: number | undefined;
}
