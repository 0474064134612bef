import type { ContextValues } from '../base/context-stores.js';

/** What is told of a job besides its arguments, where it is not as with most. */
export interface JobOverrides {
  /** From 2: it is not the first. */
  readonly attempt?: number | undefined;
  readonly name?: string | undefined;
  /** What its code sees of where it was submitted. */
  readonly context?: ContextValues | undefined;
}
