import type { ContextValues } from '../base/context-stores.js';
import type { Transferable } from '../sync/sharing/crossing.js';
import type { TaskDefinition } from './task-definition.js';

/** A child submitted by a job's code. */
export interface ChildSubmission {
  /** The child's number on that worker. */
  readonly child: number;
  readonly task: TaskDefinition;
  readonly args: readonly unknown[];
  readonly options: object;
  /** Context values of its own, read when it was submitted. */
  readonly context: ContextValues | undefined;
  /** Objects in the arguments that are moved, not copied. */
  readonly transfer?: readonly Transferable[];
}
