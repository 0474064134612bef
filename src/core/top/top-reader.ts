import { now, toEpoch } from '../../base/clock.js';
import type { Job } from '../../jobs/job.js';
import type { PoolMetrics } from '../../metrics/pool-metrics.js';
import type { TopPool, TopSnapshot } from '../../top/top-pool.js';
import { type JobRow, listJobs } from '../job-list.js';

/** Most running jobs that are shown. */
const MOST_RUNNING = 100;

/** What `top` reads of a pool. */
export interface ReadPool {
  state(): string;
  maxWorkers(): number;
  metrics(): PoolMetrics;
  unsettled(): Iterable<Job>;
}

/** Reads snapshots of a pool, and cancels its jobs. */
export class TopReader {
  readonly #pool: ReadPool;
  #lastMs = now();
  #settled = 0;
  #failed = 0;

  constructor(pool: ReadPool) {
    this.#pool = pool;
    const { completed, failed, cancelled } = pool.metrics();
    this.#settled = completed + failed + cancelled;
    this.#failed = failed;
  }

  read(): TopSnapshot {
    return { at: toEpoch(now()), pools: [this.#readPool()] };
  }

  /** Cancels a running job. Returns a line about the outcome. */
  cancel(id: number | string): string {
    for (const job of this.#pool.unsettled())
      if (job.id === id) return job.cancel('by top') ? `job ${id} will stop` : `job ${id} has ended`;
    return `job ${id} has ended`;
  }

  #readPool(): TopPool {
    const state = this.#pool.state();
    const maxWorkers = this.#pool.maxWorkers();
    const metrics = this.#pool.metrics();
    const running = listJobs(this.#pool.unsettled(), { state: 'RUNNING', limit: MOST_RUNNING });
    const tasks = Object.entries(metrics.byTask).map(([task, counts]) => ({ task, ...counts }));
    return {
      ...metrics,
      ...{ state, maxWorkers, tasks },
      point: this.#pointOf(metrics),
      running: running.map((row) => ({ ...row, share: shareOf(row) })),
      moreRunning: Math.max(0, metrics.active - running.length),
    };
  }

  /** What happened since the last reading. */
  #pointOf({ completed, failed, cancelled, throughput }: PoolMetrics): TopPool['point'] {
    const nowMs = now();
    const seconds = (nowMs - this.#lastMs) / 1_000;
    const settled = completed + failed + cancelled;
    const point =
      seconds < 0.001
        ? { throughput, failures: 0 }
        : { throughput: (settled - this.#settled) / seconds, failures: (failed - this.#failed) / seconds };
    this.#lastMs = nowMs;
    this.#settled = settled;
    this.#failed = failed;
    return point;
  }
}

/** How much of a job is done, from 0 to 1, if it reports such a number. */
function shareOf({ progress }: JobRow): number | undefined {
  return typeof progress === 'number' && progress >= 0 && progress <= 1 ? progress : undefined;
}
