import type { WorkerEnd } from '../../contract/worker-end.js';
import type { PoolWorker } from '../pool-worker.js';

const NOT_NEEDED: WorkerEnd = { reason: 'idle', text: 'it was not needed' };

/** What spares need of a `WorkerSet`. */
export interface SpareSource {
  readonly all: readonly PoolWorker[];
  readonly hasRoom: boolean;
  startOne(): PoolWorker;
}

/** Workers that are started before those that they are to replace have ended. A spare takes no jobs until it is used. */
export class Spares {
  readonly #workers: SpareSource;
  /** Spares, by the worker that each is to replace. */
  readonly #spares = new Map<PoolWorker, PoolWorker>();

  constructor(workers: SpareSource) {
    this.#workers = workers;
  }

  /** A worker will probably have to be ended: starts a spare for it, unless another worker is idle. */
  startFor(worker: PoolWorker): void {
    if (this.#spares.has(worker) || this.#workers.all.some((other) => other.isIdle)) return;
    try {
      const spare = this.#workers.startOne();
      spare.isSpare = true;
      this.#spares.set(worker, spare);
    } catch {
      // reported when one that is needed cannot be started
    }
  }

  /** A worker is ending, or has exited: its spare, if any, takes jobs from now on, unless `maxWorkers` is reached without it. */
  useFor(worker: PoolWorker): void {
    const spare = this.#spares.get(worker);
    if (spare === undefined) return;
    this.#spares.delete(worker);
    if (this.#workers.hasRoom) spare.isSpare = false;
    else spare.end(NOT_NEEDED);
  }

  /** The worker need not be ended after all: ends its spare. */
  endFor(worker: PoolWorker): void {
    this.#spares.get(worker)?.end(NOT_NEEDED);
    this.#spares.delete(worker);
  }
}
