import { inspect } from 'node:util';
import { refuseOptions, refuseSurplusObjects } from '../../base/check/options.js';
import { checkFunction, checkIterable } from '../../base/check/values.js';
import { type Inspecting, shown } from '../../base/inspect.js';
import { JobGroup } from '../../compose/job-group.js';
import { JobStreams, type StreamOptions, streamAsCompleted } from '../../compose/job-stream.js';
import { type JobWaitOptions, readTimeout } from '../../compose/job-wait-options.js';
import type { SettledCounts } from '../../core/options/shutdown-options.js';
import { Job } from '../../jobs/job.js';
import type { JobOptions } from '../../jobs/job-options.js';
import type { Task, TaskArgs } from '../../jobs/task.js';
import { stays } from '../../sync/sharing/crossing.js';
import { type ClusterEngine, createClusterEngine } from './cluster-engine.js';
import type { ClusterPoolEvent, ClusterPoolListener } from './cluster-events.js';
import { ClusterGroup } from './cluster-group.js';
import { type ClusterJob, checkClusterJob, localJobOf } from './cluster-job.js';
import { type ClusterJobOptions, readClusterJobOptions, readRemoteTask } from './cluster-job-options.js';
import { ClusterJobStream } from './cluster-job-stream.js';
import { type ClusterPoolOptions, resolveClusterPoolOptions } from './cluster-pool-options.js';
import type { ClusterJobOf, ClusterSubmitRest, SettledClusterJob } from './cluster-pool-types.js';
import type { ClusterShutdownOptions } from './cluster-shutdown.js';

/**
 * Submits jobs to the hosts of a cluster, by a queue in Redis: the highest priority first, equals in the order of their arrival
 * there. This process runs none of them.
 *
 * - A job settles exactly once here, whatever hosts, Redis and the network do.
 * - Once `job.added` has resolved, it outlives this process.
 * - A host may run it again after a crash: give its effects the key `currentJob().id`.
 *
 * @example
 * ```ts
 * await using cluster = new ClusterPool({ connection: 'redis://10.0.0.5:6379', queue: 'hash' });
 * const hex = await cluster.submit(tasks.sha256, [bytes], { priority: JobPriority.HIGH });
 * ```
 */
export class ClusterPool implements AsyncDisposable {
  readonly #engine: ClusterEngine;
  readonly #name: string;
  readonly #streams: JobStreams;

  /**
   * Begins to connect. While Redis is away, jobs wait.
   *
   * @throws {TypeError | RangeError} for a bad option, naming it, the rule and the value received; if `bullmq` and `ioredis` are
   * not installed.
   */
  constructor(options: ClusterPoolOptions) {
    const settings = resolveClusterPoolOptions(options);
    this.#engine = createClusterEngine(settings);
    this.#name = settings.name;
    const { hub, log } = this.#engine;
    this.#streams = new JobStreams(hub, (message) => log.fault(message, { type: 'ThreadSystemWarning' }));
  }

  static {
    stays(ClusterPool, 'ClusterPool', (value) =>
      #engine in value ? 'a ClusterPool, which stays on its thread; make one where it is needed' : undefined,
    );
  }

  /**
   * Submits a call of a task. Faults of the call itself (an argument that cannot be sent, a task that no host has) do not throw
   * here: the job settles FAILED.
   *
   * @param task a task of a `taskModule` or of `remoteTasks`.
   * @param rest the task's arguments, cloned when the job is sent; then options.
   * @throws {TypeError | RangeError} for a bad task, argument list or option; for an inline function.
   * @throws {PoolClosedError} after `shutdown`.
   */
  submit<K extends Task>(task: K, ...rest: ClusterSubmitRest<K>): ClusterJobOf<K>;
  submit(task: Task, args?: readonly unknown[], options?: ClusterJobOptions): ClusterJob {
    const ref = readRemoteTask(task, 'submit job');
    const checked = options && readClusterJobOptions(options, `make job '${ref.name}'`);
    return this.#engine.intake.submit(new Job(ref as unknown as Task, args, checked));
  }

  /** Submits a call of the task for each list of arguments, with the same options. Otherwise like `submit`. */
  submitMany<K extends Task>(
    task: K,
    listOfArgs: Iterable<Readonly<TaskArgs<K>>>,
    options?: ClusterJobOptions,
  ): ClusterJobOf<K>[] {
    checkIterable(listOfArgs, 'listOfArgs', 'submit jobs');
    const ref = readRemoteTask(task, 'submit jobs');
    const checked = options && readClusterJobOptions(options, `make jobs '${ref.name}'`);
    // all are made before the first is submitted, so that a bad one submits none
    const jobs = Array.from(listOfArgs, (args) => new Job(ref as unknown as Task, args, checked));
    return jobs.map((job) => this.#engine.intake.submit(job)) as ClusterJobOf<K>[];
  }

  /** Makes a group for jobs of this pool that belong together: they are counted, cancelled and awaited as one. */
  group(name: string): ClusterGroup;
  group(name: string, ...rest: readonly unknown[]): ClusterGroup {
    refuseSurplusObjects(rest, 'no options', 'make a group');
    const { intake } = this.#engine;
    const submit = (task: Task, args: readonly unknown[] | undefined, options: JobOptions): Job =>
      localJobOf(intake.submit(new Job(task, args, options)));
    const group = new JobGroup(
      { submit, submitMany: (task, list, options) => Array.from(list, (args) => submit(task, args, options)) },
      name,
    );
    return new ClusterGroup(group, this.#handleOf);
  }

  /**
   * Returns the jobs in the order in which they settle, for `for await`: read their `state`, `result` and `error`. Jobs
   * that have already settled come first.
   *
   * @param options.timeoutMs time in milliseconds after which the loop throws a `JobTimeoutError`. Default: `Infinity`.
   * @throws {TypeError} if `jobs` is not an iterable of jobs of a cluster.
   */
  asCompleted<J extends ClusterJob>(
    jobs: Iterable<J>,
    options?: JobWaitOptions,
  ): AsyncIterableIterator<SettledClusterJob<J>, undefined> {
    const handles = new Map<Job, ClusterJob>();
    for (const job of checkIterable(jobs, 'jobs', 'wait for jobs'))
      handles.set(localJobOf(checkClusterJob(job, 'each', 'wait for jobs')), job as ClusterJob);
    return new ClusterJobStream(streamAsCompleted(handles.keys(), options), (job) => handles.get(job) as ClusterJob);
  }

  /** Returns the jobs of this pool that complete from now on, for `for await`. Ends when the pool has shut down. */
  results(options?: StreamOptions): AsyncIterableIterator<SettledClusterJob, undefined> {
    return new ClusterJobStream(this.#streams.open('jobCompleted', options), this.#handleOf);
  }

  /** Returns the jobs of this pool that fail from now on, for `for await`. Ends when the pool has shut down. */
  failures(options?: StreamOptions): AsyncIterableIterator<SettledClusterJob, undefined> {
    return new ClusterJobStream(this.#streams.open('jobFailed', options), this.#handleOf);
  }

  /** Returns what users have of a local job of this pool. */
  readonly #handleOf = (job: Job): ClusterJob => this.#engine.table.handleOf(job) as ClusterJob;

  /**
   * Resolves with `true` once every job that this pool submitted before the call has settled, or with `false` if `timeoutMs`
   * passes first.
   */
  waitAll(options?: JobWaitOptions): Promise<boolean> {
    return this.#engine.ledger.waitAll(readTimeout(options, 'wait for all jobs'));
  }

  /**
   * Cancels every unsettled job of this pool, or those for which `filter` returns true. Resolves with how many will settle
   * CANCELLED.
   */
  async cancelAll(filter?: (job: ClusterJob) => boolean): Promise<number> {
    if (filter !== undefined) checkFunction(filter, 'filter', 'cancel jobs');
    const { table, control } = this.#engine;
    const chosen = table.all.filter(({ job }) => {
      const handle = table.handleOf(job);
      return handle !== undefined && (filter?.(handle) ?? true);
    });
    const decided = await Promise.all(chosen.map((submission) => control.cancel(submission, undefined)));
    return decided.filter(Boolean).length;
  }

  /** Starts no further job of the whole queue, whoever submitted it, until `resume`. Survives restarts of all processes. */
  pause(): Promise<void>;
  pause(...rest: readonly unknown[]): Promise<void> {
    refuseOptions(rest, 'pause the queue');
    return this.#engine.queue.pause();
  }

  resume(): Promise<void>;
  resume(...rest: readonly unknown[]): Promise<void> {
    refuseOptions(rest, 'resume the queue');
    return this.#engine.queue.resume();
  }

  /**
   * Calls `fn` at each event of that name. An error thrown by `fn` becomes a process warning.
   *
   * @returns a function that unregisters `fn`.
   */
  on<E extends ClusterPoolEvent>(event: E, fn: ClusterPoolListener<E>): () => void {
    checkFunction(fn, 'the listener', `listen to '${event}'`);
    const { events, table } = this.#engine;
    const call = fn as (detail: unknown, more: unknown) => void;
    return events.on(event, (detail, more) => call(detail instanceof Job ? table.handleOf(detail) : detail, more));
  }

  /**
   * Ends the pool; other submitters and the hosts go on. `'drain'` (default) waits until the jobs of this pool have settled;
   * `'finishRunning'` cancels those that wait; `'abort'` cancels all; `'detach'` leaves them to the hosts: here they reject with
   * a `DetachedError`. After `timeoutMs` all remaining jobs are aborted. Repeated calls return the same promise; a stricter mode
   * escalates.
   *
   * @returns how many of the jobs it waited for settled in each way.
   */
  shutdown(options?: ClusterShutdownOptions): Promise<SettledCounts> {
    const isFirst = this.#engine.state.phase === 'open';
    const closing = this.#engine.shutdown.begin(options);
    if (isFirst) void closing.then(() => this.#streams.close());
    return closing;
  }

  [inspect.custom](...inspecting: Inspecting): string {
    const { state, metrics, submitter } = this.#engine;
    const { submitted, completed, failed, cancelled } = metrics;
    const counts = { submitted, completed, failed, cancelled };
    return shown('ClusterPool', { name: this.#name, submitter, state: state.phase, ...counts }, inspecting);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }
}
