import { mustBe } from '../../base/check/argument-errors.js';
import { Job } from '../../jobs/job.js';
import type { CheckedJobOptions } from '../../jobs/job-options.js';
import type { Task } from '../../jobs/task.js';

/** What a graph uses of a pool of this process. */
interface LocalGraphPool {
  submitJob<T, P>(job: Job<T, P>): Job<T, P>;
}

/** A pool that runs jobs elsewhere, such as a `ClusterPool`: registered by `runsGraphs`, which says how it takes jobs. */
interface RemoteGraphPool {
  submit(task: never, ...rest: never): PromiseLike<unknown>;
  job(id: string): PromiseLike<unknown>;
}

/** What a graph can be run on: a `ThreadPool` or a `ClusterPool`. */
export type GraphPool = LocalGraphPool | RemoteGraphPool;

/** Submits the call of a node. */
export type SubmitNode = (task: Task, args: readonly unknown[], options: CheckedJobOptions) => Job;

const remote = new WeakMap<object, SubmitNode>();

/** Lets graphs run on a pool that takes no `Job`s: `submit` returns what stands for one. */
export function runsGraphs(pool: RemoteGraphPool, submit: SubmitNode): void {
  remote.set(pool, submit);
}

/** @throws {TypeError} if a graph cannot be run on that. */
export function submitTo(pool: GraphPool): SubmitNode {
  const isObject = typeof pool === 'object' && pool !== null;
  const known = isObject ? remote.get(pool) : undefined;
  if (known !== undefined) return known;
  if (isObject && 'submitJob' in pool && typeof pool.submitJob === 'function')
    return (task, args, options) => pool.submitJob(new Job(task, args, options));
  throw mustBe('a ThreadPool', pool, 'pool', 'run the graph');
}
