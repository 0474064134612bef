import { now } from '../../base/clock.js';
import { messageOf, WorkerExitError } from '../../errors.js';
import { reasonOf, type ThreadExit } from '../../host/thread-exit.js';
import { begunAttempts, type Job, lost } from '../../jobs/job.js';
import { stopCauseOf, transferOf } from '../../jobs/job-engine.js';
import type { Balance } from '../dispatch/balance.js';
import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { Pacer } from '../dispatch/pacer.js';
import type { Ledger } from '../ledger.js';
import type { PoolLog } from '../log.js';
import type { PoolWorker } from '../pool-worker.js';
import type { GraceKeeper } from '../workers/grace.js';
import type { WorkerSet } from '../workers/worker-set.js';
import type { ChildJobs } from './child-jobs.js';
import type { Retries } from './retries.js';
import type { TimeLimits } from './time-limits.js';

/** After so many rounds of failed starts in a row, while no worker lives, starting one is given up. */
const HOPELESS_ROUNDS = 3;
/** While no worker lives the next start is tried after so long; after the next failure, four times as long. */
const FIRST_PAUSE_MS = 50;
/** While others live it is tried after so long; each time it fails again, twice as long. */
const START_PAUSE_MS = 1_000;
const LONGEST_START_PAUSE_MS = 60_000;
/** The process is warned of so many faults, each once. */
const MOST_WARNINGS = 16;

/** What recovers with the pool. */
export interface RecoveryDeps {
  readonly ledger: Ledger;
  readonly dispatcher: Dispatcher;
  readonly balance: Balance;
  readonly workers: WorkerSet;
  readonly grace: GraceKeeper;
  readonly retries: Retries;
  readonly limits: TimeLimits;
  readonly childJobs: ChildJobs;
  readonly log: PoolLog;
  readonly pacer: Pacer;
}

/** Accounts for threads that end: shared memory tells what became of each of their jobs, so that each settles once (I1). */
export class Recovery {
  readonly #deps: RecoveryDeps;
  /** Rounds of failed starts in a row: starts that were begun together, and failed, are one. */
  #failedRounds = 0;
  /** The same before the last start that succeeded: which may prove to have been none. */
  #roundsBefore = 0;
  /** When the last round's first start failed, in ms of `now()`. */
  #roundFailedAtMs = Number.NEGATIVE_INFINITY;
  /** Of what the process was warned. */
  readonly #warned = new Set<string>();

  constructor(parts: RecoveryDeps) {
    this.#deps = parts;
  }

  /** Ends a worker's thread at once. What it has not begun goes back to its places now, not when it is gone. */
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
    this.#settleStopped(job, worker);
    pacer.pump();
  }

  startSucceeded(): void {
    this.#roundsBefore = this.#failedRounds;
    this.#failedRounds = 0;
  }

  /** The jobs of a thread that is gone: what had finished stands, what had not begun goes back, the rest is settled. */
  workerExited(worker: PoolWorker, exit: ThreadExit): void {
    const { workers, dispatcher, grace, pacer } = this.#deps;
    worker.drain(Number.POSITIVE_INFINITY);
    workers.remove(worker);
    const { begun, cancelling, waiting } = worker.inFlight.abandon();
    for (const job of waiting) {
      if (transferOf(job) === undefined) dispatcher.queue.insert(job);
      else begun.push(job); // what it was to be given is gone with the thread
    }
    for (const job of cancelling) {
      grace.stop(job, worker);
      this.#settleStopped(job, worker);
    }
    for (const job of begun) this.#settleLost(job, worker, exit);
    // one whose loop fails before it has begun a job would do so again and again
    const hasServed = !worker.isBroken || worker.jobsRun + begun.length + cancelling.length > 0;
    if (!hasServed) this.#failedRounds = Math.max(this.#failedRounds, this.#roundsBefore);
    const hasStarted = (worker.wasUp && hasServed) || worker.wasEnded;
    if (hasStarted) pacer.pump();
    else this.startFailed(exit, worker.startedAtMs); // before the next is started
    pacer.drain(); // it may have rung for all workers, and its ring be lost with its port
  }

  /**
   * A worker could not start. Where others live, also where they are busy or still start, theirs is the work, and it is tried
   * again later. Where none does it is tried again soon, and once that has failed again and again, all that wait fail by it:
   * no start would help them.
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
    log.startFailed(message, 'All that wait fail by it');
    for (let count = dispatcher.queue.size; count > 0; count--) {
      const job = dispatcher.queue.shift();
      if (job !== undefined) ledger.settle(job, 'FAILED', { outcome: new WorkerExitError(message, exit) });
    }
    pacer.pump();
  }

  #startLater(pauseMs: number): void {
    const { workers, pacer } = this.#deps;
    workers.holdStarts(pauseMs, () => {
      pacer.refill();
      pacer.pump();
    });
  }

  /** With a logger each time; else once. */
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

  /** Settles a job that was asked to stop, and whose code will not answer. */
  #settleStopped(job: Job, worker: PoolWorker): void {
    const ending = stopCauseOf(job);
    this.#settleLater(job, worker, () => {
      if (ending !== undefined && !this.#deps.retries.take(job, ending.error(), false))
        this.#deps.ledger.settleBy(job, ending);
    });
  }

  #settleLater(job: Job, worker: PoolWorker, settle: () => void): void {
    const { limits, childJobs } = this.#deps;
    limits.ended(job);
    lost(job, worker.run(begunAttempts(job) + 1), worker.progressAtMs);
    childJobs.cancelChildren(job);
    childJobs.settleAfterChildren(job, settle);
  }

  #settleLost(job: Job, worker: PoolWorker, exit: ThreadExit): void {
    const what = `The thread of job '${job.name}' ended with exit code ${exit.exitCode} while the job ran`;
    const error = new WorkerExitError(what + reasonOf(exit), exit);
    this.#settleLater(job, worker, () => {
      if (!this.#deps.retries.take(job, error, true)) this.#deps.ledger.settle(job, 'FAILED', { outcome: error });
    });
  }
}
