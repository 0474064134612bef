import type { ContextValues } from '../base/context-stores.js';

/** Fields sent with a job only if they differ from the defaults. */
export interface JobOverrides {
  /** Number of the attempt, if not the first: 2 or more. */
  readonly attempt?: number | undefined;
  readonly name?: string | undefined;
  /** The context values that the job's code sees. */
  readonly context?: ContextValues | undefined;
}
