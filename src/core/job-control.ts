import type { Job, JobOwner } from '../jobs/job.js';
import type { MetricsRecorder } from '../metrics/recorder.js';
import { RemoteWorker } from '../workers/remote-worker.js';
import type { Dispatcher } from './dispatcher.js';
import type { GraceKeeper } from './grace-keeper.js';
import type { Ledger } from './ledger.js';
import type { Pacer } from './pacer.js';
import type { PoolWorker } from './worker-set.js';

/** What jobs are controlled by. */
export interface JobControlParts {
  readonly ledger: Ledger;
  readonly metrics: MetricsRecorder;
  readonly dispatcher: Dispatcher;
  readonly pacer: Pacer;
  readonly grace: GraceKeeper;
}

/** Cancels jobs and changes their priority, wherever they are. */
export class JobControl implements JobOwner {
  readonly #parts: JobControlParts;
  #spared: Job | undefined;

  constructor(parts: JobControlParts) {
    this.#parts = parts;
  }

  cancelJob(job: Job, reason: unknown): boolean {
    const worker = workerOf(job);
    if (job === this.#spared) {
      worker?.tell({ kind: 'parent-cancelled', seq: job.seq, reason });
      job.raiseToken(reason);
      return false;
    }
    const { dispatcher } = this.#parts;
    if (dispatcher.queue.remove(job)) {
      this.#settle(job, reason);
      return true;
    }
    if (dispatcher.cancelInHand(job, reason)) return true;
    switch (worker?.cancel(job, reason)) {
      case 'taken back':
        this.#settle(job, reason);
        return true;
      case 'asked':
        if (worker !== undefined) this.#parts.grace.start(job, worker);
        job.raiseToken(reason); // last, as its listeners are foreign code (I7)
        return true;
      case 'asked before':
        return true;
      case 'too late':
      case undefined:
        return false;
    }
  }

  /** Cancels a job that has not begun; leaves any other as it is. */
  cancelPending(job: Job, reason: unknown): void {
    if (this.#parts.dispatcher.queue.remove(job) || workerOf(job)?.seats.takeBackOne(job)) this.#settle(job, reason);
  }

  reprioritise(job: Job, priority: number): boolean {
    const worker = workerOf(job);
    const isQueued = this.#parts.dispatcher.queue.remove(job);
    // one with something to transfer is sent only once: it stays where it is, next on a worker that was free
    const isNext = job.transfer !== undefined && worker !== undefined && !worker.hasBegun(job.seq);
    if (!isQueued && !isNext && !worker?.seats.takeBackOne(job)) return false;
    this.#parts.metrics.jobReprioritised(job.priority, priority);
    job.moveTo(priority);
    if (!isNext) this.#parts.pacer.enqueue(job);
    return true;
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

  #settle(job: Job, reason: unknown): void {
    this.#parts.ledger.settle(job, 'CANCELLED', { outcome: job.cancelledError(reason) });
  }
}

function workerOf(job: Job): PoolWorker | undefined {
  return job.place instanceof RemoteWorker ? (job.place as PoolWorker) : undefined;
}
