import { inspect } from 'node:util';
import { mustBe } from '../base/check/argument-errors.js';
import { refuseOptions, refuseSurplusObjects } from '../base/check/options.js';
import { checkFunction, checkInteger, checkIterable } from '../base/check/values.js';
import { type Inspecting, shown } from '../base/inspect.js';
import { refusalHere } from '../base/nesting.js';
import { type GroupDeps, type GroupOptions, JobGroup } from '../compose/job-group.js';
import { type JobStream, type SettledJob, type StreamOptions, streamAsCompleted } from '../compose/job-stream.js';
import { type JobWaitOptions, readTimeout } from '../compose/job-wait-options.js';
import type { TypedArray } from '../compose/map/item-source.js';
import type { JobMap } from '../compose/map/job-map.js';
import type { MapOptions } from '../compose/map/map-options.js';
import type { ItemTask, MapRest, MapResult, PlainMapOptions } from '../compose/map/map-types.js';
import type { Schedule, ScheduleOptions } from '../compose/schedule/schedule.js';
import { Job } from '../jobs/job.js';
import { isSubmitted, submittedBy } from '../jobs/job-engine.js';
import { type JobOptions, readJobOptions } from '../jobs/job-options.js';
import type { Task, TaskArgs, TaskResult } from '../jobs/task.js';
import { refOf } from '../jobs/task-registry.js';
import type { BroadcastRest, JobOf, SubmitRest } from '../jobs/typed-job.js';
import { stays } from '../sync/sharing/crossing.js';
import { createEngine, type Engine } from './engine.js';
import type { Intake } from './lifecycle/intake.js';
import { ObservedPool } from './observed-pool.js';
import { resolvePoolOptions, type ThreadPoolOptions } from './options/options.js';
import { readShutdownOptions, type SettledCounts, type ShutdownOptions } from './options/shutdown-options.js';
import { giveParts } from './pool-emitter.js';
import type { PoolStatus } from './pool-state.js';
import { closedError } from './pool-state.js';
import { handleSignals, registerForShutdown, type SignalOptions } from './shutdown-all.js';

/**
 * Runs jobs on worker threads: the highest priority first, equals in the order of submission.
 *
 * - A job settles exactly once, whatever its code, its thread or its callers do.
 * - Workers start on demand, end when idle, and are replaced when they die.
 * - Only unsettled jobs keep the process alive: an idle pool need not be shut down.
 *
 * @example
 * ```ts
 * await using pool = new ThreadPool({ maxWorkers: 4 });
 * const sum = await pool.submit((x: number, y: number) => x + y, [5, 10], { priority: JobPriority.HIGH });
 * ```
 */
export class ThreadPool extends ObservedPool implements AsyncDisposable {
  /**
   * Shuts down all pools and threads on SIGINT and SIGTERM, and then lets the signal end the process. A second signal aborts
   * them.
   *
   * @returns a function that stops doing so.
   * @throws {TypeError | RangeError} for a bad option.
   */
  static handleSignals(options?: SignalOptions): () => void {
    return handleSignals(options);
  }

  readonly #engine: Engine;
  /** `#engine.intake`, read for every job. */
  readonly #intake: Intake;
  readonly #submitStacks: boolean;
  readonly #unregister: () => void;

  /** @throws {TypeError | RangeError} for a bad option, naming it, the rule and the value received. */
  constructor(options?: ThreadPoolOptions) {
    super();
    const settings = resolvePoolOptions(options);
    const engine = createEngine(this, settings);
    const { intake, workers } = engine;
    this.#engine = engine;
    giveParts(this, engine);
    this.#intake = intake;
    this.#submitStacks = settings.submitStacks;
    // a module that makes a pool as a worker loads it would do so in each of that pool's workers, too
    if (refusalHere('start workers') === undefined) workers.refill();
    this.#unregister = registerForShutdown(this); // last: `shutdownAll` must not find a pool that could not be made
  }

  static {
    stays(ThreadPool, 'ThreadPool', (value) =>
      #engine in value
        ? 'a ThreadPool, which stays on its thread; a task submits to its own pool by currentJob().submit()'
        : undefined,
    );
  }

  /** `'draining'` from the call of `shutdown`, in any mode, until all threads have exited. */
  get state(): PoolStatus {
    return this.#engine.running.status;
  }

  /** The highest number of workers: the option, or what `resize` has made of it. */
  get maxWorkers(): number {
    return this.#engine.workers.maxWorkers;
  }

  /**
   * Submits a call of a task. Faults of the task itself (a closure, a missing export, an argument that cannot be cloned)
   * do not throw here: the job settles FAILED.
   *
   * @param task a self-contained function, sent by its source text, or a task of a `taskModule`.
   * @param rest the task's arguments, cloned when the job is sent to a thread; then options.
   * @throws {TypeError | RangeError} for a bad task, argument list or option.
   * @throws {PoolClosedError} after `shutdown`.
   */
  submit<K extends Task>(task: K, ...rest: SubmitRest<K>): JobOf<K>;
  submit(task: Task, args?: readonly unknown[], options?: JobOptions): Job {
    const job = new Job(task, args, options);
    if (this.#submitStacks) submittedBy(job, this.submit);
    return this.#intake.submit(job);
  }

  /**
   * Submits a job made before, and returns it, or the unsettled job with the same `key` that it joins.
   *
   * @throws {TypeError} if `job` is not a `Job`, or was submitted before.
   * @throws {PoolClosedError} after `shutdown`.
   */
  submitJob<T, P>(job: Job<T, P>): Job<T, P> {
    if (!(job instanceof Job)) throw mustBe('a Job', job, 'it', 'submit job');
    if (isSubmitted(job as Job))
      throw new TypeError(`Cannot submit job '${job.name}': it was submitted before; make another Job`);
    if (this.#submitStacks) submittedBy(job as Job, this.submitJob);
    return this.#intake.submit(job as Job) as Job<T, P>;
  }

  /** Submits a call of the task for each list of arguments, with the same options. Otherwise like `submit`. */
  submitMany<K extends Task>(task: K, listOfArgs: Iterable<Readonly<TaskArgs<K>>>, options?: JobOptions): JobOf<K>[] {
    checkIterable(listOfArgs, 'listOfArgs', 'submit jobs');
    const checked = options === undefined ? undefined : readJobOptions(options, `make jobs '${refOf(task).name}'`);
    // all are made before the first is submitted, so that a bad one submits none
    const jobs = Array.from(listOfArgs, (args) => new Job(task, args, checked));
    if (this.#submitStacks) for (const job of jobs) submittedBy(job, this.submitMany);
    return jobs.map((job) => this.#intake.submit(job)) as JobOf<K>[];
  }

  /**
   * Calls the task with each item, on all workers, many items per job; reads ahead no more items than two jobs for each place
   * at a worker take. The first failure cancels the rest. A typed array results in one of the same kind, shared if it was
   * shared. Items of one job are cloned together: an object referenced by two of them is one object in the task.
   *
   * @returns the results: awaitable as a list, or async-iterable.
   * @throws {TypeError | RangeError} for a bad task, items or option.
   *
   * @example
   * ```ts
   * const squares = await pool.map((x: number) => x * x, [1, 2, 3]); // [1, 4, 9]
   * for await (const digest of pool.map(tasks.sha256, readFiles())) console.log(digest);
   * ```
   */
  map<A extends TypedArray, X extends readonly unknown[]>(
    task: ItemTask<NoInfer<A>[number], NoInfer<A>[number] | PromiseLike<NoInfer<A>[number]>, X>,
    items: A,
    ...rest: MapRest<X, PlainMapOptions>
  ): JobMap<A[number], A>;
  map<T, R, X extends readonly unknown[], O extends MapOptions>(
    task: ItemTask<T, R, X>,
    items: Iterable<T> | AsyncIterable<T>,
    ...rest: MapRest<X, O>
  ): JobMap<MapResult<R, O>>;
  map(task: Task, items: unknown, ...[options]: readonly unknown[]): JobMap<unknown, unknown> {
    this.#checkOpen('map');
    return this.#engine.maps.add(task, items, options);
  }

  /**
   * Returns the jobs in the order in which they settle, for `for await`: read their `state`, `result` and `error`. Jobs
   * that have already settled come first.
   *
   * @param options.timeoutMs time in milliseconds after which the loop throws a `JobTimeoutError`. Default: `Infinity`.
   * @throws {TypeError} if `jobs` is not an iterable of `Job`s.
   */
  asCompleted<J extends Job>(
    jobs: Iterable<J>,
    options?: JobWaitOptions,
  ): AsyncIterableIterator<SettledJob<J>, undefined> {
    return streamAsCompleted(jobs, options);
  }

  /** Returns the jobs that complete from now on, until the pool has shut down. @throws {TypeError | RangeError} for a bad option. */
  results(options?: StreamOptions): JobStream<SettledJob> {
    return this.#engine.streams.open('jobCompleted', options);
  }

  /** Returns the jobs that fail from now on, until the pool has shut down. @throws {TypeError | RangeError} for a bad option. */
  failures(options?: StreamOptions): JobStream<SettledJob> {
    return this.#engine.streams.open('jobFailed', options);
  }

  /**
   * Runs a task repeatedly, at a fixed rate or by a cron expression. The schedule keeps the process alive unless it is
   * `unref`'d.
   *
   * @throws {TypeError | RangeError} for a bad task, argument list or option.
   * @throws {PoolClosedError} after `shutdown`, which ends all schedules.
   */
  schedule<K extends Task>(task: K, args: Readonly<TaskArgs<K>>, options: ScheduleOptions): Schedule {
    this.#checkOpen('schedule a task');
    return this.#engine.schedules.add(task as Task, args, options);
  }

  /** The schedules that have not ended. */
  get schedules(): readonly Schedule[] {
    return this.#engine.schedules.all;
  }

  /**
   * Makes a group for jobs that belong together: they are counted, cancelled and awaited as one.
   *
   * @throws {TypeError | RangeError} for a bad name or option.
   */
  group(name: string, options?: GroupOptions): JobGroup {
    const deps: GroupDeps = {
      submit: (task, args, options) => this.submit(task as never, args as never, options),
      submitMany: (task, listOfArgs, options) => this.submitMany(task as never, listOfArgs as never, options),
      busy: this.#engine.groups,
    };
    return new JobGroup(deps, name, options);
  }

  /**
   * Resolves with `true` once every job submitted before the call has settled, or with `false` if `timeoutMs` passes
   * first.
   *
   * @throws {TypeError | RangeError} for a bad option.
   */
  waitAll(options?: JobWaitOptions): Promise<boolean> {
    return this.#engine.ledger.waitAll(readTimeout(options, 'wait for all jobs'));
  }

  /**
   * Resolves when the queue has room for a job (`maxQueue`): a producer that awaits this and then submits at once is never
   * refused. Several producers are served in the order of their calls.
   *
   * @throws {PoolClosedError} by rejection, if the pool is shut down first.
   */
  ready(): Promise<void>;
  ready(...rest: readonly unknown[]): Promise<void> {
    refuseSurplusObjects(rest, 'no options', 'wait for room in the queue');
    if (this.#engine.state.phase !== 'open') return Promise.reject(closedError('wait for room in the queue'));
    return this.#engine.admission.ready();
  }

  /** Cancels every unsettled job, or those for which `filter` returns true. Returns how many will settle CANCELLED. */
  cancelAll(filter?: (job: Job) => boolean): number {
    if (filter !== undefined) checkFunction(filter, 'filter', 'cancel jobs');
    return this.#engine.control.cancelAll(filter);
  }

  /** Starts no further job until `resume`; running jobs go on. Does nothing once `shutdown` was called. */
  pause(): void {
    this.#engine.running.pause();
  }

  /** Starts jobs again after `pause`. */
  resume(): void {
    this.#engine.running.resume();
  }

  /**
   * Changes how many workers the pool may have. Surplus ones end when their jobs have ended.
   *
   * @param maxWorkers like the option of that name.
   * @throws {TypeError | RangeError} for a bad number, or one that leaves no worker besides those `reserved`.
   */
  resize(maxWorkers: number): void {
    this.#engine.running.resize(maxWorkers);
  }

  /**
   * Starts workers before there are jobs for them.
   *
   * @param workers how many there are then. Default: `maxWorkers`.
   * @returns a promise that resolves when all are ready; rejects with a `WorkerExitError` if one cannot start.
   * @throws {TypeError | RangeError} by rejection, for a bad number, or one above `maxWorkers`.
   * @throws {PoolClosedError} by rejection, after `shutdown`.
   */
  async warmUp(workers: number = this.maxWorkers): Promise<void> {
    await this.#engine.warmUp.run(checkInteger(workers, 'workers', { from: 0, to: this.maxWorkers }, 'warm up'));
  }

  /**
   * Replaces all present workers by new ones, one after the other: each ends in order once it is free, when its replacement is
   * ready. Resolves when all have exited.
   *
   * @throws {PoolClosedError} by rejection, after `shutdown`.
   */
  recycle(): Promise<void>;
  recycle(...rest: readonly unknown[]): Promise<void> {
    refuseOptions(rest, 'recycle the workers');
    return this.#engine.recycling.recycleAll();
  }

  /**
   * Runs a task once on every worker: on present ones ahead of the jobs that they have not begun, on those started later
   * before their first job, after `setup` and earlier broadcasts. It is not a job: no metric counts it, and `pause` does not
   * delay it.
   *
   * @param rest the task's arguments, kept for later workers and cloned for each: leave them unchanged.
   * @returns the results of the present workers, without those that end before their turn; rejects with the first failure,
   * and then later workers do not run the task. Both happen when the call has ended on all present workers.
   * @throws {TypeError} for a bad task or argument list.
   * @throws {PoolClosedError} by rejection, after `shutdown`.
   */
  broadcast<K extends Task>(task: K, ...rest: BroadcastRest<K>): Promise<TaskResult<K>[]>;
  broadcast(task: Task, args?: readonly unknown[], ...rest: readonly unknown[]): Promise<unknown[]> {
    refuseOptions(rest, 'broadcast');
    const refusal = refusalHere('broadcast');
    return refusal === undefined ? this.#engine.broadcasts.run(task, args) : Promise.reject(refusal);
  }

  /**
   * Ends the pool. `'drain'` (default) runs all queued and running jobs, and resumes a paused pool; `'finishRunning'` cancels
   * pending jobs and lets running ones end; `'abort'` cancels all jobs and ends the threads without grace. After `timeoutMs`
   * all remaining jobs are aborted. Repeated calls return the same promise; a stricter mode escalates.
   *
   * @returns how many of the jobs it waited for settled in each way, when all threads have exited.
   * @throws {TypeError | RangeError} for a bad option.
   */
  shutdown(options?: ShutdownOptions): Promise<SettledCounts> {
    const { state, shutdown } = this.#engine;
    const isFirst = state.phase === 'open';
    const closing = shutdown.begin(readShutdownOptions(options, 'shut down pool'));
    if (isFirst) void closing.then(() => this.#closed());
    return closing;
  }

  /** @throws {PoolClosedError} after `shutdown`; {Error} in code that a worker runs while it loads a task module. */
  #checkOpen(action: string): void {
    if (this.#engine.state.phase !== 'open') throw closedError(action);
    const refusal = refusalHere(action);
    if (refusal !== undefined) throw refusal;
  }

  /** All jobs have settled, all threads have exited. */
  #closed(): void {
    this.#engine.control.detach();
    this.#unregister();
    this.#engine.streams.close();
  }

  [inspect.custom](...inspecting: Inspecting): string {
    const { name, state, maxWorkers } = this;
    const { workers, submitted, pending, active, completed, failed, cancelled } = this.metrics();
    const counts = { submitted, pending, active, completed, failed, cancelled };
    return shown('ThreadPool', { name, state, workers: `${workers.length} of ${maxWorkers}`, ...counts }, inspecting);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }
}
