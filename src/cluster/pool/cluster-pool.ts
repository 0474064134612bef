import { inspect } from 'node:util';
import { refuseOptions, refuseSurplusObjects } from '../../base/check/options.js';
import { checkFunction, checkIterable, checkText } from '../../base/check/values.js';
import { type Inspecting, shown } from '../../base/inspect.js';
import { runsGraphs } from '../../compose/graph/graph-pool.js';
import { JobGroup } from '../../compose/job-group.js';
import { type StreamOptions, streamAsCompleted } from '../../compose/job-stream.js';
import { type JobWaitOptions, readTimeout } from '../../compose/job-wait-options.js';
import type { TypedArray } from '../../compose/map/item-source.js';
import type { JobMap } from '../../compose/map/job-map.js';
import type { ItemTask, MapRest, MapResult } from '../../compose/map/map-types.js';
import type { SettledCounts } from '../../core/options/shutdown-options.js';
import { giveEvents, type OnceOptions, readOnceSignal } from '../../core/pool-emitter.js';
import { closedError, type PoolStatus } from '../../core/pool-state.js';
import { Job } from '../../jobs/job.js';
import type { JobOptions } from '../../jobs/job-options.js';
import type { Task, TaskArgs } from '../../jobs/task.js';
import { stays } from '../../sync/sharing/crossing.js';
import { ClusterGroup } from '../compose/cluster-group.js';
import { ClusterJobStream } from '../compose/cluster-job-stream.js';
import type { ClusterMapOptions, PlainClusterMapOptions } from '../compose/cluster-maps.js';
import type { ClusterSchedule } from '../compose/cluster-schedule.js';
import type { ClusterScheduleOptions } from '../compose/cluster-schedules.js';
import { type ClusterEngine, createClusterEngine } from './cluster-engine.js';
import type { ClusterPoolEvent, ClusterPoolListener } from './cluster-events.js';
import { type ClusterJob, checkClusterJob, localJobOf, resolveWithJob } from './cluster-job.js';
import { type ClusterJobOptions, readClusterJobOptions, readRemoteTask } from './cluster-job-options.js';
import type { ClusterMetrics } from './cluster-metrics.js';
import { type ClusterPoolOptions, resolveClusterPoolOptions } from './cluster-pool-options.js';
import type { ClusterJobOf, ClusterSubmitRest, FoundClusterJob, SettledClusterJob } from './cluster-pool-types.js';
import type { ClusterShutdownOptions } from './cluster-shutdown.js';

/**
 * Submits jobs to the hosts of a cluster through a queue in Redis: the highest priority first, equals in the order of their
 * arrival there. This process runs none of them.
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
  readonly #queue: string;
  /** What is registered in place of each listener. */
  readonly #listeners = new WeakMap<object, (detail: unknown, more: unknown) => void>();

  /**
   * Begins to connect. While Redis is away, jobs wait.
   *
   * @throws {TypeError | RangeError} for a bad option, naming it, the rule and the value received; if `bullmq` and `ioredis` are
   * not installed.
   */
  constructor(options: ClusterPoolOptions) {
    const settings = resolveClusterPoolOptions(options);
    this.#engine = createClusterEngine(this, settings);
    this.#name = settings.name;
    this.#queue = settings.keys.queue;
    giveEvents(this, this.#engine.hub);
    runsGraphs(this, this.#engine.graphs);
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

  /** The option `name`. */
  get name(): string {
    return this.#name;
  }

  /** The option `queue`. */
  get queue(): string {
    return this.#queue;
  }

  /** `'draining'` from the call of `shutdown`, in any mode, until it has resolved. A queue that is paused is `'open'`. */
  get state(): PoolStatus {
    const { phase } = this.#engine.state;
    return phase === 'open' || phase === 'closed' ? phase : 'draining';
  }

  /**
   * Finds a job by its id, even one that another process has submitted. It is awaitable and can be cancelled like any other,
   * but is not one of this pool's jobs: neither `waitAll` nor `shutdown` waits for it.
   *
   * @returns a promise of the job itself, not of its result; of `undefined` if Redis has none with that id.
   * @throws {TypeError} for an id that is not a string.
   * @throws {ClusterUnavailableError} by rejection, if Redis does not answer within `connectTimeoutMs`.
   * @throws {PoolClosedError} by rejection, after `shutdown`.
   */
  job(id: string): Promise<FoundClusterJob | undefined> {
    const action = 'find a job';
    checkText(id, 'id', action);
    const { state, attached, patience } = this.#engine;
    if (state.phase !== 'open') return Promise.reject(closedError(action));
    return new Promise((resolve, reject) => {
      patience.await(attached.find(id), action).then((found) => {
        if (found === undefined) resolve(undefined);
        else resolveWithJob(resolve as (job: ClusterJob) => void, found.job);
      }, reject);
    });
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

  /**
   * Calls the task with each item, on all hosts, many items per job. Like `map` of a `ThreadPool`: the first failure cancels
   * the rest. The options of each item are those of a job of this pool.
   *
   * @returns the results: awaitable as a list, or async-iterable.
   * @throws {TypeError | RangeError} for a bad task, items or option.
   * @throws {PoolClosedError} after `shutdown`.
   */
  map<A extends TypedArray, X extends readonly unknown[]>(
    task: ItemTask<NoInfer<A>[number], NoInfer<A>[number] | PromiseLike<NoInfer<A>[number]>, X>,
    items: A,
    ...rest: MapRest<X, PlainClusterMapOptions>
  ): JobMap<A[number], A>;
  map<T, R, X extends readonly unknown[], O extends ClusterMapOptions>(
    task: ItemTask<T, R, X>,
    items: Iterable<T> | AsyncIterable<T>,
    ...rest: MapRest<X, O>
  ): JobMap<MapResult<R, O>>;
  map(task: Task, items: unknown, ...[options]: readonly unknown[]): JobMap<unknown, unknown> {
    this.#checkOpen('map');
    return this.#engine.maps.add(task, items, options as ClusterMapOptions | undefined);
  }

  /**
   * Runs a task repeatedly on the hosts, at a fixed rate or by a cron expression. Redis keeps the schedule: it goes on without
   * this process, and what several processes make under one `id` is one schedule, with the options of the last of them.
   *
   * @throws {TypeError | RangeError} for a bad task, argument list or option.
   * @throws {ClusterUnavailableError} by rejection, if Redis does not answer within `connectTimeoutMs`.
   * @throws {PoolClosedError} after `shutdown`.
   */
  schedule<K extends Task>(
    task: K,
    args: Readonly<TaskArgs<K>>,
    options: ClusterScheduleOptions,
  ): Promise<ClusterSchedule> {
    this.#checkOpen('schedule a task');
    const { schedules, patience } = this.#engine;
    const make = schedules.read(task, args, options);
    return patience.await(make(), 'schedule the task');
  }

  /** The schedules that this pool has made and not cancelled. */
  get schedules(): readonly ClusterSchedule[] {
    return this.#engine.schedules.all;
  }

  /**
   * Resolves when the queue has room for a job (`maxQueue`). Several producers are served in the order of their calls.
   *
   * @throws {PoolClosedError} by rejection, if the pool is shut down first.
   */
  ready(): Promise<void>;
  ready(...rest: readonly unknown[]): Promise<void> {
    refuseSurplusObjects(rest, 'no options', 'wait for room in the queue');
    const { state, queueLimit } = this.#engine;
    return state.phase === 'open' ? queueLimit.ready() : Promise.reject(closedError('wait for room in the queue'));
  }

  /**
   * Reads the metrics of the whole queue, its hosts, and the jobs of this pool.
   *
   * @throws {ClusterUnavailableError} by rejection, if Redis does not answer within `connectTimeoutMs`.
   * @throws {PoolClosedError} by rejection, after `shutdown`.
   */
  async metrics(): Promise<ClusterMetrics> {
    this.#checkOpen('read the metrics');
    return await this.#engine.patience.await(this.#engine.metricsReader.read(), 'read the metrics');
  }

  #checkOpen(action: string): void {
    if (this.#engine.state.phase !== 'open') throw closedError(action);
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
      undefined,
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
    return new ClusterJobStream(this.#engine.streams.open('jobCompleted', options), this.#handleOf);
  }

  /** Returns the jobs of this pool that fail from now on, for `for await`. Ends when the pool has shut down. */
  failures(options?: StreamOptions): AsyncIterableIterator<SettledClusterJob, undefined> {
    return new ClusterJobStream(this.#engine.streams.open('jobFailed', options), this.#handleOf);
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

  /**
   * Stops hosts from fetching jobs of the whole queue, from any submitter, until `resume`. Jobs that they have fetched (their
   * `window`) still begin. Survives restarts of all processes.
   *
   * @throws {ClusterUnavailableError} by rejection, if Redis does not answer within `connectTimeoutMs`.
   */
  pause(): Promise<void>;
  pause(...rest: readonly unknown[]): Promise<void> {
    const action = 'pause the queue';
    refuseOptions(rest, action);
    return this.#engine.patience.await(this.#engine.queue.pause(), action);
  }

  /** Lets hosts fetch jobs again after `pause`. @throws {ClusterUnavailableError} as that. */
  resume(): Promise<void>;
  resume(...rest: readonly unknown[]): Promise<void> {
    const action = 'resume the queue';
    refuseOptions(rest, action);
    return this.#engine.patience.await(this.#engine.queue.resume(), action);
  }

  /**
   * Calls `fn` at each event of that name. An error thrown by `fn` becomes a process warning.
   *
   * @returns a function that unregisters `fn`.
   */
  on<E extends ClusterPoolEvent>(event: E, fn: ClusterPoolListener<E>): () => void {
    checkFunction(fn, 'the listener', `listen to '${event}'`);
    return this.#engine.events.on(event, this.#listenerOf(fn));
  }

  /**
   * Waits for the next event of that name. Resolves with what its listeners are given, as a list; or calls `fn` with it,
   * and returns a function that unregisters `fn`.
   *
   * @throws {CancelledError} by rejection, if `signal` aborts first.
   * @throws {TypeError} for an unknown event or a bad option.
   */
  once<E extends ClusterPoolEvent>(event: E, options?: OnceOptions): Promise<Parameters<ClusterPoolListener<E>>>;
  once<E extends ClusterPoolEvent>(event: E, fn: ClusterPoolListener<E>): () => void;
  once<E extends ClusterPoolEvent>(
    event: E,
    given?: OnceOptions | ClusterPoolListener<E>,
  ): Promise<Parameters<ClusterPoolListener<E>>> | (() => void) {
    const { events } = this.#engine;
    if (typeof given === 'function') {
      if ((event as string) === 'error') return () => {}; // Node's `events.once` asks for it, of any emitter
      return events.once(event, this.#listenerOf(given));
    }
    const signal = readOnceSignal(given, event);
    const next = events.next(event, signal).then(([detail, more]) => [this.#detailOf(detail), more]);
    return next as Promise<Parameters<ClusterPoolListener<E>>>;
  }

  /** Unregisters `fn`, which `on` or `once` has registered for the event. Does nothing if it is not. */
  off<E extends ClusterPoolEvent>(event: E, fn: ClusterPoolListener<E>): void {
    this.#engine.events.off(event, this.#listeners.get(fn));
  }

  /** As `off`, under the name by which Node's `events.once(pool, …)` calls it. */
  removeListener<E extends ClusterPoolEvent>(event: E, fn: ClusterPoolListener<E>): void {
    this.off(event, fn);
  }

  #listenerOf(fn: (detail: never, more: never) => void): (detail: unknown, more: unknown) => void {
    const known = this.#listeners.get(fn);
    if (known !== undefined) return known;
    const call = fn as (detail: unknown, more: unknown) => void;
    const listener = (detail: unknown, more: unknown): void => call(this.#detailOf(detail), more);
    this.#listeners.set(fn, listener);
    return listener;
  }

  /** Returns what listeners are given: jobs of the cluster in place of local ones. */
  #detailOf(detail: unknown): unknown {
    return detail instanceof Job ? this.#engine.table.handleOf(detail) : detail;
  }

  /**
   * Ends the pool; other submitters and the hosts go on. `'drain'` (default) waits until the jobs of this pool have settled;
   * `'finishRunning'` cancels those that wait; `'abort'` cancels all; `'detach'` leaves them to the hosts: here they reject
   * with a `DetachedError`. After `timeoutMs` all remaining jobs are cancelled. Repeated calls return the same promise; a
   * stricter mode escalates. A cancel that Redis does not answer within `connectTimeoutMs` fails the job with a
   * `ClusterUnavailableError`.
   *
   * @returns how many of the jobs it waited for settled in each way.
   */
  shutdown(options?: ClusterShutdownOptions): Promise<SettledCounts> {
    return this.#engine.shutdown.begin(options);
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
