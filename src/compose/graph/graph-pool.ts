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

/** A node of a tree: it is needed by one other at most. */
export interface TreeCall {
  readonly task: Task;
  /** The arguments, with `null` in place of each output. */
  readonly args: readonly unknown[];
  /** Where the outputs are in the arguments, and whose they are. */
  readonly inputs: readonly TreeInput[];
  readonly options: CheckedJobOptions;
  /** The nodes that must complete first, by their index in the list. */
  readonly before: readonly number[];
}

/** An output in the arguments of a node: the keys that lead there, and the index of the node whose it is. */
export type TreeInput = readonly [path: readonly string[], from: number];

/** How a pool takes the nodes of a graph. */
export interface GraphSubmitter {
  readonly submit: SubmitNode;
  /**
   * Submits all nodes of a tree at once. Jobs that need one that does not complete are cancelled. Returns the jobs in the order
   * of the list, in which each node comes after those it needs; `undefined` if these nodes must be submitted one by one.
   */
  readonly submitTree?: (calls: readonly TreeCall[]) => readonly Job[] | undefined;
}

const remote = new WeakMap<object, GraphSubmitter>();

/** Lets graphs run on a pool that takes no `Job`s: the submitter returns what stands for one. */
export function runsGraphs(pool: RemoteGraphPool, submitter: GraphSubmitter): void {
  remote.set(pool, submitter);
}

/** @throws {TypeError} if a graph cannot be run on that. */
export function submitterOf(pool: GraphPool): GraphSubmitter {
  const isObject = typeof pool === 'object' && pool !== null;
  const known = isObject ? remote.get(pool) : undefined;
  if (known !== undefined) return known;
  if (isObject && 'submitJob' in pool && typeof pool.submitJob === 'function')
    return { submit: (task, args, options) => pool.submitJob(new Job(task, args, options)) };
  throw mustBe('a ThreadPool', pool, 'pool', 'run the graph');
}
