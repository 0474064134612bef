import type { Job } from '../jobs/job.js';
import { type StopTimer, startTimer } from '../sync/timer.js';
import type { PoolWorker } from './worker-set.js';

/** Ends the thread of a job that was asked to stop and did not within its grace. */
export class GraceKeeper {
  readonly #poolGraceMs: number;
  readonly #end: (worker: PoolWorker) => void;
  readonly #timers = new Map<Job, StopTimer>();

  /** @param end ends the worker's thread at once. */
  constructor(poolGraceMs: number, end: (worker: PoolWorker) => void) {
    this.#poolGraceMs = poolGraceMs;
    this.#end = end;
  }

  start(job: Job, worker: PoolWorker): void {
    const graceMs = job.graceMs ?? this.#poolGraceMs;
    const expire = (): void => {
      this.#timers.delete(job);
      worker.endCause = new Error(`Job '${job.name}' did not stop within ${graceMs} ms of being cancelled`);
      this.#end(worker);
    };
    if (graceMs === 0) expire();
    else this.#timers.set(job, startTimer(graceMs, expire, { keepsProcess: false }));
  }

  /** The job's code has ended. */
  stop(job: Job): void {
    this.#timers.get(job)?.();
    this.#timers.delete(job);
  }
}
