import { inspect } from 'node:util';
import { optionNames } from '../../base/check/options.js';
import { type Inspecting, shown } from '../../base/inspect.js';
import { JOB_OPTION_NAMES } from '../../contract/job-option-names.js';
import type { Job } from '../../jobs/job.js';
import type { CheckedJobOptions, JobOptions } from '../../jobs/job-options.js';
import type { Task } from '../../jobs/task.js';
import type { CancellationToken } from '../../sync/cancellation-token.js';
import { stays } from '../../sync/sharing/crossing.js';

/** A graph's record of a node. */
export interface NodeRecord {
  readonly name: string;
  readonly node: GraphNode;
  readonly task: Task;
  readonly args: readonly unknown[];
  readonly fallback: Task | undefined;
  readonly options: CheckedJobOptions;
  readonly before: Set<NodeRecord>;
  readonly after: Set<NodeRecord>;
  job: Job | undefined;
}

export let recordOf: (node: GraphNode) => NodeRecord;

export let nodeOf: (output: NodeOutput) => GraphNode;

/** Stands for the result of a node in the arguments of other nodes. */
export class NodeOutput<T = unknown> {
  readonly #node: GraphNode<T>;
  /** The type of the result, for the compiler only. */
  declare readonly result: T;

  /** @internal */
  constructor(node: GraphNode<T>) {
    this.#node = node;
  }

  static {
    nodeOf = (output) => output.#node;
  }

  [inspect.custom](...inspecting: Inspecting): string {
    return shown('NodeOutput', { node: this.#node.name }, inspecting);
  }

  static {
    stays(NodeOutput, 'NodeOutput', (value) =>
      #node in value
        ? `the output of node '${value.#node.name}'; pass it to nodes of its graph, or run the graph first and pass node.job.result`
        : undefined,
    );
  }
}

/** Arguments in which any part may be the output of a node whose result has that type. */
export type WithOutputs<A> = A extends readonly unknown[]
  ? { readonly [K in keyof A]: WithOutputs<A[K]> | NodeOutput<A[K]> }
  : A extends (...args: never[]) => unknown
    ? A
    : A extends object
      ? { readonly [K in keyof A]: WithOutputs<A[K]> | NodeOutput<A[K]> }
      : A;

/** Options of a node: those of its job, and a fallback. */
export interface NodeOptions extends Omit<JobOptions, 'dependsOn' | 'key' | 'keyJoins' | 'name'> {
  /**
   * A task that is called with the same arguments if the node's own task fails, to provide the result. Default: none.
   */
  readonly fallback?: Task | undefined;
}

/** What cancels a run. */
export interface GraphRunOptions {
  /** Cancelling this token cancels the run. Default: none. */
  readonly token?: CancellationToken | undefined;
  /** A signal that cancels the run when it aborts. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/** The call that a node makes. */
interface NodeCall {
  readonly task: Task;
  readonly args: readonly unknown[];
  readonly fallback: Task | undefined;
  readonly options: CheckedJobOptions;
}

/** One call in a graph. */
export class GraphNode<T = unknown> {
  /** Its name, unique in the graph. */
  readonly name: string;
  /** Stands for this node's result in the arguments of other nodes, which then run after this one. */
  readonly output: NodeOutput<T> = new NodeOutput(this);
  readonly #record: NodeRecord;

  /** @internal */
  constructor(name: string, call: NodeCall) {
    this.name = name;
    const node = this as GraphNode;
    this.#record = { name, node, ...call, before: new Set(), after: new Set(), job: undefined };
  }

  static {
    recordOf = (node) => node.#record;
  }

  /** The node's job, or that of its fallback, in the current or last run; `undefined` if it had none. */
  get job(): Job<T> | undefined {
    return this.#record.job as Job<T> | undefined;
  }

  /** Returns its name and its job. */
  toJSON(): Pick<GraphNode, 'name' | 'job'> {
    const { name, job } = this;
    return { name, job: job as Job | undefined };
  }

  [inspect.custom](...inspecting: Inspecting): string {
    const { name, job } = this;
    return shown('GraphNode', { name, state: job?.state }, inspecting);
  }

  static {
    stays(GraphNode, 'GraphNode', (value) =>
      #record in value
        ? `node '${value.name}' of a JobGraph; pass its output to another node, or node.job.result after the run`
        : undefined,
    );
  }
}

const { dependsOn: _dependsOn, key: _key, keyJoins: _keyJoins, name: _name, ...OF_NODE_JOBS } = JOB_OPTION_NAMES;
export const NODE_OPTIONS = optionNames<NodeOptions>({ fallback: true, ...OF_NODE_JOBS });
