import { describe, PoolClosedError } from '../errors.js';
import { Job } from '../jobs/job.js';
import type { JobOptions } from '../jobs/job-options.js';
import type { Task, TaskArgs, TaskResult } from '../jobs/task.js';
import type { JobOf, SubmitRest } from '../jobs/typed-job.js';
import { MetricsRecorder, type PoolMetrics, type WorkerMetrics } from '../metrics/recorder.js';
import { Outbox } from '../sync/outbox.js';
import { now } from '../sync/platform.js';
import { TICKS_PER_MS } from '../sync/ticks.js';
import { checkMs } from '../sync/timer.js';
import type { WorkerEvents } from '../workers/remote-worker.js';
import { Admission } from './admission.js';
import { Dispatcher } from './dispatcher.js';
import { EventHub, type PoolEvent, type PoolListener } from './events.js';
import { GraceKeeper } from './grace-keeper.js';
import { HeldJobs } from './held-jobs.js';
import { JobControl } from './job-control.js';
import { type ItemTask, JobMap, type MapHost, type MapOptions } from './job-map.js';
import { Ledger, type SettledCounts } from './ledger.js';
import type { TypedArray } from './map-source.js';
import { resolvePoolOptions, type ThreadPoolOptions } from './options.js';
import { Outcomes } from './outcomes.js';
import { Pacer } from './pacer.js';
import { Recovery } from './recovery.js';
import { Retries } from './retries.js';
import { Shutdown } from './shutdown.js';
import type { ShutdownOptions } from './shutdown-options.js';
import { TimeLimits } from './time-limits.js';
import { type PoolWorker, WorkerSet } from './worker-set.js';

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
  readonly #concurrency: number;
  /** How many jobs can run at once. */
  readonly #places: number;
  readonly #outbox = new Outbox();
  readonly #events = new EventHub(this.#outbox);
  readonly #metrics = new MetricsRecorder(now());
  readonly #ledger = new Ledger(this.#metrics, this.#events);
  readonly #workers: WorkerSet;
  readonly #dispatcher: Dispatcher;
  readonly #pacer: Pacer;
  readonly #recovery: Recovery;
  readonly #control: JobControl;
  readonly #shutdown: Shutdown;
  readonly #limits: TimeLimits;
  readonly #held: HeldJobs;
  readonly #admission: Admission;
  readonly #submitStacks: boolean;
  /** Those under way. */
  readonly #maps = new Set<JobMap<unknown, unknown>>();

  /** @throws {TypeError} or {RangeError} for a bad option, naming it, the rule and the value received. */
  constructor(options: ThreadPoolOptions = {}) {
    const settings = resolvePoolOptions(options);
    this.#concurrency = settings.concurrency;
    this.#places = settings.maxWorkers * settings.concurrency;
    // 1: the main thread is parked, and wants to be rung for the first answer
    const poolWord = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)).fill(1);
    const [ledger, metrics, events, outbox] = [this.#ledger, this.#metrics, this.#events, this.#outbox];
    const grace = new GraceKeeper(settings.graceMs, {
      foreseen: (worker) => this.#workers.startSpareFor(worker),
      relieved: (worker) => this.#workers.endSpareFor(worker),
      end: (worker) => this.#recovery.endWorker(worker, this.#pacer),
      retire: (worker, job) => this.#recovery.retireWorker(worker, job, this.#pacer),
    });
    const limits = new TimeLimits((job, ending) => void this.#control.stop(job, ending));
    const held = new HeldJobs(ledger, (job) => this.#pacer.enqueue(job));
    const retries = new Retries({ held, metrics, events, isAllowed: () => this.#shutdown.runsPending });
    const sink = new Outcomes({ ledger, metrics, events, outbox, grace, limits, retries });
    const workers = new WorkerSet(settings, poolWord, { sink, events: this.#workerEvents() });
    const dispatcher = new Dispatcher(ledger, workers);
    this.#recovery = new Recovery({ ledger, dispatcher, workers, grace, retries });
    const onStartError = (cause: unknown): void => this.#recovery.startFailed({ exitCode: 1, cause }, this.#pacer);
    const pacer = new Pacer({ ledger, dispatcher, workers, poolWord, onStartError });
    this.#control = new JobControl({ ledger, metrics, dispatcher, pacer, grace, held });
    this.#shutdown = new Shutdown({ ledger, dispatcher, pacer, control: this.#control, workers });
    this.#limits = limits;
    this.#held = held;
    this.#admission = new Admission(settings, { ledger, dispatcher, events });
    this.#submitStacks = settings.submitStacks;
    this.#workers = workers;
    this.#dispatcher = dispatcher;
    this.#pacer = pacer;
    workers.start(settings.minWorkers);
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
    if (this.#submitStacks) job.submittedBy(this.submit);
    this.#enter(job);
    return job;
  }

  /**
   * Submits a job made before.
   *
   * @throws {TypeError} when it is no job, or was submitted before.
   * @throws {PoolClosedError} after `shutdown`.
   */
  submitJob<T, P>(job: Job<T, P>): Job<T, P> {
    if (!(job instanceof Job)) throw new TypeError(`Cannot submit job: it must be a Job, received ${describe(job)}`);
    if (job.isSubmitted) throw new TypeError(`Cannot submit job '${job.name}': it was submitted before`);
    if (this.#submitStacks) (job as Job).submittedBy(this.submitJob);
    this.#enter(job as Job);
    return job;
  }

  /** Submits a call of the task for each list of arguments, with the same options. As `submit`. */
  submitMany<K extends Task>(task: K, listOfArgs: Iterable<Readonly<TaskArgs<K>>>, options?: JobOptions): JobOf<K>[] {
    if (typeof listOfArgs !== 'object' || listOfArgs === null || !(Symbol.iterator in listOfArgs))
      throw new TypeError(`Cannot submit jobs: listOfArgs must be iterable, received ${describe(listOfArgs)}`);
    // all are made before the first is submitted, so that a bad one submits none
    const jobs = Array.from(listOfArgs, (args) => new Job(task, args, options));
    for (const job of jobs) this.#enter(job);
    return jobs as JobOf<K>[];
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
  map(task: Task, items: unknown, options: MapOptions = {}): JobMap<unknown, unknown> {
    if (this.#shutdown.hasBegun) throw new PoolClosedError('Cannot map: the pool is shut down');
    const places = this.#places;
    const host: MapHost = {
      places,
      submit: (job) => this.#enter(job, false), // it bounds itself
      ended: (map) => this.#maps.delete(map),
    };
    const map = new JobMap<unknown, unknown>(host, task, items, options);
    if (!map.isEnded) this.#maps.add(map);
    return map;
  }

  /**
   * Waits until every job submitted before the call has settled: `true`; `false` when `timeoutMs` pass first.
   */
  waitAll(options: { readonly timeoutMs?: number | undefined } = {}): Promise<boolean> {
    const timeoutMs = checkMs(options.timeoutMs ?? Number.POSITIVE_INFINITY, 'timeoutMs', 'wait for all jobs');
    return this.#ledger.waitAll(timeoutMs);
  }

  /**
   * Resolves when the queue has room for a job (`maxQueue`): a producer that awaits it before each `submit` never fills it.
   * Several are served in the order of their calls.
   *
   * @throws {PoolClosedError} by rejection, when the pool is shut down first.
   */
  ready(): Promise<void> {
    if (this.#shutdown.hasBegun)
      return Promise.reject(new PoolClosedError('Cannot wait for room in the queue: the pool is shut down'));
    return this.#admission.ready();
  }

  /** Cancels every unsettled job, or those for which `filter` says so. Returns how many will settle CANCELLED. */
  cancelAll(filter?: (job: Job) => boolean): number {
    if (filter !== undefined && typeof filter !== 'function')
      throw new TypeError(`Cannot cancel jobs: filter must be a function, received ${describe(filter)}`);
    let count = 0;
    for (const job of [...this.#control.unsettled()])
      if (!job.isSettled && (filter?.(job) ?? true) && job.cancel()) count++;
    return count;
  }

  /** Starts no further job until `resume`; those that run go on. Does nothing once `shutdown` was called. */
  pause(): void {
    if (this.#shutdown.hasBegun) return; // a pool that ends is not held up
    this.#dispatcher.pause();
  }

  resume(): void {
    this.#dispatcher.resume();
    this.#admission.resumed();
    this.#pacer.pump();
  }

  /** A snapshot of the pool's numbers. */
  metrics(): PoolMetrics {
    const nowMs = now();
    const workers = this.#workers.all.map((worker) => this.#workerMetrics(worker, nowMs));
    return this.#metrics.snapshot(this.#dispatcher.activeCount, workers, nowMs);
  }

  /**
   * Calls `fn` at each event. What it throws becomes a process warning.
   *
   * @returns a function that unregisters it.
   */
  on<E extends PoolEvent>(event: E, fn: PoolListener<E>): () => void {
    const unregister = this.#events.on(event, fn);
    if (event === 'jobStarted') this.#workers.announceStarts();
    return unregister;
  }

  /**
   * Ends the pool. `'drain'` (default) runs all that is queued and running, and resumes a paused pool; `'finishRunning'`
   * cancels what is pending and lets running jobs end; `'abort'` cancels everything and ends the threads without grace.
   * Past `timeoutMs` the rest is aborted. Repeated calls return the same promise; a stricter mode escalates.
   *
   * @returns how the jobs it waited for ended, when all threads are gone.
   */
  shutdown(options: ShutdownOptions = {}): Promise<SettledCounts> {
    const closing = this.#shutdown.begin(options);
    this.#admission.close();
    const closed = new PoolClosedError('Cannot go on with the map: the pool is shut down');
    for (const map of [...this.#maps]) map.poolCloses(closed);
    return closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown().then(() => {});
  }

  /** @param isBounded whether it counts against `maxQueue`. */
  #enter(job: Job, isBounded = true): void {
    if (this.#shutdown.hasBegun) throw new PoolClosedError(`Cannot submit job '${job.name}': the pool is shut down`);
    if (this.#pacer.isFirstOfBatch) this.#ledger.look();
    if (job.isSettled) {
      this.#ledger.enterSettled(job, this.#control);
      return;
    }
    const isRefused = isBounded && this.#admission.isFull;
    this.#ledger.enter(job, this.#control);
    if (isRefused && !this.#admission.makeRoomFor(job)) return;
    if (!job.hasOptions) {
      this.#pacer.enqueue(job);
      return;
    }
    if (!this.#held.enter(job)) this.#pacer.enqueue(job);
    job.linkParents();
    if (!job.isSettled) this.#limits.entered(job);
  }

  #workerEvents(): WorkerEvents<Job> {
    return {
      workerRang: () => this.#pacer.drain(),
      workerReady: (worker) => {
        const { workerId, threadId } = worker;
        this.#recovery.startSucceeded();
        this.#events.emit('workerStarted', { workerId, threadId });
        this.#pacer.pump();
        this.#workers.watchIdle();
      },
      workerExited: (worker, exit) => {
        const hasStarted = worker.readyAtMs > 0 || worker.endCause !== undefined || worker.isSpare;
        const { workerId } = worker;
        this.#events.emit('workerExited', { workerId, exitCode: exit.exitCode, error: exit.cause });
        this.#recovery.workerExited(worker, exit, this.#pacer);
        if (!hasStarted) this.#recovery.startFailed(exit, this.#pacer);
        else if (!this.#shutdown.hasBegun) this.#workers.refill();
      },
      ownTokenCancelled: (job, reason) => job.raiseToken(reason),
      sharedCancelled: (by, spread) => this.#control.sparing(by, spread),
      lateError: (error, jobId) => this.#lateError(error, jobId),
    };
  }

  #lateError(error: Error, jobId: number | undefined): void {
    if (this.#events.has('lateError')) {
      this.#events.emit('lateError', { error, job: jobId === undefined ? undefined : { id: jobId } });
      return;
    }
    const whose = jobId === undefined ? 'of no job that runs' : `of job ${jobId}, which is settled`;
    const message = `Uncaught error in a worker, ${whose}: ${error.message}. Listen to 'lateError' to handle it`;
    process.emitWarning(message, { type: 'LateError', ...(error.stack === undefined ? {} : { detail: error.stack }) });
  }

  #workerMetrics(worker: PoolWorker, nowMs: number): WorkerMetrics {
    const lifeMs = worker.readyAtMs === 0 ? 0 : nowMs - worker.readyAtMs;
    const utilization = lifeMs <= 0 ? 0 : Math.min(1, worker.busyTicks / (TICKS_PER_MS * lifeMs * this.#concurrency));
    const state = worker.isReady
      ? worker.isIdle
        ? 'idle'
        : 'busy'
      : worker.state === 'starting' || worker.isSpare
        ? 'starting'
        : 'ending';
    return { id: worker.workerId, state, jobs: worker.jobsRun, utilization };
  }
}
