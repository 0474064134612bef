import { type StopTimer, startTimer } from '../../base/timer.js';
import { type Job, optionsOf } from '../../jobs/job.js';
import type { PoolWorker } from '../pool-worker.js';

/** So long before a grace is over the worker is asked whether its event loop turns, and its replacement is started. */
const FORESIGHT_MS = 100;

/** So long past a grace an answer is waited for where other jobs on the thread depend on it. */
const PATIENCE_MS = 100;

/** What the end of a grace comes to. */
export interface GraceEvents {
  /** The worker will probably have to be ended. */
  foreseen(worker: PoolWorker): void;
  /** It need not be ended after all. */
  relieved(worker: PoolWorker): void;
  /** Its thread must end at once, with all that runs there. */
  end(worker: PoolWorker): void;
  /** Its thread does other jobs well: it ends once these have. The job, which does not stop, is given up. */
  retire(worker: PoolWorker, job: Job): void;
}

/** Sees to it that a worker is free of a job that was asked to stop and does not, once its grace is over. */
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
    const expire = (): void => this.#expire(job, worker, { graceMs, patienceMs: PATIENCE_MS });
    const foresee = (): void => {
      worker.ping();
      this.#events.foreseen(worker);
      this.#timers.set(job, startTimer(Math.min(graceMs, FORESIGHT_MS), expire, { keepsProcess: false }));
    };
    const easyMs = graceMs - FORESIGHT_MS;
    // where there is no time for foresight it is begun after other code has had its turn: most jobs stop in that time
    this.#timers.set(job, startTimer(Math.max(easyMs, 0), foresee, { keepsProcess: false }));
  }

  /** The job's code has ended. */
  stop(job: Job, worker: PoolWorker): void {
    const stopTimer = this.#timers.get(job);
    if (stopTimer === undefined) return;
    stopTimer();
    this.#timers.delete(job);
    this.#events.relieved(worker);
  }

  /** The job given up may still block the thread, and the others on it with that: then it is ended after all. */
  #watchRetired(worker: PoolWorker, job: Job): void {
    if (!worker.isRunning || worker.inFlight.taken === 0) return;
    worker.ping();
    const look = (): void => {
      if (worker.hasAnswered || !worker.isRunning) {
        this.#watchRetired(worker, job);
        return;
      }
      worker.endCause = new Error(`Job '${job.name}', which had not stopped when it was asked to, blocked the thread`);
      this.#events.end(worker);
    };
    startTimer(PATIENCE_MS, look, { keepsProcess: false });
  }

  #expire(job: Job, worker: PoolWorker, { graceMs, patienceMs }: { graceMs: number; patienceMs: number }): void {
    this.#timers.delete(job);
    if (!worker.isRunning) return; // it is being ended already: the job settles when the thread is gone
    // an answer to an earlier ping says nothing of this job, so without a grace there is none to go by
    if (graceMs > 0 && worker.inFlight.taken - worker.inFlight.waitingCount > 1) {
      if (worker.hasAnswered) {
        this.#events.retire(worker, job);
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
    this.#events.end(worker);
  }
}
