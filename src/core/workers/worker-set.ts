import { fileURLToPath } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { acquire } from '../../base/acquire.js';
import { outsideRequests } from '../../base/async-context.js';
import { bare } from '../../base/bare.js';
import { now } from '../../base/clock.js';
import { DEEPEST, nestingDepth } from '../../base/nesting.js';
import { type StopTimer, startTimer } from '../../base/timer.js';
import type { Fd } from '../../contract/printed.js';
import type { ProcessSettings } from '../../contract/process-settings.js';
import type { MainParking } from '../../host/main-parking.js';
import { withPipedOutput } from '../../host/piped-output.js';
import { RemoteWorker } from '../../host/remote-worker.js';
import type { JobSink, WorkerEvents } from '../../host/worker-events.js';
import { processLocation, workerThreadLocation } from '../../host/worker-location.js';
import { InlineThread } from '../../inline/inline-thread.js';
import type { Job } from '../../jobs/job.js';
import type { PoolSettings } from '../options/options.js';
import { sum, tiersOf } from '../options/reserved-workers.js';
import type { PoolWorker } from '../pool-worker.js';
import { coverProcess, uncoverProcess } from './coverage.js';
import { checkThread, inheritedExecArgv } from './thread-factory.js';

const NOT_NEEDED = 'it was not needed';

/** Whom the workers tell, and what they are given as they start. */
interface WorkerSetDeps {
  readonly events: WorkerEvents<Job, PoolWorker>;
  readonly sink: JobSink<Job, PoolWorker>;
  readonly workerHooks: { readonly hooksFirst: number; begin(worker: PoolWorker): void };
  readonly profiling: { workerStarting(worker: PoolWorker): void };
  readonly log: { workerStarting(worker: PoolWorker): void };
}

/** A pool's workers: starts them, ends idle ones, knows which are left. */
export class WorkerSet {
  readonly #settings: PoolSettings;
  readonly #parking: MainParking;
  readonly #deps: WorkerSetDeps;
  /** See `Reserve`. */
  readonly #tiers: readonly number[] | undefined;
  #maxWorkers: number;
  readonly #workers: PoolWorker[] = [];
  /** Replacements, by the worker that they are to replace. */
  readonly #spares = new Map<PoolWorker, PoolWorker>();
  #nextId = 0;
  #stopReaper: StopTimer | undefined;
  #keepsIdle = false;
  #announcesStarts = false;
  /** No worker is started for now, as one could not. */
  #hold: 'no' | 'while others live' | 'in any case' = 'no';
  #stopHold: StopTimer = () => {};
  readonly #whenEmpty: (() => void)[] = [];

  constructor(settings: PoolSettings, parking: MainParking, parts: WorkerSetDeps) {
    this.#settings = settings;
    this.#maxWorkers = settings.maxWorkers;
    this.#parking = parking;
    this.#deps = parts;
    this.#tiers = settings.reserved.length === 0 ? undefined : tiersOf(settings.reserved);
  }

  /** Those that have not exited, in the order of their start. */
  get all(): readonly PoolWorker[] {
    return this.#workers;
  }

  get maxWorkers(): number {
    return this.#maxWorkers;
  }

  /** Whether all the workers there may be are ready. */
  get isFull(): boolean {
    return this.#workers.filter((worker) => worker.isReady).length >= this.#maxWorkers;
  }

  get concurrency(): number {
    return this.#settings.concurrency;
  }

  /** How many jobs can run at once. */
  get places(): number {
    return this.#maxWorkers * this.#settings.concurrency;
  }

  /**
   * Lets there be more workers, or fewer: those that are too many take no more jobs and end when their own have ended.
   *
   * @param recall takes back what a worker has not begun.
   */
  resize(maxWorkers: number, recall: (worker: PoolWorker) => void): void {
    this.#maxWorkers = maxWorkers;
    const members = this.#workers.filter(
      ({ isSpare, state }) => !isSpare && (state === 'ready' || state === 'starting'),
    );
    // the youngest first; of these, those first that have nothing to do
    const surplus = members.reverse().sort((a, b) => Number(a.inFlight.taken > 0) - Number(b.inFlight.taken > 0));
    for (const worker of surplus.slice(0, Math.max(0, members.length - maxWorkers))) {
      recall(worker);
      worker.retire('there may be fewer');
    }
  }

  /** Starts what is missing to `minWorkers`. Throws what `new Worker` throws. */
  refill(): void {
    this.start(Math.min(this.#settings.minWorkers, this.#maxWorkers) - this.#living);
  }

  /** Whether there are workers that take jobs, busy or not, or that may soon. */
  get hasLiving(): boolean {
    return this.#workers.some(({ state }) => state === 'ready' || state === 'starting');
  }

  /** Starts none for so long, or until no worker lives that did, then calls `then`; unless it is called again meanwhile. */
  holdStarts(ms: number, then: () => void): void {
    this.#stopHold();
    this.#hold = this.hasLiving ? 'while others live' : 'in any case';
    const end = (): void => {
      this.#hold = 'no';
      then();
    };
    this.#stopHold = startTimer(ms, end, { keepsProcess: false });
  }

  /** Starts up to `count` workers, as far as `maxWorkers` allows. Throws what `new Worker` throws. */
  start(count: number): void {
    if (this.#hold === 'in any case' || (this.#hold === 'while others live' && this.hasLiving)) return;
    for (let left = Math.min(count, this.#maxWorkers - this.#living); left > 0; left--) this.#startOne();
  }

  /** A worker will probably have to be ended: starts its replacement, unless others are idle. */
  startSpareFor(worker: PoolWorker): void {
    if (this.#spares.has(worker) || this.#workers.some((other) => other.isIdle)) return;
    try {
      const spare = this.#startOne();
      spare.isSpare = true;
      this.#spares.set(worker, spare);
    } catch {
      // it is told when one is started that is needed
    }
  }

  /** A worker is being ended: its replacement, if there is one, takes jobs from now on, unless there may be fewer by now. */
  useSpareFor(worker: PoolWorker): void {
    const spare = this.#spares.get(worker);
    if (spare === undefined) return;
    this.#spares.delete(worker);
    if (this.#living < this.#maxWorkers) spare.isSpare = false;
    else spare.end(NOT_NEEDED);
  }

  /** It need not be ended after all. */
  endSpareFor(worker: PoolWorker): void {
    this.#spares.get(worker)?.end(NOT_NEEDED);
    this.#spares.delete(worker);
  }

  remove(worker: PoolWorker): void {
    const index = this.#workers.indexOf(worker);
    if (index >= 0) this.#workers.splice(index, 1);
    uncoverProcess(worker);
    this.useSpareFor(worker);
    if (this.#workers.length > 0) return;
    for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  announceStarts(): void {
    this.#announcesStarts = true;
    for (const worker of this.#workers) worker.announceStarts();
  }

  /** Ends those that have been idle too long, now and later. To be called when workers may have become idle. */
  watchIdle(): void {
    if (this.#stopReaper !== undefined || this.#keepsIdle) return;
    const { idleTimeoutMs } = this.#settings;
    if (this.#dispensable <= 0) return;
    const idle = this.#workers.filter((worker) => worker.isUnused);
    const oldestMs = Math.min(...idle.map((worker) => worker.progressAtMs));
    const dueMs = Math.max(0, oldestMs + idleTimeoutMs - now());
    this.#stopReaper = startTimer(dueMs, () => this.#reap(), { keepsProcess: false });
  }

  /** Ends none that is idle, until `endIdle`. */
  keepIdle(): void {
    this.#keepsIdle = true;
    this.#stopReaper?.();
    this.#stopReaper = undefined;
  }

  endIdle(): void {
    this.#keepsIdle = false;
    this.watchIdle();
  }

  /** Ends all, in order. Resolves when they have exited. */
  async endAll(): Promise<void> {
    this.#stopReaper?.();
    this.#stopHold();
    if (this.#workers.length === 0) return;
    const empty = new Promise<void>((resolve) => this.#whenEmpty.push(resolve));
    for (const worker of [...this.#workers]) worker.end('the pool is shut down');
    await empty;
  }

  /** Ends all threads at once, whatever runs on them. */
  terminateAll(reason: string): void {
    for (const worker of [...this.#workers]) worker.terminate(reason);
  }

  /** How many of the idle ones need not be kept: for `minWorkers`, or for urgent jobs while others run. */
  get #dispensable(): number {
    let idle = 0;
    let isAnyBusy = false;
    for (const worker of this.#workers) {
      if (worker.isUnused) idle++;
      isAnyBusy ||= worker.inFlight.taken > 0;
    }
    const kept = isAnyBusy ? sum(this.#settings.reserved) : 0;
    return Math.min(idle - kept, this.#living - this.#settings.minWorkers);
  }

  /** How many take jobs, or soon will. */
  get #living(): number {
    let count = 0;
    for (const { state, isSpare } of this.#workers)
      if (!isSpare && (state === 'starting' || state === 'ready')) count++;
    return count;
  }

  #startOne(): PoolWorker {
    const workerId = this.#nextId++;
    if (nestingDepth() >= DEEPEST)
      throw new RangeError(
        `pools are nested at most ${DEEPEST} deep, each in a task of the one before: a module that makes one as it is loaded is to guard that by if (isMainThread)`,
      );
    const start = (): PoolWorker =>
      acquire((own) => {
        const process = this.#processSettings; // first: where its file is missing no thread is made
        const { thread, printed } = this.#createThread(workerId);
        own(thread, endUnused);
        return new RemoteWorker<Job>(
          thread,
          {
            workerId,
            concurrency: this.#settings.concurrency,
            graceMs: this.#settings.graceMs,
            tiers: this.#tiers,
            hooksFirst: this.#deps.workerHooks.hooksFirst,
            poolWord: this.#parking.word,
            process,
            printed,
          },
          this.#deps,
        );
      });
    const worker = outsideRequests(start); // it lives longer than the request that needs it first
    this.#deps.workerHooks.begin(worker);
    if (this.#announcesStarts) worker.announceStarts();
    this.#workers.push(worker);
    if (this.#settings.kind === 'process' && process.env['NODE_V8_COVERAGE']) coverProcess(worker);
    this.#deps.profiling.workerStarting(worker);
    this.#deps.log.workerStarting(worker);
    return worker;
  }

  #createThread(workerId: number): { readonly thread: Worker; readonly printed: readonly Fd[] } {
    const { kind, thread, name } = this.#settings;
    if (kind === 'inline') return { thread: InlineThread.create(), printed: [] };
    const { worker } = thread;
    if (worker !== undefined) {
      const made = withPipedOutput(() => checkThread(worker()));
      return { thread: made.thread, printed: made.piped };
    }
    // what it inherits Node.js obeys
    const options: WorkerOptions = bare({ name: `${name}-${workerId}` });
    if (thread.resourceLimits !== undefined && kind === 'thread') options.resourceLimits = thread.resourceLimits;
    if (thread.env !== undefined) options.env = thread.env as NonNullable<WorkerOptions['env']>;
    const execArgv = (kind === 'thread' ? thread.execArgv : undefined) ?? inheritedExecArgv();
    if (execArgv !== undefined) options.execArgv = [...execArgv];
    return { thread: new Worker(workerThreadLocation(), options), printed: [1, 2] };
  }

  get #processSettings(): ProcessSettings | undefined {
    const { kind, thread } = this.#settings;
    if (kind !== 'process') return undefined;
    return {
      entry: fileURLToPath(processLocation()),
      workerEntry: workerThreadLocation().href,
      resourceLimits: thread.resourceLimits,
      execArgv: thread.execArgv,
    };
  }

  #reap(): void {
    this.#stopReaper = undefined;
    const longestIdleSince = now() - this.#settings.idleTimeoutMs;
    let spare = this.#dispensable;
    for (const worker of [...this.#workers].reverse()) {
      if (spare <= 0) break;
      if (!worker.isUnused || worker.progressAtMs > longestIdleSince) continue;
      worker.end('it was idle');
      spare--;
    }
    this.watchIdle();
  }
}

/** Ends a thread that nobody listens to: not even its error. */
function endUnused(thread: Worker): void {
  thread.on('error', () => {});
  thread.unref();
  void thread.terminate();
}
