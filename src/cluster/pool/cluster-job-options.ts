import { wrongType } from '../../base/check/argument-errors.js';
import { checkText, copyArray } from '../../base/check/values.js';
import { type CheckedJobOptions, type JobOptions, readJobOptions } from '../../jobs/job-options.js';
import type { TaskRef } from '../../jobs/task-ref.js';
import { refOf } from '../../jobs/task-registry.js';
import { type ClusterJob, checkClusterJob, localJobOf } from './cluster-job.js';

/** Options of a job of a cluster: those of a local one except `transfer` and `keyJoins`. */
export interface ClusterJobOptions extends Omit<JobOptions, 'transfer' | 'dependsOn' | 'key' | 'keyJoins'> {
  /**
   * Jobs of the same pool that must complete first. They are held by this process until then, and lost with it. Default:
   * none.
   */
  readonly dependsOn?: readonly ClusterJob[] | undefined;
  /** Joins the unsettled job of this pool with the same key, even if its code has begun. Default: none. */
  readonly key?: string | undefined;
}

/**
 * Returns the identity of a task that a host can find: an exported function.
 *
 * @throws {TypeError} for an inline function, which would be sent as code, and for anything that is not a task.
 */
export function readRemoteTask(task: unknown, action: string): TaskRef {
  const ref = refOf(task);
  if (ref.origin.kind === 'module') return ref;
  throw wrongType(
    action,
    'task must be an exported function, of a taskModule() or of remoteTasks()',
    'an inline function',
  );
}

/** @throws {TypeError | RangeError} that names the option, the rule and the value received. */
export function readClusterJobOptions(options: ClusterJobOptions | undefined, action: string): CheckedJobOptions {
  if (options === undefined) return readJobOptions(undefined, action);
  return checkRemoteOptions(readJobOptions(localOptions(options, action), action), action);
}

/** Returns the options with local jobs in place of those of the cluster. @throws {TypeError} if one is not such a job. */
export function localOptions(options: object, action: string): object {
  const { dependsOn } = options as { readonly dependsOn?: unknown };
  if (dependsOn === undefined) return options;
  return { ...options, dependsOn: copyArray(dependsOn, 'dependsOn', action).map((job) => toLocal(job, action)) };
}

const toLocal = (job: unknown, action: string) => localJobOf(checkClusterJob(job, 'each of dependsOn', action));

/**
 * Returns the options, unless one cannot leave this process.
 *
 * @throws {TypeError} that names it.
 */
export function checkRemoteOptions(options: CheckedJobOptions, action: string): CheckedJobOptions {
  const { transfer, retry, key, keyJoins } = options;
  if (transfer !== undefined && transfer.length > 0)
    throw wrongType(action, 'transfer must not be given, as nothing can be moved to another machine');
  if (keyJoins !== undefined)
    throw wrongType(
      action,
      'keyJoins must not be given, as whether code on another machine has begun is known only later',
    );
  if (retry?.retryIf !== undefined)
    throw wrongType(
      action,
      'retry.retryIf must not be given, as a function stays here: name it in the tasks of the host',
    );
  if (key !== undefined) checkText(key, 'key', action);
  return options;
}
