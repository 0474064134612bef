import { acquire } from '../../base/acquire.js';
import { outsideRequests } from '../../base/async-context.js';
import { DEEPEST, nestingDepth } from '../../base/nesting.js';
import { type StopTimer, startTimer } from '../../base/timer.js';
import { SHUT_DOWN, type WorkerEnd } from '../../contract/worker-end.js';
import type { MainParking } from '../../host/main-parking.js';
import { RemoteWorker } from '../../host/remote-worker.js';
import type { JobSink, WorkerEvents } from '../../host/worker-events.js';
import { isInService } from '../../host/worker-lifecycle.js';
import type { Job } from '../../jobs/job.js';
import type { Functions } from '../functions.js';
import type { PoolSettings } from '../options/options.js';
import { tiersOf } from '../options/reserved-workers.js';
import type { PoolWorker } from '../pool-worker.js';
import { coverProcess, uncoverProcess } from './coverage.js';
import { createThread, endUnused, processSettings, warnIfSilent } from './thread-factory.js';

const RESIZED: WorkerEnd = { reason: 'resized', text: 'the pool was resized' };

/** What workers report besides the outcomes of jobs. */
export interface WorkerSetEvents extends WorkerEvents<Job, PoolWorker> {
  /** A worker was made, and its thread starts. */
  workerStarting(worker: PoolWorker): void;
  /** No thread could be made: `cause` is what `new Worker` threw. */
  startFailed(cause: unknown): void;
}

/** The receivers of the workers' reports. */
interface Listeners {
  readonly events: WorkerSetEvents;
  readonly sink: JobSink<Job, PoolWorker>;
}

/** What each worker runs before its first job. */
interface FirstHooks {
  readonly hooksFirst: number;
  begin(worker: PoolWorker): void;
}

/** A pool's workers: starts them, as many as `maxWorkers` and failed starts allow, and ends them. */
export class WorkerSet {
  readonly #settings: PoolSettings;
  readonly #parking: MainParking;
  readonly #workerHooks: FirstHooks;
  readonly #functions: Functions;
  /** Priorities at which tiers of the `Reserve` begin, if there is one. */
  readonly #tiers: readonly number[] | undefined;
  #maxWorkers: number;
  readonly #workers: PoolWorker[] = [];
  #nextId = 0;
  #reportsTo: Listeners | undefined;
  /** What `startEarly` threw, until it is reported. */
  #startFault: { readonly cause: unknown } | undefined;
  #announcesStarts = false;
  /** Whether starts are suspended, as one has failed. */
  #suspended: 'no' | 'while there are others' | 'in any case' = 'no';
  #stopSuspension: StopTimer = () => {};
  readonly #whenEmpty: (() => void)[] = [];

  constructor(
    settings: PoolSettings,
    parking: MainParking,
    { workerHooks, functions }: { readonly workerHooks: FirstHooks; readonly functions: Functions },
  ) {
    this.#settings = settings;
    this.#maxWorkers = settings.maxWorkers;
    this.#parking = parking;
    this.#workerHooks = workerHooks;
    this.#functions = functions;
    this.#tiers = settings.reserved.length === 0 ? undefined : tiersOf(settings.reserved);
  }

  /** Connects the receivers of reports, which are made after this set. Called once, before the first start. */
  reportTo(events: WorkerSetEvents, sink: JobSink<Job, PoolWorker>): void {
    this.#reportsTo = { events, sink };
  }

  get #listeners(): Listeners {
    if (this.#reportsTo === undefined) throw new Error('Cannot start a worker: nothing listens for its reports');
    return this.#reportsTo;
  }

  /** The workers that have not exited, in the order of their start. */
  get all(): readonly PoolWorker[] {
    return this.#workers;
  }

  get maxWorkers(): number {
    return this.#maxWorkers;
  }

  /** Whether `maxWorkers` workers are ready. */
  get isFull(): boolean {
    return this.#workers.filter((worker) => worker.isReady).length >= this.#maxWorkers;
  }

  /** Whether `maxWorkers` allows another. */
  get hasRoom(): boolean {
    return this.memberCount < this.#maxWorkers;
  }

  /** How many workers take jobs or are starting, without spares. */
  get memberCount(): number {
    let count = 0;
    for (const { state, isSpare } of this.#workers) if (!isSpare && isInService(state)) count++;
    return count;
  }

  get idleTimeoutMs(): number {
    return this.#settings.idleTimeoutMs;
  }

  get concurrency(): number {
    return this.#settings.concurrency;
  }

  /** How many jobs can run at once. */
  get places(): number {
    return this.#maxWorkers * this.#settings.concurrency;
  }

  /**
   * Changes how many workers there may be. Surplus workers take no more jobs, and end when their own have ended.
   *
   * @param recall takes back what a worker has not begun.
   */
  resize(maxWorkers: number, recall: (worker: PoolWorker) => void): void {
    this.#maxWorkers = maxWorkers;
    const members = this.#workers.filter(({ isSpare, state }) => !isSpare && isInService(state));
    // idle ones first; among equals, the youngest first
    const surplus = members.reverse().sort((a, b) => Number(a.inFlight.size > 0) - Number(b.inFlight.size > 0));
    for (const worker of surplus.slice(0, Math.max(0, members.length - maxWorkers))) {
      recall(worker);
      worker.retire(RESIZED);
    }
  }

  /** Starts what is missing to `minWorkers`. Reports a failure. */
  refill(): void {
    this.#tryToStart(Math.min(this.#settings.minWorkers, this.#maxWorkers) - this.memberCount);
  }

  /** Whether there are workers that take jobs, busy or not, or are starting. */
  get hasAny(): boolean {
    return this.#workers.some(({ state }) => isInService(state));
  }

  /**
   * Suspends starts for `ms`, then resumes them and calls `resumed`. If there are workers now, starts resume as soon as
   * there are none. A later call replaces an earlier one.
   */
  suspendStarts(ms: number, resumed: () => void): void {
    this.#stopSuspension();
    this.#suspended = this.hasAny ? 'while there are others' : 'in any case';
    const resume = (): void => {
      this.#suspended = 'no';
      resumed();
    };
    this.#stopSuspension = startTimer(ms, resume, { keepsProcess: false });
  }

  /** Starts up to `count` workers, as far as `maxWorkers` allows. Reports a failure, also one of `startEarly`. */
  start(count: number): void {
    const fault = this.#startFault;
    if (fault !== undefined) {
      this.#startFault = undefined;
      this.#listeners.events.startFailed(fault.cause);
    } else if (count > 0) {
      this.#tryToStart(count);
    }
  }

  /** Like `start`, but the next call of `start` reports a failure: nothing is called back from within a submission. */
  startEarly(count: number): void {
    if (this.#startFault !== undefined) return;
    try {
      this.#startUpTo(count);
    } catch (cause) {
      this.#startFault = { cause };
    }
  }

  #tryToStart(count: number): void {
    try {
      this.#startUpTo(count);
    } catch (cause) {
      this.#listeners.events.startFailed(cause); // for example, Node.js refuses a flag
    }
  }

  /** @throws what `new Worker` throws. */
  #startUpTo(count: number): void {
    if (this.#suspended === 'in any case' || (this.#suspended === 'while there are others' && this.hasAny)) return;
    for (let left = Math.min(count, this.#maxWorkers - this.memberCount); left > 0; left--) this.startOne();
  }

  remove(worker: PoolWorker): void {
    const index = this.#workers.indexOf(worker);
    if (index >= 0) this.#workers.splice(index, 1);
    uncoverProcess(worker);
    if (this.#workers.length > 0) return;
    for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  announceStarts(): void {
    this.#announcesStarts = true;
    for (const worker of this.#workers) worker.announceStarts();
  }

  /** Ends all workers in order, with their teardown. Resolves when they have exited. */
  async endAll(): Promise<void> {
    this.#stopSuspension();
    if (this.#workers.length === 0) return;
    const empty = new Promise<void>((resolve) => this.#whenEmpty.push(resolve));
    for (const worker of [...this.#workers]) worker.end(SHUT_DOWN);
    await empty;
  }

  /** Terminates all threads at once, whatever runs on them. */
  terminateAll(why: WorkerEnd): void {
    for (const worker of [...this.#workers]) worker.terminate(why);
  }

  /**
   * Starts a worker, whatever `maxWorkers` says.
   *
   * @throws what `new Worker` throws.
   */
  startOne(): PoolWorker {
    const listeners = this.#listeners;
    const workerId = this.#nextId++;
    if (nestingDepth() >= DEEPEST)
      throw new RangeError(
        `pools can be nested at most ${DEEPEST} deep, each in a task of the one before; a module that creates a pool when it is loaded must do so only if (isMainThread)`,
      );
    const start = (): PoolWorker =>
      acquire((own) => {
        const process = processSettings(this.#settings); // first: if its file is missing, no thread is made
        const { thread, printed } = createThread(this.#settings, workerId, this.#functions);
        own(thread, endUnused);
        const worker = new RemoteWorker<Job>(
          thread,
          {
            workerId,
            concurrency: this.#settings.concurrency,
            graceMs: this.#settings.graceMs,
            tiers: this.#tiers,
            hooksFirst: this.#workerHooks.hooksFirst,
            around: this.#settings.around?.origin,
            jobLimit: this.#settings.recycle?.afterJobs,
            heapLimitMb: limitOf(this.#settings.recycle?.heapMb),
            poolWord: this.#parking.word,
            process,
            printed,
          },
          listeners,
        );
        if (this.#settings.thread.worker !== undefined) warnIfSilent(worker, thread);
        return worker;
      });
    const worker = outsideRequests(start); // the worker outlives the request that needs it first
    this.#workerHooks.begin(worker);
    if (this.#announcesStarts) worker.announceStarts();
    this.#workers.push(worker);
    if (this.#settings.kind === 'process' && process.env['NODE_V8_COVERAGE']) coverProcess(worker);
    listeners.events.workerStarting(worker);
    return worker;
  }
}

function limitOf(limit: number | undefined): number | undefined {
  return limit === Number.POSITIVE_INFINITY ? undefined : limit;
}
