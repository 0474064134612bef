import { Cancellation, type Ending } from '../jobs/ending.js';
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
    if (job !== this.#spared) return this.stop(job, new Cancellation(job.name, reason));
    workerOf(job)?.tell({ kind: 'parent-cancelled', seq: job.seq, reason });
    job.raiseToken(reason);
    return false;
  }

  /** Ends a job, wherever it is. True: it settles as `ending` says. */
  stop(job: Job, ending: Ending): boolean {
    const { dispatcher, ledger, grace } = this.#parts;
    if (dispatcher.queue.remove(job)) {
      ledger.settleBy(job, ending);
      return true;
    }
    if (dispatcher.endInHand(job, ending)) return true;
    const worker = workerOf(job);
    switch (worker?.cancel(job, ending.reason)) {
      case 'taken back':
        ledger.settleBy(job, ending);
        return true;
      case 'asked':
        job.ending = ending;
        if (worker !== undefined) grace.start(job, worker);
        job.raiseToken(ending.reason); // last, as its listeners are foreign code (I7)
        return true;
      case 'asked before':
        return job.ending?.state === ending.state;
      case 'too late':
      case undefined:
        return false;
    }
  }

  /** Cancels a job that has not begun; leaves any other as it is. */
  cancelPending(job: Job, reason: unknown): void {
    if (this.#parts.dispatcher.queue.remove(job) || workerOf(job)?.seats.takeBackOne(job))
      this.#parts.ledger.settleBy(job, new Cancellation(job.name, reason));
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
}

function workerOf(job: Job): PoolWorker | undefined {
  return job.place instanceof RemoteWorker ? (job.place as PoolWorker) : undefined;
}
