import { now } from '../../base/clock.js';
import { messageOf, WorkerExitError } from '../../errors.js';
import { reasonOf, type ThreadExit } from '../../host/thread-exit.js';
import type { Job } from '../../jobs/job.js';
import { begunAttempts } from '../../jobs/job-access.js';
import { recordLostRun, transferOf } from '../../jobs/job-engine.js';
import type { Balance } from '../dispatch/balance.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { Pacer } from '../dispatch/pacer.js';
import type { Ledger } from '../ledger.js';
import type { PoolLog } from '../log.js';
import type { PoolWorker } from '../pool-worker.js';
import { type GraceEvents, GraceKeeper } from '../workers/grace.js';
import type { WorkerSet } from '../workers/worker-set.js';
import type { ChildJobs } from './child-jobs.js';
import type { Settling } from './settling.js';
import type { TimeLimits } from './time-limits.js';

/** How many rounds of failed starts in a row, while no worker lives, until waiting jobs fail. */
const HOPELESS_ROUNDS = 3;
/** First pause before another start while no worker lives; four times as long after each failure. */
const FIRST_PAUSE_MS = 50;
/** First pause before another start while workers live; twice as long after each failure, up to the longest. */
const START_PAUSE_MS = 1_000;
const LONGEST_START_PAUSE_MS = 60_000;
/** Maximum number of distinct faults for which a process warning is emitted, once each. */
const MOST_WARNINGS = 16;

export interface RecoveryDeps {
  readonly ledger: Ledger;
  readonly dispatcher: Dispatcher;
  readonly balance: Balance;
  readonly workers: WorkerSet;
  readonly settling: Settling;
  readonly limits: TimeLimits;
  readonly childJobs: ChildJobs;
  readonly log: PoolLog;
  readonly pacer: Pacer;
}

/**
 * Ends and replaces workers, and accounts for threads that end: shared memory says what became of each of their jobs, so
 * that each settles once (I1).
 */
export class Recovery implements GraceEvents {
  readonly grace: GraceKeeper;
  readonly #deps: RecoveryDeps;
  /** Rounds of failed starts in a row. Starts that were begun together and failed are one round. */
  #failedRounds = 0;
  /** `#failedRounds` before the last start that succeeded, which may yet prove to have failed. */
  #roundsBefore = 0;
  /** When the last round's first start failed, in ms of `now()`. */
  #roundFailedAtMs = Number.NEGATIVE_INFINITY;
  /** Faults for which a process warning was emitted. */
  readonly #warned = new Set<string>();

  constructor(graceMs: number, deps: RecoveryDeps) {
    this.#deps = deps;
    this.grace = new GraceKeeper(graceMs, this);
  }

  /** A worker will probably have to be ended: its replacement is started. */
  endForeseen(worker: PoolWorker): void {
    this.#deps.workers.startSpareFor(worker);
  }

  /** The worker need not be ended after all. */
  endAverted(worker: PoolWorker): void {
    this.#deps.workers.endSpareFor(worker);
  }

  /**
   * Ends a worker's thread at once. Jobs that it has not begun return to their positions in the queue now, not when the
   * thread is gone.
   */
  endWorker(worker: PoolWorker): void {
    const { balance, workers, log, pacer } = this.#deps;
    const reason = messageOf(worker.endCause);
    log.workerReplaced(worker, reason);
    balance.recall(worker);
    worker.terminate(reason);
    workers.useSpareFor(worker);
    pacer.pump();
  }

  /** Ends a worker's thread once its other jobs have ended; `job`, which does not stop, settles now. */
  retireWorker(worker: PoolWorker, job: Job): void {
    const { balance, workers, log, pacer } = this.#deps;
    const reason = `Job '${job.name}' did not stop when it was asked to`;
    log.workerReplaced(worker, `${reason}; it ends when its other jobs have ended`);
    balance.recall(worker);
    worker.retire(reason, job);
    workers.useSpareFor(worker);
    this.#giveUp(job, worker);
    this.#deps.settling.stopped(job, undefined);
    pacer.pump();
  }

  startSucceeded(): void {
    this.#roundsBefore = this.#failedRounds;
    this.#failedRounds = 0;
  }

  /**
   * Deals with the jobs of a thread that is gone, once its lane has been read to its end: jobs that had finished stand, those
   * that had not begun go back, the rest is settled. Returns false if the worker counts as one that could not start.
   */
  workerExited(worker: PoolWorker, exit: ThreadExit): boolean {
    const { workers, dispatcher, settling, pacer } = this.#deps;
    workers.remove(worker);
    const { begun, cancelling, waiting } = worker.inFlight.abandon();
    for (const job of waiting) {
      if (transferOf(job) === undefined) dispatcher.queue.insert(job);
      else begun.push(job); // what was transferred is gone with the thread
    }
    for (const job of cancelling) {
      this.grace.stop(job, worker);
      this.#giveUp(job, worker);
      settling.stopped(job, undefined);
    }
    for (const job of begun) {
      this.#giveUp(job, worker);
      settling.threadLost(job, lostError(job, exit));
    }
    // a worker whose loop fails before it has begun a job would fail repeatedly
    const hasServed = !worker.isBroken || worker.jobsRun + begun.length + cancelling.length > 0;
    if (!hasServed) this.#failedRounds = Math.max(this.#failedRounds, this.#roundsBefore);
    const hadStarted = (worker.wasUp && hasServed) || worker.wasEnded;
    if (hadStarted) pacer.pump();
    else this.startFailed(exit, worker.startedAtMs); // before the next is started
    pacer.drain(); // the worker may have rung for all, and its ring be lost with its port
    return hadStarted;
  }

  /**
   * A worker could not start. If others live, even busy or starting, they do its work, and another start is tried
   * later. If none lives, another is tried soon; if that keeps failing, all waiting jobs fail, as no start would help
   * them.
   *
   * @param begunAtMs when the start was begun, in ms of `now()`.
   */
  startFailed(exit: ThreadExit, begunAtMs: number): void {
    const { workers, dispatcher, ledger, log, pacer } = this.#deps;
    if (begunAtMs >= this.#roundFailedAtMs) {
      this.#failedRounds++;
      this.#roundFailedAtMs = now();
    }
    const fault = exit.startFault ?? `its thread ended with exit code ${exit.exitCode}`;
    const message = `Cannot start a worker: ${fault}${reasonOf(exit)}`;
    if (workers.hasLiving) {
      const pauseMs = Math.min(START_PAUSE_MS * 2 ** (this.#failedRounds - 1), LONGEST_START_PAUSE_MS);
      this.#warn(message, pauseMs);
      this.#startLater(pauseMs);
      return;
    }
    if (this.#failedRounds < HOPELESS_ROUNDS) {
      const pauseMs = FIRST_PAUSE_MS * 4 ** (this.#failedRounds - 1);
      log.startFailed(message, `No worker lives; the next start is tried in ${pauseMs} ms`);
      this.#startLater(pauseMs);
      return;
    }
    log.startFailed(message, 'All waiting jobs fail');
    for (let count = dispatcher.queue.size; count > 0; count--) {
      const job = dispatcher.queue.shift();
      if (job !== undefined) ledger.settle(job, 'FAILED', { outcome: new WorkerExitError(message, exit) });
    }
    pacer.pump();
  }

  #startLater(pauseMs: number): void {
    const { workers, pacer } = this.#deps;
    workers.suspendStarts(pauseMs, () => {
      workers.refill();
      pacer.pump();
    });
  }

  /** Reports a fault: each time if there is a logger, otherwise once per message. */
  #warn(message: string, pauseMs: number): void {
    const { log, workers } = this.#deps;
    if (!log.isOpen) {
      if (this.#warned.has(message) || this.#warned.size === MOST_WARNINGS) return;
      this.#warned.add(message);
    }
    const doIt = workers.all.some(({ state }) => state === 'ready') ? 'do' : 'are to do';
    const next = `Others ${doIt} its work; the next start is tried in ${pauseMs} ms`;
    log.fault(`${message}. ${next}`, { type: 'ThreadSystemWarning' });
  }

  /** A job's code can no longer answer: ends the job's attempt. */
  #giveUp(job: Job, worker: PoolWorker): void {
    const { limits, childJobs } = this.#deps;
    limits.ended(job);
    recordLostRun(job, worker.run(begunAttempts(job) + 1), worker.progressAtMs);
    childJobs.cancelChildren(job);
  }
}

function lostError(job: Job, exit: ThreadExit): WorkerExitError {
  const what = `The thread of job '${job.name}' ended with exit code ${exit.exitCode} while the job ran`;
  return new WorkerExitError(what + reasonOf(exit), exit);
}
