import { describe } from '../errors.js';
import { isTask, refOf, type TaskRef } from '../jobs/task.js';

/** A call of a task that is no job. */
export interface TaskCall {
  readonly task: TaskRef;
  readonly args: readonly unknown[];
}

export const NO_ARGS: readonly unknown[] = Object.freeze([]);

/** @throws {TypeError} that names the argument, the rule and the value received. */
export function checkTask(value: unknown, action: string, name: string): TaskRef {
  if (isTask(value)) return refOf(value);
  throw new TypeError(
    `Cannot ${action}: ${name} must be a function or a task of a taskModule(), received ${describe(value)}`,
  );
}
