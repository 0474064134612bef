import { now } from '../base/clock.js';
import { TICKS_PER_MS } from '../base/ticks.js';
import type { Engine } from '../core/engine.js';
import { runningJobs } from '../core/job-list.js';
import type { PoolWorker } from '../core/pool-worker.js';

export interface WorkerLoad {
  /** Share of time, 0 to 1, in which jobs ran on the worker since the last reading. */
  readonly load: number;
  readonly concurrency: number;
}

interface Reading {
  readonly atMs: number;
  readonly busyMs: number;
}

/** How busy workers were between two readings. */
export class WorkerLoads {
  readonly #engine: Engine;
  readonly #before = new WeakMap<PoolWorker, Reading>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** By worker id. */
  read(): ReadonlyMap<number, WorkerLoad> {
    const atMs = now();
    const runningMs = this.#runningMs();
    const loads = new Map<number, WorkerLoad>();
    for (const worker of this.#engine.workers.all) {
      const { workerId, concurrency, readyAtMs } = worker;
      // of jobs that have ended, and so far of those that run
      const busyMs = worker.busyTicks / TICKS_PER_MS + (runningMs.get(workerId) ?? 0);
      const before = this.#before.get(worker) ?? { atMs: readyAtMs === 0 ? atMs : readyAtMs, busyMs: 0 };
      const lifeMs = (atMs - before.atMs) * concurrency;
      loads.set(workerId, {
        load: lifeMs <= 0 ? 0 : Math.min(1, Math.max(0, (busyMs - before.busyMs) / lifeMs)),
        concurrency,
      });
      this.#before.set(worker, { atMs, busyMs });
    }
    return loads;
  }

  #runningMs(): ReadonlyMap<number, number> {
    const total = new Map<number, number>();
    const nowAt = Date.now();
    for (const { workerId, startedAt } of runningJobs(this.#engine))
      if (workerId !== undefined && startedAt !== undefined)
        total.set(workerId, (total.get(workerId) ?? 0) + Math.max(0, nowAt - startedAt));
    return total;
  }
}
