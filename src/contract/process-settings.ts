import type { ResourceLimits } from 'node:worker_threads';

/** How to start the child process. */
export interface ProcessSettings {
  /** Path of the process's entry file. */
  readonly entry: string;
  /** URL of the entry of its worker thread. */
  readonly workerEntry: string;
  readonly resourceLimits: ResourceLimits | undefined;
  readonly execArgv: readonly string[] | undefined;
  readonly argv: readonly unknown[] | undefined;
  readonly cwd: string | undefined;
  readonly execPath: string | undefined;
}
