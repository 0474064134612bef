import { inspect } from 'node:util';
import { wrongType, wrongValue } from '../../base/check/argument-errors.js';
import { optionNames, readOptions, refuseOptions, refuseSurplus } from '../../base/check/options.js';
import { checkArray, checkOneOf, checkText } from '../../base/check/values.js';
import { type Inspecting, shown } from '../../base/inspect.js';
import { describeReceived } from '../../base/known-classes.js';
import { all } from '../../base/promises.js';
import { describe, messageOf } from '../../errors.js';
import type { Job } from '../../jobs/job.js';
import { checkJobOptions, withOptions, withToken } from '../../jobs/job-options.js';
import type { Task, TaskArgs, TaskResult } from '../../jobs/task.js';
import { NO_ARGS } from '../../jobs/task-ref.js';
import { refOf } from '../../jobs/task-registry.js';
import { CancellationToken } from '../../sync/cancellation-token.js';
import { stays } from '../../sync/sharing/crossing.js';
import { fill, outputsIn } from './graph-args.js';
import { drawDot, drawMermaid, inOrder, longestPath } from './graph-drawing.js';
import {
  GraphNode,
  type GraphRunOptions,
  NODE_OPTIONS,
  type NodeOptions,
  type NodeRecord,
  recordOf,
  type WithOutputs,
} from './graph-node.js';
import { type GraphPool, type GraphSubmitter, submitterOf } from './graph-pool.js';
import { submitTree } from './graph-tree.js';

/** Options of a graph. */
export interface GraphOptions {
  /**
   * What to do if a node fails: `'failFast'` cancels all others; `'skipDependents'` still runs those that do not depend
   * on it. Default: `'failFast'`.
   */
  readonly onFailure?: 'failFast' | 'skipDependents' | undefined;
}

const GRAPH_OPTIONS = optionNames<GraphOptions>({ onFailure: true });
const RUN_OPTIONS = optionNames<GraphRunOptions>({ token: true, signal: true });
const FAILURE_MODES = ['failFast', 'skipDependents'] as const;

/**
 * Calls that depend on each other's results. Each runs as soon as these are available.
 *
 * @example
 * ```ts
 * const graph = new JobGraph();
 * const text = graph.add('load', tasks.load, [path]);
 * const tree = graph.add('parse', tasks.parse, [text.output]);
 * await graph.run(pool);
 * tree.job?.result;
 * ```
 */
export class JobGraph {
  readonly #failsFast: boolean;
  readonly #records = new Map<string, NodeRecord>();
  #isRunning = false;

  /** @throws {TypeError} for a bad option. */
  constructor(options?: GraphOptions) {
    const { onFailure = 'failFast' } = readOptions(options, GRAPH_OPTIONS, 'make a graph');
    this.#failsFast = checkOneOf(onFailure, FAILURE_MODES, 'onFailure', 'make a graph') === 'failFast';
  }

  static {
    stays(JobGraph, 'JobGraph', (value) =>
      #failsFast in value ? 'a JobGraph; run it first and pass results' : undefined,
    );
  }

  /** All nodes, in the order in which they were added. */
  get nodes(): readonly GraphNode[] {
    return this.#list.map(({ node }) => node);
  }

  /**
   * Adds a call as a node.
   *
   * @param name name of the node, unique in this graph.
   * @param args arguments of the task. An `output` of another node in them, at any depth, is replaced by that node's
   * result, and that node runs first.
   * @throws {TypeError | RangeError} for a name that is taken, a bad task or option, or an output of another graph.
   * @throws {Error} while the graph is running.
   */
  add<K extends Task>(
    name: string,
    task: K,
    args?: WithOutputs<Readonly<TaskArgs<K>>>,
    options?: NodeOptions,
  ): GraphNode<TaskResult<K>> {
    const action = `add node ${describe(name)}`;
    checkText(name, 'its name', action);
    if (this.#records.has(name)) throw wrongType(action, 'the graph has a node of that name');
    if (this.#isRunning) throw new Error(`Cannot ${action}: the graph runs`);
    const given = readOptions(options, NODE_OPTIONS, action);
    const jobOptions = checkJobOptions(given, action);
    const fallback = given.fallback as Task | undefined;
    refOf(task);
    if (fallback !== undefined) refOf(fallback);
    const list = args === undefined ? NO_ARGS : checkArray(args, 'args', action);
    const node = new GraphNode<TaskResult<K>>(name, { task, args: list, fallback, options: jobOptions });
    const record = recordOf(node as GraphNode);
    const needed = [...outputsIn(list)].map(([, node]) => this.#own(node, action));
    this.#records.set(name, record);
    for (const other of needed) link(other, record);
    return node;
  }

  /**
   * Makes `after` run only once `before` has completed.
   *
   * @throws {RangeError} if that would close a cycle; the message names it.
   * @throws {TypeError} if one is not a node of this graph.
   * @throws {Error} while the graph is running.
   */
  connect(before: GraphNode<never> | GraphNode, after: GraphNode<never> | GraphNode): void;
  connect(before: unknown, after: unknown, ...rest: readonly unknown[]): void {
    const action = 'connect nodes';
    const first = this.#own(before, action);
    const second = this.#own(after, action);
    refuseSurplus(rest, 'two nodes', action);
    if (this.#isRunning) throw new Error(`Cannot ${action}: the graph runs`);
    const path = first === second ? [first] : pathBetween(second, first);
    if (path !== undefined) {
      const cycle = [first, ...path].map(({ name }) => name).join(' → ');
      throw wrongValue(`connect '${first.name}' to '${second.name}'`, `that closes the cycle ${cycle}`);
    }
    link(first, second);
  }

  /**
   * Runs all nodes, each once those before it have completed. When all have settled, resolves with their results by
   * name. Can be called again after that.
   *
   * @throws by rejection: the error of the first node that failed; a `CancelledError` if the run is cancelled.
   */
  async run(pool: GraphPool, options?: GraphRunOptions): Promise<Map<string, unknown>> {
    const settings = checkJobOptions(readOptions(options, RUN_OPTIONS, 'run the graph'), 'run the graph');
    const submitter = submitterOf(pool);
    if (this.#isRunning) throw new Error('Cannot run the graph: it runs already');
    this.#isRunning = true;
    try {
      return await this.#run(submitter, settings);
    } finally {
      this.#isRunning = false;
    }
  }

  /** Returns the graph as a Mermaid flowchart, coloured by the states of its jobs. */
  toMermaid(): string;
  toMermaid(...rest: readonly unknown[]): string {
    refuseOptions(rest, 'draw a graph');
    return drawMermaid(this.#list);
  }

  /** Returns the graph in the DOT language of Graphviz, coloured by the states of its jobs. */
  toDot(): string;
  toDot(...rest: readonly unknown[]): string {
    refuseOptions(rest, 'draw a graph');
    return drawDot(this.#list);
  }

  /**
   * Returns the chain of nodes that took longest in the last run, and the total run time of its code in milliseconds.
   * Before a run: the chain with the most nodes, and 0.
   */
  criticalPath(): {
    /** Names of the nodes, in the order in which they ran. */
    readonly nodes: readonly string[];
    /** Run time of their code, in milliseconds. */
    readonly ms: number;
  } {
    return longestPath(this.#list);
  }

  async #run(submitter: GraphSubmitter, { token, signal }: GraphRunOptions): Promise<Map<string, unknown>> {
    const sources = [token, signal && CancellationToken.from(signal)].filter((source) => source !== undefined);
    const stop = CancellationToken.any(sources);
    const results = new Map<GraphNode, unknown>();
    const failures: { readonly error: unknown }[] = [];
    const started = new Map<NodeRecord, Promise<boolean>>();
    for (const record of this.#list) record.job = undefined;
    const jobs = submitTree(submitter, this.#list, stop);
    for (const [record, job] of jobs ?? []) {
      record.job = job;
      job.catch(() => {}); // the run rejects for all of them
    }

    const runNode = async (record: NodeRecord): Promise<boolean> => {
      const before = await all([...record.before].map((other) => started.get(other)));
      const job = jobs?.get(record);
      if (before.includes(false) || stop.isCancelled) {
        await job?.catch(() => {}); // its pool has cancelled it
        return false;
      }
      try {
        results.set(record.node, await (job ?? this.#call(submitter, record, results, stop)));
        return true;
      } catch (error) {
        failures.push({ error });
        if (this.#failsFast) stop.cancel(`node '${record.name}' failed: ${messageOf(error)}`);
        return false;
      }
    };
    // in this order, as each node waits for promises of those before it
    for (const record of inOrder(this.#list)) started.set(record, runNode(record));
    await all([...started.values()]);
    const [first] = failures;
    if (first !== undefined) throw first.error;
    stop.throwIfCancelled();
    return new Map([...results].map(([node, result]) => [node.name, result]));
  }

  async #call(
    { submit: submitNode }: GraphSubmitter,
    record: NodeRecord,
    results: ReadonlyMap<GraphNode, unknown>,
    stop: CancellationToken,
  ): Promise<unknown> {
    const { fallback, name } = record;
    const options = withToken(withOptions(record.options, { name }), stop);
    const submit = (task: Task): Job => {
      const args = fill(record.args, results) as readonly unknown[];
      const job = submitNode(task, args, options);
      record.job = job;
      return job;
    };
    try {
      return await submit(record.task);
    } catch (error) {
      if (fallback === undefined || stop.isCancelled) throw error;
      return await submit(fallback);
    }
  }

  get #list(): readonly NodeRecord[] {
    return [...this.#records.values()];
  }

  /** Returns the record of a node. @throws {TypeError} if the node belongs to another graph. */
  #own(node: unknown, action: string): NodeRecord {
    if (!(node instanceof GraphNode))
      throw wrongType(action, 'it must be given nodes', `${describeReceived(node)}; pass what add() has returned`);
    const record = recordOf(node);
    if (this.#records.get(record.name) !== record)
      throw wrongType(action, `node '${node.name}' belongs to another graph`);
    return record;
  }

  [inspect.custom](...inspecting: Inspecting): string {
    return shown('JobGraph', { nodes: [...this.#records.keys()], isRunning: this.#isRunning }, inspecting);
  }
}

function link(before: NodeRecord, after: NodeRecord): void {
  before.after.add(after);
  after.before.add(before);
}

/** Returns the nodes on a path from one to another, both included; `undefined` if there is none. */
function pathBetween(from: NodeRecord, to: NodeRecord): NodeRecord[] | undefined {
  const cameFrom = new Map<NodeRecord, NodeRecord | undefined>([[from, undefined]]);
  for (const node of cameFrom.keys()) {
    if (node === to) {
      const path: NodeRecord[] = [];
      for (let at: NodeRecord | undefined = node; at !== undefined; at = cameFrom.get(at)) path.unshift(at);
      return path;
    }
    for (const next of node.after) if (!cameFrom.has(next)) cameFrom.set(next, node);
  }
  return undefined;
}
