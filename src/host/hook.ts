import type { TaskDefinition } from '../contract/task-origin.js';
import type { ThreadExit } from './thread-exit.js';

/** How the code of a hook ended. */
export type HookEnd = { readonly value: unknown } | { readonly error: unknown };

/** A call of a task that is no job: a worker's setup, a broadcast, its teardown. */
export interface Hook {
  readonly task: { readonly origin: TaskDefinition };
  readonly args: readonly unknown[];
  /** How the path begins that tells which argument cannot be cloned. */
  readonly argsName: string;
  /** Whether anybody asks for what it returns: else that need not be one that can cross. */
  readonly isAsked: boolean;
  /** Its code begins. */
  readonly begun?: () => void;
  /** Its code has ended, or there was none to run. */
  readonly ended: (end: HookEnd) => void;
  /** Its worker is gone. */
  readonly lost: (exit: ThreadExit, hasBegun: boolean) => void;
}
