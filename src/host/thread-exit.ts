import { messageOf } from '../errors.js';

/** How a thread ended. */
export interface ThreadExit {
  readonly exitCode: number;
  /** What ended it, where it did not end by itself. */
  readonly cause: unknown;
  /** Why it could not start, where that was not its thread's end: what failed, such as `its setup 'open' failed`. */
  readonly startFault?: string | undefined;
}

/** What the cause of an exit adds to a message that tells of it. */
export function reasonOf({ cause }: ThreadExit): string {
  return cause === undefined ? '' : `: ${messageOf(cause)}`;
}
