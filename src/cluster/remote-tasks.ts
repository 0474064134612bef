import { refuseSurplus } from '../base/check/options.js';
import type { ModuleTask, TaskModule } from '../jobs/task.js';
import { taskModule } from '../jobs/task-registry.js';

/** Address of a module that is not here but on the hosts. */
const ADDRESS = 'remote:tasks';

/**
 * Names tasks that only the hosts of a cluster have. By type alone: nothing is imported. A `taskModule` can be used instead.
 * Only a `ClusterPool` runs them.
 *
 * @example
 * ```ts
 * const tasks = remoteTasks<typeof import('./tasks.js')>();
 * await cluster.submit(tasks.sha256, [bytes]);
 * ```
 */
export function remoteTasks<M>(): TaskModule<M>;
export function remoteTasks<M>(...rest: readonly unknown[]): TaskModule<M> {
  refuseSurplus(rest, 'no arguments', 'name remote tasks');
  return taskModule<M>(ADDRESS);
}

/** Returns a task that only the hosts have, by its name. */
export function remoteTask(name: string): ModuleTask {
  return Reflect.get(taskModule<object>(ADDRESS), name) as ModuleTask;
}
