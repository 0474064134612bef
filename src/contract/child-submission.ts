import type { ContextValues } from '../base/context-stores.js';
import type { Transferable } from '../sync/sharing/crossing.js';
import type { TaskDefinition } from './task-origin.js';

/** A child that a job's code submits. */
export interface ChildSubmission {
  /** Its number on that worker. */
  readonly child: number;
  readonly task: TaskDefinition;
  readonly args: readonly unknown[];
  readonly options: object;
  /** What it is given of its own where it is submitted. */
  readonly context: ContextValues | undefined;
  /** What of its arguments is moved. */
  readonly transfer?: readonly Transferable[];
}
