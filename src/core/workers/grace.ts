import { type StopTimer, startTimer } from '../../base/timer.js';
import type { Job } from '../../jobs/job.js';
import { optionsOf } from '../../jobs/job-access.js';
import type { PoolWorker } from '../pool-worker.js';

/** How long before the end of a grace the worker's spare is started. */
const SPARE_LEAD_MS = 100;

/** Longest wait past a grace for the reply to a ping if other jobs run on the thread. */
const PATIENCE_MS = 100;

/**
 * Longest wait for a retired thread to reply to a ping: no job waits for it, and a busy machine is not a blocked thread.
 */
const RETIRED_PATIENCE_MS = 1_000;

/** What a grace period leads to. */
export interface GraceEvents {
  /** The worker will probably have to be ended. */
  endExpected(worker: PoolWorker): void;
  /** The worker need not be ended after all. */
  endAvoided(worker: PoolWorker): void;
  /** The worker's thread must end at once, with all that runs there. */
  endWorker(worker: PoolWorker): void;
  /** The thread runs other jobs well: it ends once these have ended. The job, which does not stop, is given up. */
  retireWorker(worker: PoolWorker, job: Job): void;
}

/** Frees a worker of a job that was asked to stop and has not stopped when its grace is over. */
export class GraceKeeper {
  readonly #poolGraceMs: number;
  readonly #events: GraceEvents;
  readonly #timers = new Map<Job, StopTimer>();

  constructor(poolGraceMs: number, events: GraceEvents) {
    this.#poolGraceMs = poolGraceMs;
    this.#events = events;
  }

  start(job: Job, worker: PoolWorker): void {
    const graceMs = optionsOf(job).graceMs ?? this.#poolGraceMs;
    if (graceMs === 0) {
      this.#expire(job, worker, { graceMs, patienceMs: 0 });
      return;
    }
    worker.ping(); // shows whether the event loop turns, in case other jobs run on the thread
    const expire = (): void => this.#expire(job, worker, { graceMs, patienceMs: PATIENCE_MS });
    const prepare = (): void => {
      this.#events.endExpected(worker);
      this.#timers.set(job, startTimer(Math.min(graceMs, SPARE_LEAD_MS), expire, { keepsProcess: false }));
    };
    const untilSpareMs = graceMs - SPARE_LEAD_MS;
    // a spare for a shorter grace starts only after other code has had its turn: most jobs stop in that time
    this.#timers.set(job, startTimer(Math.max(untilSpareMs, 0), prepare, { keepsProcess: false }));
  }

  /** The job's code has ended. */
  stop(job: Job, worker: PoolWorker): void {
    const stopTimer = this.#timers.get(job);
    if (stopTimer === undefined) return;
    stopTimer();
    this.#timers.delete(job);
    this.#events.endAvoided(worker);
  }

  /** A job that was given up may still block the thread, and with it other jobs: then the thread is ended after all. */
  #watchRetired(worker: PoolWorker, job: Job): void {
    if (!worker.mayRunJobs || worker.inFlight.size === 0) return;
    worker.ping();
    const check = (): void => {
      if (worker.hasReplied || !worker.mayRunJobs) {
        this.#watchRetired(worker, job);
        return;
      }
      worker.endCause = new Error(`Job '${job.name}' did not stop when asked to, and blocked its thread`);
      this.#events.endWorker(worker);
    };
    startTimer(RETIRED_PATIENCE_MS, check, { keepsProcess: false });
  }

  #expire(job: Job, worker: PoolWorker, { graceMs, patienceMs }: { graceMs: number; patienceMs: number }): void {
    this.#timers.delete(job);
    if (!worker.mayRunJobs) return; // already ending: the job settles when the thread is gone
    // without a grace there was no ping, and a reply to an earlier one says nothing about this job
    if (graceMs > 0 && worker.inFlight.size - worker.inFlight.waitingCount > 1) {
      if (worker.hasReplied) {
        this.#events.retireWorker(worker, job);
        this.#watchRetired(worker, job);
        return;
      }
      if (patienceMs > 0) {
        const expire = (): void => this.#expire(job, worker, { graceMs, patienceMs: 0 });
        this.#timers.set(job, startTimer(patienceMs, expire, { keepsProcess: false }));
        return;
      }
    }
    worker.endCause = new Error(`Job '${job.name}' did not stop within ${graceMs} ms of being asked to`);
    this.#events.endWorker(worker);
  }
}
