import type { GraphSubmitter, TreeCall } from '../../compose/graph/graph-pool.js';
import { Job } from '../../jobs/job.js';
import type { CheckedJobOptions } from '../../jobs/job-options.js';
import type { Task } from '../../jobs/task.js';
import { encodeValue, type Measured } from '../codec/value-codec.js';
import type { ClusterIntake } from '../pool/cluster-intake.js';
import { checkRemoteOptions, readRemoteTask } from '../pool/cluster-job-options.js';
import type { ClusterPoolSettings } from '../pool/cluster-pool-options.js';

/** Most jobs of a flow, which Redis takes in one transaction. */
const MAX_FLOW = 1_000;

export interface ClusterGraphsDeps {
  readonly intake: ClusterIntake;
  readonly settings: Pick<ClusterPoolSettings, 'maxPayload' | 'maxQueue' | 'onLost'>;
}

/** Submits the nodes of graphs: those of a tree as one flow of BullMQ, which outlives this process; others one by one. */
export class ClusterGraphs implements GraphSubmitter {
  readonly #deps: ClusterGraphsDeps;

  constructor(deps: ClusterGraphsDeps) {
    this.#deps = deps;
  }

  // a graph awaits the jobs and gives them to its user, for which those of a cluster serve like local ones

  readonly submit = (task: Task, args: readonly unknown[], options: CheckedJobOptions): Job =>
    this.#deps.intake.submit(jobOf(task, args, options)) as unknown as Job;

  readonly submitTree = (calls: readonly TreeCall[]): readonly Job[] | undefined => {
    const { intake } = this.#deps;
    const jobs = calls.map(({ task, args, options }) => jobOf(task, args, options));
    const measured = this.#mayFlow(calls) ? this.#measured(calls) : undefined;
    if (measured === undefined) return undefined;
    const members = calls.map(({ inputs, before }, index) => ({
      job: jobs[index] as Job,
      measured: measured[index] as Measured,
      inputs,
      before,
    }));
    return intake.submitFlow(members) as unknown as readonly Job[];
  };

  /** Whether a flow keeps what the nodes and the pool were promised: each of them is an addition to the queue, all at once. */
  #mayFlow(calls: readonly TreeCall[]): boolean {
    const { maxQueue, onLost } = this.#deps.settings;
    return (
      calls.length <= MAX_FLOW &&
      maxQueue === Number.POSITIVE_INFINITY && // a node could find no room
      onLost === 'fail' && // a node cannot be added again by itself
      calls.every(({ options, before }) => options.front !== true && (before.length === 0 || !isDelayed(options)))
    );
  }

  /** Encodes the arguments; `undefined` if a node's cannot be sent: that node then fails when it is submitted by itself. */
  #measured(calls: readonly TreeCall[]): readonly Measured[] | undefined {
    try {
      return calls.map(({ args }) => encodeValue(args, 'args', this.#deps.settings.maxPayload));
    } catch {
      return undefined;
    }
  }
}

function jobOf(task: Task, args: readonly unknown[], options: CheckedJobOptions): Job {
  const ref = readRemoteTask(task, 'run a node of a graph');
  checkRemoteOptions(options, `make job '${ref.name}'`);
  return new Job(ref as unknown as Task, args, options);
}

/** BullMQ counts a delay from when a job's children have completed. */
function isDelayed({ delayMs, startAt }: CheckedJobOptions): boolean {
  return delayMs !== undefined || startAt !== undefined;
}
