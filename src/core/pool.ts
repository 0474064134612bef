import { inspect } from 'node:util';
import { checkFunction, refuseOptions } from '../base/check.js';
import { now } from '../base/clock.js';
import { type Inspecting, shown } from '../base/inspect.js';
import { ListenerQueue } from '../base/listener-queue.js';
import { refusalHere } from '../base/nesting.js';
import { watchUnobserved } from '../base/unobserved.js';
import { type GroupDeps, JobGroup } from '../compose/job-group.js';
import { JobStreams, type SettledJob, type StreamOptions, streamAsCompleted } from '../compose/job-stream.js';
import { type JobWaitOptions, readTimeout } from '../compose/job-wait-options.js';
import { isEnded, JobMap, type MapDeps, poolCloses } from '../compose/map/job-map.js';
import type { ItemTask, MapOptions } from '../compose/map/map-options.js';
import type { TypedArray } from '../compose/map/source.js';
import type { Schedule, ScheduleOptions } from '../compose/schedule/schedule.js';
import { Schedules } from '../compose/schedule/schedules.js';
import { describe, PoolClosedError } from '../errors.js';
import { MainParking } from '../host/main-parking.js';
import type { WorkerEvents } from '../host/worker-events.js';
import { isSettled, Job } from '../jobs/job.js';
import { isSubmitted, raiseToken, submittedBy, taskOf } from '../jobs/job-engine.js';
import { type JobOptions, readJobOptions } from '../jobs/job-options.js';
import type { Task, TaskArgs, TaskResult } from '../jobs/task.js';
import { refOf } from '../jobs/task-registry.js';
import type { BroadcastRest, JobOf, SubmitRest } from '../jobs/typed-job.js';
import { MetricsRecorder, type PoolMetrics } from '../metrics/recorder.js';
import { stays } from '../sync/sharing/crossing.js';
import { Aging } from './dispatch/aging.js';
import { Balance } from './dispatch/balance.js';
import { DirectDispatch } from './dispatch/direct-dispatch.js';
import { Dispatcher } from './dispatch/dispatcher.js';
import { JobQueue } from './dispatch/job-queue.js';
import { Pacer } from './dispatch/pacer.js';
import { Reserve } from './dispatch/reserve.js';
import { learnBlock } from './dispatch/run-estimate.js';
import { StarvationWatch } from './dispatch/starvation-watch.js';
import { WorkerChoice } from './dispatch/worker-choice.js';
import { EventHub, type PoolEvent, type PoolListener } from './events.js';
import { Broadcasts } from './hooks/broadcasts.js';
import { WorkerHooks } from './hooks/worker-hooks.js';
import { Ledger } from './ledger.js';
import { Admission } from './lifecycle/admission.js';
import { ChildJobs } from './lifecycle/child-jobs.js';
import { DeferredJobs } from './lifecycle/deferred-jobs.js';
import { Intake } from './lifecycle/intake.js';
import { JobControl } from './lifecycle/job-control.js';
import { Outcomes } from './lifecycle/outcomes.js';
import { Recovery } from './lifecycle/recovery.js';
import { Retries } from './lifecycle/retries.js';
import { TimeLimits } from './lifecycle/time-limits.js';
import { PoolLog } from './log.js';
import { resolveMaxWorkers, resolvePoolOptions, type ThreadPoolOptions } from './options/options.js';
import { checkLeavesWorkers, type ReservedWorkers } from './options/reserved-workers.js';
import { readShutdownOptions, type SettledCounts, type ShutdownOptions } from './options/shutdown-options.js';
import type { PoolWorker } from './pool-worker.js';
import type { CpuProfile } from './profile/cpu-profile.js';
import { Profiling } from './profile/profiling.js';
import { Shutdown } from './shutdown.js';
import { handleSignals, registerForShutdown, type SignalOptions } from './shutdown-all.js';
import { GraceKeeper } from './workers/grace.js';
import { workerMetrics } from './workers/worker-metrics.js';
import { WorkerOutput } from './workers/worker-output.js';
import { WorkerSet } from './workers/worker-set.js';

/**
 * Runs jobs on worker threads: the highest priority first, equals in the order of submission (I4).
 *
 * - A job settles exactly once (I1), whatever its code, its thread or its callers do.
 * - Workers start on demand, end when idle, and are replaced when they die.
 * - The process stays while a job is unsettled, and for nothing else: an idle pool need not be shut down.
 *
 * @example
 * ```ts
 * await using pool = new ThreadPool({ maxWorkers: 4 });
 * const sum = await pool.submit((x: number, y: number) => x + y, [5, 10], { priority: JobPriority.HIGH });
 * ```
 */
export class ThreadPool implements AsyncDisposable {
  /**
   * Shuts down all pools and threads of the process on SIGINT and SIGTERM, and then lets the signal end the process. A second
   * signal aborts them.
   *
   * @returns how to stop doing so.
   */
  static handleSignals(options?: SignalOptions): () => void {
    return handleSignals(options);
  }

  readonly #listenerQueue = new ListenerQueue();
  readonly #output = new WorkerOutput(this.#listenerQueue);
  readonly #events = new EventHub(this.#listenerQueue);
  readonly #log = new PoolLog(this.#listenerQueue, this.#events);
  readonly #metrics = new MetricsRecorder(now());
  readonly #ledger: Ledger;
  readonly #workers: WorkerSet;
  readonly #dispatcher: Dispatcher;
  readonly #balance: Balance;
  readonly #pacer: Pacer;
  readonly #recovery: Recovery;
  readonly #control: JobControl;
  readonly #shutdown: Shutdown;
  readonly #intake: Intake;
  readonly #childJobs: ChildJobs;
  readonly #admission: Admission;
  readonly #broadcasts: Broadcasts;
  readonly #reserved: readonly ReservedWorkers[];
  readonly #starvation: StarvationWatch;
  readonly #profiling: Profiling;
  readonly #submitStacks: boolean;
  readonly #name: string;
  /** Those under way. */
  readonly #maps = new Set<JobMap<unknown, unknown>>();
  readonly #streams = new JobStreams(this.#events, (message) =>
    this.#log.fault(message, { type: 'ThreadSystemWarning' }),
  );
  readonly #schedules = new Schedules({
    submit: (job) => this.#intake.submit(job),
    isOpen: () => !this.#shutdown.hasBegun,
  });
  readonly #leaveLiving: () => void;

  /** @throws {TypeError} or {RangeError} for a bad option, naming it, the rule and the value received. */
  constructor(options?: ThreadPoolOptions) {
    const settings = resolvePoolOptions(options);
    if (settings.logger !== undefined) this.#log.open(settings.logger, settings.name);
    const parking = new MainParking();
    const [metrics, events, listenerQueue, log] = [this.#metrics, this.#events, this.#listenerQueue, this.#log];
    const aging = settings.aging === undefined ? undefined : new Aging(settings.aging);
    const ledger = new Ledger({ metrics, events, log, aging });
    this.#ledger = ledger;
    const grace = new GraceKeeper(settings.graceMs, {
      foreseen: (worker) => this.#workers.startSpareFor(worker),
      relieved: (worker) => this.#workers.endSpareFor(worker),
      end: (worker) => this.#recovery.endWorker(worker),
      retire: (worker, job) => this.#recovery.retireWorker(worker, job),
    });
    const limits = new TimeLimits((job, ending) => void this.#control.stop(job, ending));
    const deferred = new DeferredJobs(ledger, (job) => this.#pacer.enqueueBefore(job));
    const retries = new Retries({ deferred, metrics, events, isAllowed: () => this.#shutdown.runsPending });
    const childJobs = new ChildJobs({
      submit: (job) => this.#intake.enter(job, false),
      isOpen: () => this.#shutdown.runsPending,
    });
    const sink = new Outcomes({ ledger, metrics, events, listenerQueue, grace, limits, retries, childJobs });
    const workerHooks = new WorkerHooks(settings, log);
    const profiling = new Profiling(settings.kind);
    const parts = { sink, workerHooks, profiling, log, events: this.#workerEvents() };
    const workers = new WorkerSet(settings, parking, parts);
    const reserve = Reserve.of(settings.reserved, workers);
    const queue = new JobQueue<Job>();
    const choice = new WorkerChoice(workers, reserve);
    const balance = new Balance({ queue, workers, reserve, choice });
    const dispatcher = new Dispatcher({ queue, ledger, workers, reserve, choice, balance });
    const direct = new DirectDispatch({ dispatcher, choice, balance, workers, reserve });
    const onStartError = (cause: unknown): void =>
      this.#recovery.startFailed({ exitCode: 1, cause, startFault: 'no thread could be made' }, now());
    const pacer = new Pacer({ ledger, dispatcher, balance, direct, workers, parking, onStartError });
    this.#recovery = new Recovery({
      ledger,
      dispatcher,
      balance,
      workers,
      grace,
      retries,
      limits,
      childJobs,
      log,
      pacer,
    });
    this.#control = new JobControl({ ledger, metrics, dispatcher, pacer, grace, deferred, childJobs });
    this.#shutdown = new Shutdown({ ledger, dispatcher, pacer, control: this.#control, workers, log, profiling });
    this.#childJobs = childJobs;
    const admission = new Admission(settings, { ledger, dispatcher, balance, events, workers, reserve, log });
    this.#admission = admission;
    const [owner, shutdown] = [this.#control, this.#shutdown];
    this.#intake = new Intake({ ledger, owner, admission, deferred, limits, pacer, shutdown });
    this.#broadcasts = new Broadcasts({ ledger, balance, pacer, workers, workerHooks, shutdown });
    this.#reserved = settings.reserved;
    this.#starvation = new StarvationWatch(settings.aging?.starvationMs, { dispatcher, events, ledger });
    if (log.isOpen) this.#starvation.begin();
    this.#submitStacks = settings.submitStacks;
    this.#name = settings.name;
    this.#profiling = profiling;
    this.#workers = workers;
    this.#dispatcher = dispatcher;
    this.#balance = balance;
    this.#pacer = pacer;
    // what starts as a worker loads a task module would start in each of its workers, too
    if (refusalHere('start workers') === undefined) pacer.refill();
    this.#leaveLiving = registerForShutdown(this); // last: `shutdownAll` is to find no pool that could not be made
  }

  static {
    stays((value) =>
      #listenerQueue in value
        ? 'a ThreadPool, which stays on its thread; a task submits to its own pool by currentJob().submit()'
        : undefined,
    );
  }

  /**
   * Submits a call of a task. Faults of the task itself (a closure, a missing export, an argument that cannot be cloned)
   * never throw here: the job settles FAILED.
   *
   * @param task a self-contained function, sent by its source text, or a task of a `taskModule`.
   * @param rest the task's arguments, cloned when the job is sent to a thread; then options.
   * @throws {TypeError} or {RangeError} for a bad task, argument list or option.
   * @throws {PoolClosedError} after `shutdown`.
   */
  submit<K extends Task>(task: K, ...rest: SubmitRest<K>): JobOf<K>;
  submit(task: Task, args?: readonly unknown[], options?: JobOptions): Job {
    const job = new Job(task, args, options);
    if (this.#submitStacks) submittedBy(job, this.submit);
    return this.#intake.submit(job);
  }

  /**
   * Submits a job made before, and returns it; or, where it joins an unsettled one of its `key`, that one.
   *
   * @throws {TypeError} when it is no job, or was submitted before.
   * @throws {PoolClosedError} after `shutdown`.
   */
  submitJob<T, P>(job: Job<T, P>): Job<T, P> {
    if (!(job instanceof Job)) throw new TypeError(`Cannot submit job: it must be a Job, received ${describe(job)}`);
    if (isSubmitted(job as Job)) throw new TypeError(`Cannot submit job '${job.name}': it was submitted before`);
    if (this.#submitStacks) submittedBy(job as Job, this.submitJob);
    return this.#intake.submit(job as Job) as Job<T, P>;
  }

  /** Submits a call of the task for each list of arguments, with the same options. As `submit`. */
  submitMany<K extends Task>(task: K, listOfArgs: Iterable<Readonly<TaskArgs<K>>>, options?: JobOptions): JobOf<K>[] {
    if (typeof listOfArgs !== 'object' || listOfArgs === null || !(Symbol.iterator in listOfArgs))
      throw new TypeError(`Cannot submit jobs: listOfArgs must be iterable, received ${describe(listOfArgs)}`);
    const checked = options === undefined ? undefined : readJobOptions(options, `make jobs '${refOf(task).name}'`);
    // all are made before the first is submitted, so that a bad one submits none
    const jobs = Array.from(listOfArgs, (args) => new Job(task, args, checked));
    if (this.#submitStacks) for (const job of jobs) submittedBy(job, this.submitMany);
    return jobs.map((job) => this.#intake.submit(job)) as JobOf<K>[];
  }

  /**
   * Calls the task with each item, on all workers, many items a job; reads no more of the items ahead than two jobs for each
   * place on a worker take. The first failure cancels the rest. A typed array gives one of the same kind, shared if it was
   * shared. Items of one job are cloned together: an object that two of them hold is one object there.
   *
   * @returns the results: awaitable as a list, or async-iterable.
   * @throws {TypeError} or {RangeError} for a bad task, items or option.
   *
   * @example
   * ```ts
   * const squares = await pool.map((x: number) => x * x, [1, 2, 3]); // [1, 4, 9]
   * for await (const digest of pool.map(tasks.sha256, readFiles())) console.log(digest);
   * ```
   */
  map<A extends TypedArray>(
    task: ItemTask<NoInfer<A>[number], NoInfer<A>[number] | PromiseLike<NoInfer<A>[number]>>,
    items: A,
    options?: MapOptions,
  ): JobMap<A[number], A>;
  map<T, R>(
    task: ItemTask<T, R>,
    items: Iterable<T> | AsyncIterable<T>,
    options?: MapOptions,
  ): JobMap<TaskResult<(item: T) => R>>;
  map(task: Task, items: unknown, options?: MapOptions): JobMap<unknown, unknown> {
    if (this.#shutdown.hasBegun) throw new PoolClosedError('Cannot map: the pool is shut down');
    const refusal = refusalHere('map');
    if (refusal !== undefined) throw refusal;
    const { places } = this.#workers;
    const host: MapDeps = {
      places,
      submit: (job) => this.#intake.submitUnbounded(job),
      failedUnseen: (map, message) => this.#failedUnseen(map, message),
      ended: (map) => this.#maps.delete(map),
    };
    const map = new JobMap<unknown, unknown>(host, task, items, options);
    if (!isEnded(map)) this.#maps.add(map);
    return map;
  }

  /**
   * The jobs in the order in which they settle, for `for await`: read their `state`, `result` and `error`. Those that have
   * settled come first.
   *
   * @param options.timeoutMs past it, the loop throws a `JobTimeoutError`. Default: `Infinity`.
   * @throws {TypeError} where `jobs` holds anything but Jobs.
   */
  asCompleted<J extends Job>(
    jobs: Iterable<J>,
    options?: JobWaitOptions,
  ): AsyncIterableIterator<SettledJob<J>, undefined> {
    const timeoutMs = readTimeout(options, 'wait for jobs');
    if (typeof jobs !== 'object' || jobs === null || !(Symbol.iterator in jobs))
      throw new TypeError(`Cannot wait for jobs: jobs must be iterable, received ${describe(jobs)}`);
    const list = [...jobs];
    for (const job of list)
      if (!(job instanceof Job))
        throw new TypeError(`Cannot wait for jobs: each must be a Job, received ${describe(job)}`);
    return streamAsCompleted(list as SettledJob<J>[], timeoutMs);
  }

  /** The jobs that complete from now on, for `for await`; ends when the pool has shut down. */
  results(options?: StreamOptions): AsyncIterableIterator<SettledJob, undefined> {
    return this.#streams.open('jobCompleted', options);
  }

  /** The jobs that fail from now on, for `for await`; ends when the pool has shut down. */
  failures(options?: StreamOptions): AsyncIterableIterator<SettledJob, undefined> {
    return this.#streams.open('jobFailed', options);
  }

  /**
   * Runs a task again and again, at a fixed rate or by a cron expression. The process stays for it, unless it is `unref`'d.
   *
   * @throws {TypeError} or {RangeError} for a bad task, argument list or option.
   * @throws {PoolClosedError} after `shutdown`, which ends it.
   */
  schedule<K extends Task>(task: K, args: Readonly<TaskArgs<K>>, options: ScheduleOptions): Schedule {
    if (this.#shutdown.hasBegun) throw new PoolClosedError('Cannot schedule a task: the pool is shut down');
    const refusal = refusalHere('schedule a task');
    if (refusal !== undefined) throw refusal;
    return this.#schedules.add(task as Task, args, options);
  }

  /** The schedules that have not ended. */
  get schedules(): readonly Schedule[] {
    return this.#schedules.all;
  }

  /** A group for jobs that belong together: counted, cancelled and waited for as one. */
  group(name: string): JobGroup;
  group(name: string, ...rest: readonly unknown[]): JobGroup {
    refuseOptions(rest, 'make a group');
    const host: GroupDeps = {
      submit: (task, args, options) => this.submit(task as never, args as never, options),
      submitMany: (task, listOfArgs, options) => this.submitMany(task as never, listOfArgs as never, options),
    };
    return new JobGroup(host, name);
  }

  /**
   * Waits until every job submitted before the call has settled: `true`; `false` when `timeoutMs` pass first.
   */
  waitAll(options?: JobWaitOptions): Promise<boolean> {
    return this.#ledger.waitAll(readTimeout(options, 'wait for all jobs'));
  }

  /**
   * Resolves when the queue has room for a job (`maxQueue`): a producer that awaits it, and then submits at once,
   * is never refused. Several are served in the order of their calls.
   *
   * @throws {PoolClosedError} by rejection, when the pool is shut down first.
   */
  ready(): Promise<void>;
  ready(...rest: readonly unknown[]): Promise<void> {
    refuseOptions(rest, 'wait for room in the queue');
    if (this.#shutdown.hasBegun)
      return Promise.reject(new PoolClosedError('Cannot wait for room in the queue: the pool is shut down'));
    return this.#admission.ready();
  }

  /** Cancels every unsettled job, or those for which `filter` says so. Returns how many will settle CANCELLED. */
  cancelAll(filter?: (job: Job) => boolean): number {
    if (filter !== undefined) checkFunction(filter, 'filter', 'cancel jobs');
    let count = 0;
    for (const job of [...this.#control.unsettled()])
      if (!isSettled(job) && (filter?.(job) ?? true) && job.cancel()) count++;
    return count;
  }

  /** Starts no further job until `resume`; those that run go on. Does nothing once `shutdown` was called. */
  pause(): void {
    if (this.#shutdown.hasBegun) return; // a pool that ends is not held up
    this.#dispatcher.pause();
  }

  resume(): void {
    this.#dispatcher.resume();
    this.#pacer.pump();
    this.#starvation.watch();
    this.#admission.look(); // a paused pool has room for fewer
  }

  /**
   * Lets the pool have more threads, or fewer: those that are too many end when their jobs have ended.
   *
   * @param maxWorkers as the option of that name.
   * @throws {TypeError} or {RangeError} for a bad number, or one that leaves no worker besides those `reserved`.
   */
  resize(maxWorkers: number): void {
    if (maxWorkers === undefined)
      throw new TypeError('Cannot resize pool: maxWorkers must be an integer, received undefined');
    const resolved = resolveMaxWorkers(maxWorkers, 'resize pool');
    checkLeavesWorkers(this.#reserved, resolved, 'resize pool');
    if (this.#shutdown.hasBegun) return;
    this.#workers.resize(resolved, (worker) => this.#balance.recall(worker));
    this.#admission.look();
    this.#pacer.refill();
    this.#pacer.pump();
  }

  /**
   * Runs a task once on every worker: on those there are ahead of the jobs they have not begun, on those started later before
   * their first job, behind `setup` and earlier broadcasts. It is no job: no metric counts it, and `pause` does not hold it.
   *
   * @param rest the task's arguments, kept for workers to come and cloned for each: leave them unchanged.
   * @returns the results of the workers there are, without those that end before their turn; rejects with the first failure,
   * and is then not run on workers to come. Both when all have ended.
   * @throws {TypeError} for a bad task or argument list.
   * @throws {PoolClosedError} by rejection, after `shutdown`.
   *
   * @example
   * ```ts
   * await pool.broadcast(tasks.useRates, [rates]); // every job from now on sees them
   * ```
   */
  broadcast<K extends Task>(task: K, ...rest: BroadcastRest<K>): Promise<TaskResult<K>[]>;
  broadcast(task: Task, args?: readonly unknown[], ...rest: readonly unknown[]): Promise<unknown[]> {
    refuseOptions(rest, 'broadcast');
    const refusal = refusalHere('broadcast');
    return refusal === undefined ? this.#broadcasts.run(task, args) : Promise.reject(refusal);
  }

  /** A snapshot of the pool's numbers. */
  metrics(): PoolMetrics {
    const nowMs = now();
    const workers = this.#workers.all.map((worker) => workerMetrics(worker, nowMs));
    return this.#metrics.snapshot(this.#dispatcher.activeCount + this.#childJobs.waiting, workers, nowMs);
  }

  /**
   * Makes one CPU profile of the calling thread and of every worker, those too that start meanwhile, while `fn` runs: until it
   * returns, or the promise it returns settles. A worker that dies takes its part with it.
   *
   * @returns the profile, for `JSON.stringify` and a file named `….cpuprofile`; rejects with what `fn` throws.
   * @throws {TypeError} where `fn` is no function.
   * @throws {PoolClosedError} by rejection, after `shutdown`.
   *
   * @example
   * ```ts
   * const profile = await pool.profile(() => pool.map(tasks.resize, files));
   * await writeFile('resize.cpuprofile', JSON.stringify(profile));
   * ```
   */
  profile(fn: () => unknown): Promise<CpuProfile>;
  profile(fn: () => unknown, ...rest: readonly unknown[]): Promise<CpuProfile> {
    checkFunction(fn, 'fn', 'profile');
    refuseOptions(rest, 'profile');
    if (this.#shutdown.hasBegun) return Promise.reject(new PoolClosedError('Cannot profile: the pool is shut down'));
    return this.#profiling.run(fn, this.#workers);
  }

  /**
   * Calls `fn` at each event. What it throws becomes a process warning.
   *
   * @returns a function that unregisters it.
   */
  on<E extends PoolEvent>(event: E, fn: PoolListener<E>): () => void {
    const unregister = this.#events.on(event, fn);
    if (event === 'jobStarted') this.#workers.announceStarts();
    if (event === 'starvation') this.#starvation.begin();
    return unregister;
  }

  /**
   * Ends the pool. `'drain'` (default) runs all that is queued and running, and resumes a paused pool; `'finishRunning'`
   * cancels what is pending and lets running jobs end; `'abort'` cancels everything and ends the threads without grace.
   * Past `timeoutMs` the rest is aborted. Repeated calls return the same promise; a stricter mode escalates.
   *
   * @returns how the jobs it waited for ended, when all threads are gone.
   */
  shutdown(options?: ShutdownOptions): Promise<SettledCounts> {
    const isFirst = !this.#shutdown.hasBegun;
    const closing = this.#shutdown.begin(readShutdownOptions(options, 'shut down pool'));
    if (isFirst) void closing.then(() => this.#closed());
    this.#admission.close();
    this.#starvation.watch(); // a paused pool goes on
    this.#schedules.cancelAll();
    const closed = new PoolClosedError('Cannot go on with the map: the pool is shut down');
    for (const map of [...this.#maps]) poolCloses(map, closed);
    return closing;
  }

  #failedUnseen(map: object, message: string): () => void {
    const log = this.#log;
    return watchUnobserved(map, (when) =>
      log.fault(message, { type: 'UnobservedJobFailure', isLast: when === 'exit' }),
    );
  }

  /** All jobs have settled, all threads are gone. */
  #closed(): void {
    this.#control.detach();
    this.#leaveLiving();
    this.#streams.close();
  }

  [inspect.custom](...inspecting: Inspecting): string {
    const { submitted, pending, active, completed, failed, cancelled } = this.metrics();
    const { all, maxWorkers } = this.#workers;
    const isOver = all.length === 0 && this.#ledger.unsettled === 0;
    const state = !this.#shutdown.hasBegun ? 'open' : isOver ? 'closed' : 'draining';
    const workers = `${all.length} of ${maxWorkers}`;
    const jobs = { submitted, pending, active, completed, failed, cancelled };
    return shown('ThreadPool', { name: this.#name, state, workers, ...jobs }, inspecting);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  #workerEvents(): WorkerEvents<Job, PoolWorker> {
    return {
      workerRang: () => this.#pacer.drain(),
      workerReady: (worker) => {
        const { workerId, threadId } = worker;
        this.#log.workerReady(worker);
        this.#recovery.startSucceeded();
        this.#events.emit('workerStarted', { workerId, threadId });
        this.#pacer.pump();
        this.#workers.watchIdle();
      },
      hooksEnded: () => {
        this.#pacer.pump();
        this.#workers.watchIdle();
      },
      workerExited: (worker, exit) => {
        const { workerId } = worker;
        this.#log.workerExited(worker, exit);
        this.#profiling.workerExited(worker);
        this.#events.emit('workerExited', { workerId, exitCode: exit.exitCode, error: exit.cause });
        worker.drain(Number.POSITIVE_INFINITY);
        this.#output.workerExited(worker); // before its jobs are settled
        this.#recovery.workerExited(worker, exit);
        if (this.#workers.all.length === 0 && this.#ledger.unsettled === 0) this.#control.detach();
        if (((worker.wasUp && (!worker.isBroken || worker.jobsRun > 0)) || worker.wasEnded) && !this.#shutdown.hasBegun)
          this.#pacer.refill();
      },
      ownTokenCancelled: (job, reason) => raiseToken(job, reason),
      childAsked: (worker, parent, asked) => this.#childJobs.submit(worker, parent, asked),
      workerBlocked: (worker, job) => {
        if (job !== undefined) learnBlock(taskOf(job));
        this.#balance.recall(worker);
      },
      parentSuspended: (worker, parent) => {
        this.#childJobs.suspend(worker, parent);
        this.#pacer.pump();
      },
      childCancelled: (worker, child, reason) => this.#childJobs.cancel(worker, child, reason),
      sharedCancelled: (by, spread) => this.#control.sparing(by, spread),
      lateError: (error, jobId) => this.#log.lateError(error, { jobId }),
      printed: (worker, printed) => this.#output.printed(worker, printed),
    };
  }
}
