import { checkArray } from '../../base/check/values.js';
import { mustBeTask } from '../../jobs/task.js';
import { NO_ARGS, type TaskRef } from '../../jobs/task-ref.js';
import { isTask, refOf } from '../../jobs/task-registry.js';

/** A call of a task that is no job: a hook. */
export interface TaskCall {
  readonly task: TaskRef;
  readonly args: readonly unknown[];
}

/** @throws {TypeError} that names the argument, the rule and the value received. */
export function checkCall(task: unknown, args: unknown, action: string): TaskCall {
  const ref = checkTask(task, action, 'task');
  return { task: ref, args: args === undefined ? NO_ARGS : checkArray(args, 'args', `${action} '${ref.name}'`) };
}

/** @throws {TypeError} that names the argument, the rule and the value received. */
export function checkTask(value: unknown, action: string, name: string): TaskRef {
  if (isTask(value)) return refOf(value);
  throw mustBeTask(value, name, action);
}
