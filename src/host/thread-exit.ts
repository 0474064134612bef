import type { WorkerExitReason } from '../contract/worker-end.js';
import { messageOf } from '../errors.js';

/** How a thread ended. */
export interface ThreadExit {
  readonly exitCode: number;
  readonly reason: WorkerExitReason;
  /** What ended the thread, if known. */
  readonly cause: unknown;
  /** What failed if the worker could not start although its thread did, such as `its setup 'open' failed`. */
  readonly startFault?: string | undefined;
}

/** Returns the end of a message about an exit that names its cause. */
export function reasonOf({ cause }: ThreadExit): string {
  return cause === undefined ? '' : `: ${messageOf(cause)}`;
}
