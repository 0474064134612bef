import { inspect } from 'node:util';
import { optionNames, readOptions } from '../base/check/options.js';
import { checkCount, checkText } from '../base/check/values.js';
import { setImmediate } from '../base/clock.js';
import { type Inspecting, shown } from '../base/inspect.js';
import { settlesWithin } from '../base/timer.js';
import { PoolClosedError } from '../errors.js';
import type { Job } from '../jobs/job.js';
import { isSettled, kindOf } from '../jobs/job-access.js';
import { whenSettled } from '../jobs/job-engine.js';
import { type CheckedJobOptions, type JobOptions, readJobOptions, withLimits, withToken } from '../jobs/job-options.js';
import type { Task, TaskArgs } from '../jobs/task.js';
import type { JobOf, SubmitRest } from '../jobs/typed-job.js';
import { CancellationToken } from '../sync/cancellation-token.js';
import { stays } from '../sync/sharing/crossing.js';
import { ConcurrencyLimit } from './concurrency-limit.js';
import { type JobWaitOptions, readTimeout } from './job-wait-options.js';

/** What a group uses of its pool. */
export interface GroupDeps {
  submit(task: Task, args: readonly unknown[] | undefined, options: CheckedJobOptions): Job;
  submitMany(task: Task, listOfArgs: Iterable<readonly unknown[]>, options: CheckedJobOptions): readonly Job[];
  /** The groups that have unsettled jobs. */
  readonly busy?: Pick<Set<JobGroup>, 'add' | 'delete'>;
}

/** Options of a group. */
export interface GroupOptions {
  /**
   * How many jobs of the group, those of its child groups included, may run at once: a whole number, 1 or more. The others are
   * PENDING and occupy no worker; the most urgent has the next turn. Default: no limit but the workers.
   */
  readonly concurrency?: number | undefined;
}

const GROUP_OPTIONS = optionNames<GroupOptions>({ concurrency: true });

/** Counts of a group's jobs, kept so that they need not be counted one by one. */
export let countsOf: (group: JobGroup) => Omit<GroupStats, 'active' | 'pending'> & { readonly unsettled: number };

/** Counts of a group's jobs by state, including those of its child groups. */
export interface GroupStats {
  /** How many were submitted. */
  readonly submitted: number;
  /** How many have completed. */
  readonly completed: number;
  /** How many have failed. */
  readonly failed: number;
  /** How many were cancelled. */
  readonly cancelled: number;
  /** How many run. */
  readonly active: number;
  /** How many wait. */
  readonly pending: number;
}

/**
 * Jobs that belong together: they are counted, cancelled and awaited as one. Groups nest.
 *
 * @example
 * ```ts
 * await using group = pool.group('nightly'); // waits for its jobs at the end of the block
 * for (const file of files) group.submit(tasks.resize, [file]);
 * ```
 */
export class JobGroup implements AsyncDisposable {
  /** The name given to `pool.group`. */
  readonly name: string;
  /** Cancelling this token cancels the group's jobs and those of its child groups. */
  readonly token: CancellationToken;
  readonly #deps: GroupDeps;
  readonly #parent: JobGroup | undefined;
  /** Its own, and those of the groups that contain it. */
  readonly #limits: readonly ConcurrencyLimit[];
  /**
   * Includes the jobs of child groups: a group does not reference its children, which may be many and short-lived (I9).
   */
  readonly #unsettled = new Set<Job>();
  readonly #counts = { submitted: 0, completed: 0, failed: 0, cancelled: 0 };
  #isEnded = false;
  /** Functions to call when no unsettled job is left. */
  readonly #whenNone: (() => void)[] = [];

  /** @internal */
  constructor(deps: GroupDeps, name: string, options: GroupOptions | undefined, parent?: JobGroup) {
    checkText(name, 'name', 'make a group');
    const { concurrency } = readOptions(options, GROUP_OPTIONS, 'make a group');
    const own = concurrency === undefined ? [] : [limitOf(concurrency)];
    this.name = name;
    this.token = parent === undefined ? new CancellationToken() : parent.token.child();
    this.#limits = parent === undefined ? own : [...own, ...parent.#limits];
    this.#deps = deps;
    this.#parent = parent;
  }

  static {
    countsOf = (group) => ({ ...group.#counts, unsettled: group.#unsettled.size });
    stays(JobGroup, 'JobGroup', (value) =>
      #deps in value
        ? `group '${value.name}'; pass group.token to have it see the group's cancel, or results of its jobs`
        : undefined,
    );
  }

  /** Like `submit` of the pool. The job is cancelled with the group. */
  submit<K extends Task>(task: K, ...rest: SubmitRest<K>): JobOf<K>;
  submit(task: Task, args?: readonly unknown[], options?: JobOptions): Job {
    this.#checkOpen();
    const job = this.#deps.submit(task, args, this.#withOwn(options));
    this.#add(job);
    return job;
  }

  /** Like `submitMany` of the pool. The jobs are cancelled with the group. */
  submitMany<K extends Task>(task: K, listOfArgs: Iterable<Readonly<TaskArgs<K>>>, options?: JobOptions): JobOf<K>[] {
    this.#checkOpen();
    const jobs = this.#deps.submitMany(task, listOfArgs as Iterable<readonly unknown[]>, this.#withOwn(options));
    for (const job of jobs) this.#add(job);
    return jobs as JobOf<K>[];
  }

  /** Makes a group within this one: its jobs are counted, cancelled and awaited with this group's. */
  group(name: string, options?: GroupOptions): JobGroup {
    this.#checkOpen();
    return new JobGroup(this.#deps, name, options, this);
  }

  /** Returns the counts of the group's jobs by state, including those of its child groups. */
  stats(): GroupStats {
    let active = 0;
    for (const { state } of this.#unsettled) if (state === 'RUNNING') active++;
    const pending = this.#unsettled.size - active;
    return Object.freeze({ ...this.#counts, active, pending });
  }

  /** Cancels all unsettled jobs of this group and its child groups, and any submitted to them later. */
  cancel(reason?: unknown): void {
    this.token.cancel(reason);
  }

  /**
   * Waits until all jobs of this group and its child groups have settled, whatever their outcome. Resolves with `true`,
   * or with `false` if `timeoutMs` passes first.
   */
  async waitAll(options?: JobWaitOptions): Promise<boolean> {
    const timeoutMs = readTimeout(options, `wait for group '${this.name}'`);
    return await settlesWithin(this.#allSettled(), timeoutMs);
  }

  async #allSettled(): Promise<void> {
    while (this.#unsettled.size > 0) {
      await new Promise<void>((resolve) => this.#whenNone.push(resolve));
      await new Promise((resolve) => setImmediate(resolve)); // code that awaits the last job may submit another
    }
  }

  /** Waits for the group's jobs. Once they have settled, the group accepts no more. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#allSettled();
    this.#isEnded = true;
  }

  [inspect.custom](...inspecting: Inspecting): string {
    return shown('JobGroup', { name: this.name, ...this.stats() }, inspecting);
  }

  /** Returns the options with the group's token and limits added. */
  #withOwn(options: JobOptions | undefined): CheckedJobOptions {
    const given = readJobOptions(options, `submit to group '${this.name}'`);
    return withLimits(withToken(given, this.token), this.#limits);
  }

  /** Adds a job to this group and to all groups that contain it. */
  #add(job: Job): void {
    for (const group of this.#andParents()) {
      group.#counts.submitted++;
      group.#unsettled.add(job);
      if (group.#unsettled.size === 1) this.#deps.busy?.add(group);
    }
    if (isSettled(job)) this.#settled(job);
    else whenSettled(job, () => this.#settled(job));
  }

  #settled(job: Job): void {
    for (const group of this.#andParents()) {
      group.#unsettled.delete(job);
      group.#count(job);
      if (group.#unsettled.size > 0) continue;
      this.#deps.busy?.delete(group);
      for (const resolve of group.#whenNone.splice(0)) resolve();
    }
  }

  #count(job: Job): void {
    switch (kindOf(job).settledAs) {
      case 'COMPLETED':
        this.#counts.completed++;
        break;
      case 'FAILED':
        this.#counts.failed++;
        break;
      case 'CANCELLED':
        this.#counts.cancelled++;
        break;
      case undefined: // impossible: the job has settled
        break;
    }
  }

  *#andParents(): Generator<JobGroup> {
    for (let group: JobGroup | undefined = this; group !== undefined; group = group.#parent) yield group;
  }

  #checkOpen(): void {
    for (const group of this.#andParents()) {
      if (!group.#isEnded) continue;
      const which = group === this ? 'it' : `group '${group.name}', which it is in,`;
      throw new PoolClosedError(`Cannot submit to group '${this.name}': ${which} has ended`);
    }
  }
}

function limitOf(concurrency: unknown): ConcurrencyLimit {
  return new ConcurrencyLimit(checkCount(concurrency, { name: 'concurrency', from: 1, action: 'make a group' }));
}
