import { describe } from '../../errors.js';
import { describeTask } from '../../jobs/task.js';
import { NO_ARGS, type TaskRef } from '../../jobs/task-ref.js';
import { isTask, refOf } from '../../jobs/task-registry.js';

/** A call of a task that is not a job. */
export interface TaskCall {
  readonly task: TaskRef;
  readonly args: readonly unknown[];
}

/** @throws {TypeError} that names the argument, the rule and the value received. */
export function checkCall(task: unknown, args: unknown, action: string): TaskCall {
  const ref = checkTask(task, action, 'task');
  if (args !== undefined && !Array.isArray(args))
    throw new TypeError(`Cannot ${action} '${ref.name}': args must be an array, received ${describe(args)}`);
  return { task: ref, args: args ?? NO_ARGS };
}

/** @throws {TypeError} that names the argument, the rule and the value received. */
export function checkTask(value: unknown, action: string, name: string): TaskRef {
  if (isTask(value)) return refOf(value);
  throw new TypeError(
    `Cannot ${action}: ${name} must be a function or a task of a taskModule(), received ${describeTask(value)}`,
  );
}
