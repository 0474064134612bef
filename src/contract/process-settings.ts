import type { ResourceLimits } from 'node:worker_threads';

/** How the child process is made. */
export interface ProcessSettings {
  /** The path of its entry, a file. */
  readonly entry: string;
  /** The address of the entry of its thread. */
  readonly workerEntry: string;
  readonly resourceLimits: ResourceLimits | undefined;
  readonly execArgv: readonly string[] | undefined;
}
