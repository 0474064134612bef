import { WorkerExitError } from '../errors.js';
import type { Job, JobOwner } from '../jobs/job.js';
import { JobQueue } from '../jobs/job-queue.js';
import type { MetricsRecorder } from '../metrics/recorder.js';
import type { Outbox } from '../sync/outbox.js';
import { MAIN_PARKED } from '../workers/layout.js';
import type { JobSink } from '../workers/remote-worker.js';
import type { StoppedEnd, Thrown } from '../workers/result-lane.js';
import type { EventHub } from './events.js';
import type { GraceKeeper } from './grace-keeper.js';
import type { Ledger } from './ledger.js';
import { learnRun, plannedMs, WINDOW_MS } from './run-time.js';
import type { PoolWorker, WorkerSet } from './worker-set.js';

/** A long run of `submit` calls lets jobs out, and reads answers, each time so many have come. */
const PUMP_EVERY = 256;
/** Jobs that go to one worker before the next is looked at. */
const MAX_CHUNK = 64;
/** Answers read from one worker before the next is looked at. */
const DRAIN_BATCH = 256;
/** The main thread's event loop turns at least this often while answers are read. */
const YIELD_MS = 2;
/** After jobs were sent that are short, how long the main thread looks for answers before it waits to be rung. */
const LINGER_MS = 0.05;
/** Jobs expected to be done sooner are worth waiting for. */
const LINGER_BACKLOG_MS = 0.05;
/** A backlog smaller than this is not worth sharing with an idle worker. */
const SHARE_MS = 0.1;
/** How often workers with jobs not begun are looked at. */
const WATCH_MS = 1;
/** After so many failures in a row, starting a worker is given up. */
const HOPELESS_STARTS = 3;
/** After a failed start, while other workers live, none is tried for so long. */
const START_PAUSE_MS = 1_000;
/** Ranks before every job. */
const FIRST_RANK = { priority: Number.POSITIVE_INFINITY, order: 0 };

/** What the dispatcher works with. */
export interface DispatcherParts {
  readonly ledger: Ledger;
  readonly metrics: MetricsRecorder;
  readonly events: EventHub;
  readonly outbox: Outbox;
  readonly grace: GraceKeeper;
  readonly poolWord: Int32Array;
}

/**
 * Takes jobs from the queue to the workers, and answers from the workers to the ledger. Only `#send` takes a job off the
 * queue to run it.
 *
 * Jobs are sent ahead, as many as are expected to take a millisecond, so that one wake-up serves hundreds; what a worker
 * has not begun is taken back when a more urgent job comes, when another worker is idle, or when the worker does not get on.
 */
export class Dispatcher implements JobOwner, JobSink<Job> {
  readonly queue = new JobQueue<Job>();
  readonly #parts: DispatcherParts;
  readonly #workers: () => WorkerSet;
  #isPaused = false;
  #isPumpScheduled = false;
  #isDrainScheduled = false;
  #isDraining = false;
  #sincePump = 0;
  #lingerUntilMs = 0;
  #spared: Job | undefined;
  #startFailures = 0;
  #noStartsBeforeMs = 0;
  #watchTimer: NodeJS.Timeout | undefined;

  constructor(parts: DispatcherParts, workers: () => WorkerSet) {
    this.#parts = parts;
    this.#workers = workers;
  }

  /** Puts a job in its place in the queue, from where it goes by itself. */
  enqueue(job: Job): void {
    this.queue.insert(job);
    if (!this.#isPumpScheduled) {
      this.#isPumpScheduled = true;
      this.#sincePump = 0;
      queueMicrotask(this.#pumpSoon);
    } else if (++this.#sincePump === PUMP_EVERY) {
      this.#sincePump = 0;
      this.#parts.ledger.look();
      this.pump();
      this.#drainAll(2 * PUMP_EVERY);
    }
  }

  /** Whether the next `enqueue` is the first of its batch: a good moment to look at the clock. */
  get isFirstOfBatch(): boolean {
    return !this.#isPumpScheduled;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  pause(): void {
    this.#isPaused = true;
    for (const worker of this.#all) this.#takeBack(worker, FIRST_RANK, Number.POSITIVE_INFINITY);
  }

  resume(): void {
    this.#isPaused = false;
    this.pump();
  }

  /** All jobs that are not settled. */
  *unsettled(): Generator<Job> {
    yield* this.queue;
    for (const worker of this.#all) yield* worker;
  }

  get activeCount(): number {
    let count = 0;
    for (const worker of this.#all) count += worker.open - worker.waitingCount;
    return count;
  }

  /** Runs `act`, in which nothing cancels the job: what its own code has cancelled is no request to stop it. */
  sparing(job: Job | undefined, act: () => void): void {
    this.#spared = job;
    try {
      act();
    } finally {
      this.#spared = undefined;
    }
  }

  cancelJob(job: Job, reason: unknown): boolean {
    if (job === this.#spared) {
      (job.seat as PoolWorker | undefined)?.tell({ kind: 'parent-cancelled', seq: job.seq, reason });
      job.raiseToken(reason);
      return false;
    }
    if (this.queue.remove(job)) {
      this.#settleCancelled(job, reason);
      return true;
    }
    const worker = job.seat as PoolWorker | undefined;
    if (worker === undefined) return false;
    switch (worker.cancel(job, reason)) {
      case 'taken back':
        this.#settleCancelled(job, reason);
        return true;
      case 'asked':
        this.#parts.grace.start(job, worker);
        job.raiseToken(reason); // last, as its listeners are foreign code
        return true;
      case 'asked before':
        return true;
      case 'too late':
        return false;
    }
  }

  /** Cancels a job that has not begun; leaves any other as it is. */
  cancelPending(job: Job, reason: unknown): void {
    const worker = job.seat as PoolWorker | undefined;
    if (this.queue.remove(job) || worker?.takeBackJob(job)) this.#settleCancelled(job, reason);
  }

  reprioritise(job: Job, priority: number): boolean {
    const worker = job.seat as PoolWorker | undefined;
    if (!this.queue.remove(job) && !worker?.takeBackJob(job)) return false;
    this.#parts.metrics.jobReprioritised(job.priority, priority);
    job.currentPriority = priority;
    this.enqueue(job);
    return true;
  }

  /** Sends what may be sent. */
  pump(): void {
    if (this.queue.size === 0 || this.#isPaused) return;
    this.#startWorkers();
    this.#feed();
    this.#watch();
  }

  /** Reads answers until there are none, then waits to be rung. */
  drain(): void {
    if (this.#isDrainScheduled || this.#isDraining) return;
    const { ledger } = this.#parts;
    const startedMs = ledger.look();
    for (;;) {
      const count = this.#drainAll(DRAIN_BATCH);
      if (this.queue.size > 0) this.pump();
      else if (ledger.unsettled > 0) this.#balance();
      if (count === 0 && this.#rest(startedMs)) return;
      if (ledger.look() - startedMs > YIELD_MS) {
        this.#drainLater();
        return;
      }
    }
  }

  jobStarted(_worker: PoolWorker, job: Job): void {
    this.#parts.events.emit('jobStarted', job);
  }

  jobReported(job: Job, value: unknown): void {
    job.report(value, this.#parts.outbox);
  }

  jobReturned(worker: PoolWorker, job: Job, value: unknown): void {
    this.#ran(worker, job);
    this.#parts.ledger.complete(job, value);
  }

  jobThrew(worker: PoolWorker, job: Job, thrown: Thrown): void {
    this.#ran(worker, job);
    this.#parts.ledger.settle(job, 'FAILED', { outcome: thrown.error });
  }

  jobStopped(worker: PoolWorker, job: Job, end: StoppedEnd): void {
    this.#ran(worker, job);
    this.#parts.grace.stop(job);
    const isOwnFault = end.kind === 'threw' && !end.thrown.isCancelled;
    const error = job.cancelledError(job.cancelReason, isOwnFault ? { thrown: end.thrown.error } : undefined);
    this.#parts.ledger.settle(job, 'CANCELLED', {
      outcome: error,
      lateResult: end.kind === 'returned' ? end.value : undefined,
    });
  }

  /** The thread of a job that was asked to stop is gone: the job has. */
  settleStopped(job: Job): void {
    this.#parts.grace.stop(job);
    job.begunAttempts++;
    this.#settleCancelled(job, job.cancelReason);
  }

  /** The thread of a job is gone while its code ran. */
  settleLost(job: Job, worker: PoolWorker, exit: { readonly exitCode: number; readonly cause: unknown }): void {
    job.begunAttempts++;
    job.ranOn = worker.workerId;
    const reason = exit.cause instanceof Error ? `: ${exit.cause.message}` : '';
    const message = `The thread of job '${job.name}' ended with exit code ${exit.exitCode} while the job ran${reason}`;
    this.#parts.ledger.settle(job, 'FAILED', { outcome: new WorkerExitError(message, exit) });
  }

  /**
   * A worker could not start. Where others live, theirs is the work, and it is tried again later. Where none does it
   * costs the job it was started for and, when it happens again and again, all that wait: no start would help them.
   */
  startFailed(exit: { readonly exitCode: number; readonly cause: unknown }): void {
    this.#startFailures++;
    if (this.#all.some((worker) => worker.isReady)) {
      this.#noStartsBeforeMs = performance.now() + START_PAUSE_MS;
      setTimeout(() => this.pump(), START_PAUSE_MS);
      return;
    }
    const reason = exit.cause instanceof Error ? `: ${exit.cause.message}` : '';
    const message = `Cannot start a worker: its thread ended with exit code ${exit.exitCode}${reason}`;
    let count = this.#startFailures < HOPELESS_STARTS ? 1 : this.queue.size;
    for (; count > 0; count--) {
      const job = this.queue.shift();
      if (job !== undefined) this.#parts.ledger.settle(job, 'FAILED', { outcome: new WorkerExitError(message, exit) });
    }
  }

  startSucceeded(): void {
    this.#startFailures = 0;
  }

  /** Takes what a worker has not begun back into the queue. */
  recall(worker: PoolWorker): void {
    this.#takeBack(worker, FIRST_RANK, Number.POSITIVE_INFINITY);
  }

  get #all(): readonly PoolWorker[] {
    return this.#workers().all;
  }

  readonly #pumpSoon = (): void => {
    this.#isPumpScheduled = false;
    this.pump();
    if (this.#isDrainScheduled || !this.#isWorthLingering()) return;
    this.#lingerUntilMs = performance.now() + LINGER_MS;
    Atomics.store(this.#parts.poolWord, MAIN_PARKED, 0);
    this.#drainLater();
  };

  #drainLater(): void {
    this.#isDrainScheduled = true;
    setImmediate(this.#drainNow);
  }

  readonly #drainNow = (): void => {
    this.#isDrainScheduled = false;
    this.drain();
  };

  #drainAll(max: number): number {
    if (this.#isDraining) return 0;
    this.#isDraining = true;
    try {
      let count = 0;
      for (const worker of this.#all) count += worker.drain(max);
      return count;
    } finally {
      this.#isDraining = false;
    }
  }

  /** With no answers left: lingers, or parks. False when answers came meanwhile. */
  #rest(nowMs: number): boolean {
    if (nowMs < this.#lingerUntilMs && this.#isWorthLingering()) {
      this.#drainLater();
      return true;
    }
    const { poolWord } = this.#parts;
    Atomics.store(poolWord, MAIN_PARKED, 1);
    if (this.#all.every((worker) => worker.results.isEmpty)) {
      this.#workers().watchIdle();
      return true;
    }
    // whichever side lowers the word: this one looks again, a ring comes for nothing
    Atomics.store(poolWord, MAIN_PARKED, 0);
    return false;
  }

  #isWorthLingering(): boolean {
    for (const worker of this.#all) if (worker.open > 0 && worker.backlogMs < LINGER_BACKLOG_MS) return true;
    return false;
  }

  #startWorkers(): void {
    const workers = this.#all;
    let coming = 0;
    for (const worker of workers) if (worker.state === 'starting' || worker.isFree) coming++;
    if (coming >= this.queue.size || performance.now() < this.#noStartsBeforeMs) return;
    try {
      this.#workers().start(this.queue.size - coming);
    } catch (cause) {
      // such as a flag that Node refuses
      this.startFailed({ exitCode: 1, cause });
      if (this.queue.size > 0) this.#pumpSoon();
    }
  }

  /** Sends the most urgent jobs, each to the worker that will come to it first, until none may take more. */
  #feed(): void {
    const { queue } = this;
    for (let job = queue.peek(); job !== undefined; job = queue.peek()) {
      const worker = this.#pick(job);
      if (worker === undefined) return;
      const chunk = Math.min(MAX_CHUNK, Math.max(1, queue.size >> 2));
      if (!this.#sendChunk(worker, chunk)) return;
    }
  }

  /** False when the worker could not take even one. */
  #sendChunk(worker: PoolWorker, chunk: number): boolean {
    let sent = 0;
    for (; sent < chunk; sent++) {
      const job = this.queue.peek();
      if (job === undefined || !this.#canTake(worker, job)) break;
      if (worker.wouldOvertake(job)) this.#takeBack(worker, job, Number.POSITIVE_INFINITY);
      if (!this.#send(worker, job)) break;
    }
    worker.publish();
    return sent > 0;
  }

  #send(worker: PoolWorker, job: Job): boolean {
    this.queue.remove(job);
    try {
      if (worker.send(job, plannedMs(job.task))) return true;
    } catch (error) {
      this.#parts.ledger.settle(job, 'FAILED', { outcome: error });
      return true;
    }
    this.queue.insert(job);
    return false;
  }

  /** The worker that will come to the job first. */
  #pick(job: Job): PoolWorker | undefined {
    let best: PoolWorker | undefined;
    for (const worker of this.#all) {
      if (!this.#canTake(worker, job)) continue;
      if (best === undefined || worker.open === 0 ? best?.open !== 0 : worker.backlogMs < best.backlogMs) best = worker;
    }
    return best;
  }

  #canTake(worker: PoolWorker, job: Job): boolean {
    if (!worker.isReady || !worker.hasRoom) return false;
    if (worker.isFree) return true;
    if (job.transfer !== undefined || worker.isHeld) return false;
    // one that it ranks before will be taken back, and make room
    return worker.backlogMs + plannedMs(job.task) <= WINDOW_MS * worker.concurrency || worker.wouldOvertake(job);
  }

  #takeBack(worker: PoolWorker, rank: { readonly priority: number; readonly order: number }, max: number): number {
    const taken = worker.takeBack(rank, max);
    for (const job of taken) this.queue.insert(job);
    return taken.length;
  }

  /** An idle worker is given half of what another has not begun (I3). */
  #balance(): void {
    let isAnyFree = false;
    let busiest: PoolWorker | undefined;
    for (const worker of this.#all) {
      if (worker.isFree) isAnyFree = true;
      else if (worker.backlogMs > (busiest?.backlogMs ?? SHARE_MS) && worker.hasWaiting) busiest = worker;
    }
    if (!isAnyFree || busiest === undefined) return;
    if (this.#takeBack(busiest, FIRST_RANK, (busiest.waitingCount + 1) >> 1) > 0) this.pump();
  }

  /** Looks, while jobs wait at workers, or for room in a lane full of what was taken back, whether these get on. */
  #watch(): void {
    if (this.#watchTimer !== undefined) return;
    if (!this.#all.some((worker) => worker.isReady && (worker.hasWaiting || !worker.hasRoom))) return;
    this.#watchTimer = setTimeout(this.#onWatch, WATCH_MS).unref();
  }

  readonly #onWatch = (): void => {
    this.#watchTimer = undefined;
    this.drain();
    for (const worker of this.#all) this.#recallStuck(worker);
    this.pump();
    this.#watch();
  };

  /** Takes back what waits behind a job that runs far longer than expected, for whichever worker is free first. */
  #recallStuck(worker: PoolWorker): void {
    if (!worker.hasWaiting) return;
    const first = worker.firstWaiting();
    if (first !== worker.watchedSeq) {
      worker.watchedSeq = first;
      return;
    }
    worker.isHeld = true;
    this.recall(worker);
  }

  #ran(worker: PoolWorker, job: Job): void {
    const { runMs, begunAtMs } = worker.results;
    // whole microseconds, as small integers cost a job no memory of their own; times of two threads differ by a few
    job.waitedUs = Math.max(0, Math.round((begunAtMs - (job.submitted?.ms ?? begunAtMs)) * 1000));
    job.ranUs = Math.ceil(runMs * 1000);
    job.begunAttempts++;
    job.ranOn = worker.workerId;
    learnRun(job.task, runMs);
    this.#parts.metrics.jobRan(job.waitedUs / 1000, runMs);
  }

  #settleCancelled(job: Job, reason: unknown): void {
    this.#parts.ledger.settle(job, 'CANCELLED', { outcome: job.cancelledError(reason) });
  }
}
