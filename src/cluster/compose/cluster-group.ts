import { inspect } from 'node:util';
import { refuseSurplusObjects } from '../../base/check/options.js';
import { type Inspecting, shown } from '../../base/inspect.js';
import type { GroupStats, JobGroup } from '../../compose/job-group.js';
import type { JobWaitOptions } from '../../compose/job-wait-options.js';
import type { Job } from '../../jobs/job.js';
import type { Task, TaskArgs } from '../../jobs/task.js';
import type { CancellationToken } from '../../sync/cancellation-token.js';
import { stays } from '../../sync/sharing/crossing.js';
import type { ClusterJob } from '../pool/cluster-job.js';
import { type ClusterJobOptions, readClusterJobOptions, readRemoteTask } from '../pool/cluster-job-options.js';
import type { ClusterJobOf, ClusterSubmitRest } from '../pool/cluster-pool-types.js';

/** Returns what users have of a local job. */
type HandleOf = (job: Job) => ClusterJob;

/**
 * Jobs of one `ClusterPool` that belong together: they are counted, cancelled and awaited as one. Groups nest. Jobs of other
 * submitters are in none.
 */
export class ClusterGroup implements AsyncDisposable {
  /** The group of the local jobs. */
  readonly #group: JobGroup;
  readonly #handleOf: HandleOf;

  /** @internal */
  constructor(group: JobGroup, handleOf: HandleOf) {
    this.#group = group;
    this.#handleOf = handleOf;
  }

  static {
    stays(ClusterGroup, 'ClusterGroup', (value) =>
      #group in value ? `group '${value.name}' of a cluster; pass results of its jobs` : undefined,
    );
  }

  /** The name that it was made with. */
  get name(): string {
    return this.#group.name;
  }

  /** Cancelling this token cancels the group's jobs and those of its child groups. */
  get token(): CancellationToken {
    return this.#group.token;
  }

  /** Like `submit` of the pool. The job is cancelled with the group. */
  submit<K extends Task>(task: K, ...rest: ClusterSubmitRest<K>): ClusterJobOf<K>;
  submit(task: Task, args?: readonly unknown[], options?: ClusterJobOptions): ClusterJob {
    const ref = readRemoteTask(task, 'submit job');
    const checked = options && readClusterJobOptions(options, `make job '${ref.name}'`);
    return this.#handleOf(this.#group.submit(ref as never, args as never, checked) as Job);
  }

  /** Like `submitMany` of the pool. The jobs are cancelled with the group. */
  submitMany<K extends Task>(
    task: K,
    listOfArgs: Iterable<Readonly<TaskArgs<K>>>,
    options?: ClusterJobOptions,
  ): ClusterJobOf<K>[] {
    const ref = readRemoteTask(task, 'submit jobs');
    const checked = options && readClusterJobOptions(options, `make jobs '${ref.name}'`);
    const jobs = this.#group.submitMany(ref as never, listOfArgs as never, checked) as readonly Job[];
    return jobs.map(this.#handleOf) as ClusterJobOf<K>[];
  }

  /** Makes a group within this one: its jobs are counted, cancelled and awaited with this group's. */
  group(name: string): ClusterGroup;
  group(name: string, ...rest: readonly unknown[]): ClusterGroup {
    refuseSurplusObjects(rest, 'no options', 'make a group');
    return new ClusterGroup(this.#group.group(name), this.#handleOf);
  }

  /** Returns the counts of the group's jobs by state, including those of its child groups. */
  stats(): GroupStats {
    return this.#group.stats();
  }

  /** Cancels all unsettled jobs of this group and its child groups, and any submitted to them later. */
  cancel(reason?: unknown): void {
    this.#group.cancel(reason);
  }

  /**
   * Waits until all jobs of this group and its child groups have settled, whatever their outcome. Resolves with `true`,
   * or with `false` if `timeoutMs` passes first.
   */
  waitAll(options?: JobWaitOptions): Promise<boolean> {
    return this.#group.waitAll(options);
  }

  /** Waits for the group's jobs. Once they have settled, the group accepts no more. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#group[Symbol.asyncDispose]();
  }

  [inspect.custom](...inspecting: Inspecting): string {
    return shown('ClusterGroup', { name: this.name, ...this.stats() }, inspecting);
  }
}
