import { describe, PoolClosedError } from '../errors.js';
import type { Job } from '../jobs/job.js';
import type { JobOptions } from '../jobs/job-options.js';
import type { Task, TaskArgs } from '../jobs/task.js';
import type { JobOf, SubmitRest } from '../jobs/typed-job.js';
import { CancellationToken } from '../sync/cancellation-token.js';

/** What a group submits to. */
export interface GroupHost {
  submit(task: Task, args: readonly unknown[] | undefined, options: JobOptions): Job;
  submitMany(task: Task, listOfArgs: Iterable<readonly unknown[]>, options: JobOptions): readonly Job[];
}

/** How the jobs of a group stand, those of its child groups included. */
export interface GroupStats {
  readonly submitted: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly active: number;
  readonly pending: number;
}

type Counts = { -readonly [K in keyof GroupStats]: number };

/**
 * Jobs that belong together: counted, cancelled and waited for as one. Groups nest.
 *
 * @example
 * ```ts
 * await using group = pool.group('nightly'); // waits for its jobs at the end of the block
 * for (const file of files) group.submit(tasks.resize, [file]);
 * ```
 */
export class JobGroup implements AsyncDisposable {
  readonly name: string;
  /** Cancels the group's jobs, and those of its child groups, when it is cancelled. */
  readonly token: CancellationToken;
  readonly #host: GroupHost;
  readonly #parent: JobGroup | undefined;
  readonly #children = new Set<JobGroup>();
  readonly #unsettled = new Set<Job>();
  readonly #ended = { completed: 0, failed: 0, cancelled: 0 };
  #submitted = 0;
  #isEnded = false;
  /** Are called when none of its own jobs is left. */
  readonly #whenNone: (() => void)[] = [];

  /** @internal */
  constructor(host: GroupHost, name: string, parent?: JobGroup) {
    if (typeof name !== 'string' || name === '')
      throw new TypeError(`Cannot make a group: name must be a string that is not empty, received ${describe(name)}`);
    this.name = name;
    this.token = parent === undefined ? new CancellationToken() : parent.token.child();
    this.#host = host;
    this.#parent = parent;
  }

  /** As of the pool. The job is cancelled with the group. */
  submit<K extends Task>(task: K, ...rest: SubmitRest<K>): JobOf<K>;
  submit(task: Task, args?: readonly unknown[], options: JobOptions = {}): Job {
    this.#checkOpen();
    const job = this.#host.submit(task, args, this.#withToken(options));
    this.#add(job);
    return job;
  }

  /** As of the pool. */
  submitMany<K extends Task>(
    task: K,
    listOfArgs: Iterable<Readonly<TaskArgs<K>>>,
    options: JobOptions = {},
  ): JobOf<K>[] {
    this.#checkOpen();
    const jobs = this.#host.submitMany(task, listOfArgs as Iterable<readonly unknown[]>, this.#withToken(options));
    for (const job of jobs) this.#add(job);
    return jobs as JobOf<K>[];
  }

  /** A group within this one: counted, cancelled and waited for with it. */
  group(name: string): JobGroup {
    this.#checkOpen();
    const child = new JobGroup(this.#host, name, this);
    this.#children.add(child);
    return child;
  }

  /** How its jobs stand, and those of its child groups. */
  stats(): GroupStats {
    const counts: Counts = { submitted: 0, completed: 0, failed: 0, cancelled: 0, active: 0, pending: 0 };
    this.#count(counts);
    return Object.freeze(counts);
  }

  /** Cancels all its jobs that have not settled, those of its child groups, and those to come. */
  cancel(reason?: unknown): void {
    this.token.cancel(reason);
  }

  /** Resolves when all its jobs, and those of its child groups, have settled, however they did. */
  async waitAll(): Promise<void> {
    for (;;) {
      const busy = [this, ...this.#children].filter((group) => group.#isBusy);
      if (busy.length === 0) return;
      await Promise.all(busy.map((group) => (group === this ? this.#whenIdle() : group.waitAll())));
    }
  }

  /** Waits for its jobs. It takes no more once they have settled. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.waitAll();
    this.#isEnded = true;
    if (this.#parent !== undefined) this.#parent.#adopt(this);
  }

  get #isBusy(): boolean {
    if (this.#unsettled.size > 0) return true;
    for (const child of this.#children) if (child.#isBusy) return true;
    return false;
  }

  /** The options with the group's token; what is no token is left to be refused. */
  #withToken(options: JobOptions): JobOptions {
    const { token } = options ?? {};
    if (token !== undefined && !(token instanceof CancellationToken)) return options;
    return { ...options, token: token === undefined ? this.token : CancellationToken.any(this.token, token) };
  }

  #add(job: Job): void {
    this.#submitted++;
    if (job.isSettled) {
      this.#settled(job);
      return;
    }
    this.#unsettled.add(job);
    job.whenSettled(() => this.#settled(job));
  }

  #settled(job: Job): void {
    this.#unsettled.delete(job);
    if (job.state === 'COMPLETED') this.#ended.completed++;
    else if (job.state === 'FAILED') this.#ended.failed++;
    else this.#ended.cancelled++;
    if (this.#unsettled.size === 0) for (const resolve of this.#whenNone.splice(0)) resolve();
  }

  #whenIdle(): Promise<void> {
    return this.#unsettled.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#whenNone.push(resolve));
  }

  /** A child group has ended: its counts are kept, it is not. */
  #adopt(child: JobGroup): void {
    const { submitted, completed, failed, cancelled } = child.stats(); // with those of its own children
    this.#children.delete(child);
    this.#submitted += submitted;
    this.#ended.completed += completed;
    this.#ended.failed += failed;
    this.#ended.cancelled += cancelled;
  }

  #count(counts: Counts): void {
    counts.submitted += this.#submitted;
    counts.completed += this.#ended.completed;
    counts.failed += this.#ended.failed;
    counts.cancelled += this.#ended.cancelled;
    for (const { state } of this.#unsettled) counts[state === 'RUNNING' ? 'active' : 'pending']++;
    for (const child of this.#children) child.#count(counts);
  }

  #checkOpen(): void {
    for (let group: JobGroup | undefined = this; group !== undefined; group = group.#parent) {
      if (!group.#isEnded) continue;
      const which = group === this ? 'it' : `group '${group.name}', which it is in,`;
      throw new PoolClosedError(`Cannot submit to group '${this.name}': ${which} has ended`);
    }
  }
}
