import type { PoolMetrics, TaskMetrics } from '../metrics/pool-metrics.js';
import { type DelayQuantile, EventLoopDelay } from './event-loop-delay.js';
import type { ExportSettings } from './export-options.js';

export type Labels = Readonly<Record<string, string>>;

/** A pool at one moment. */
export interface PoolReading {
  readonly labels: { readonly pool: string };
  readonly metrics: PoolMetrics;
  readonly maxWorkers: number;
  /** By task; or one of all tasks, without the label. */
  readonly jobs: readonly { readonly labels: Labels; readonly counts: TaskMetrics }[];
}

/** Everything at one moment, from which all metrics of a scrape are made. */
export interface Readings {
  readonly pools: readonly PoolReading[];
  readonly eventLoopDelay: readonly DelayQuantile[];
}

/** Reads the pools: each once, as a snapshot takes a tenth of a millisecond. */
export class Reader {
  readonly settings: ExportSettings;
  readonly #delay: EventLoopDelay;

  constructor(settings: ExportSettings, delay = new EventLoopDelay()) {
    this.settings = settings;
    this.#delay = delay;
  }

  read(): Readings {
    const { pools, hasTasks } = this.settings;
    return {
      pools: pools.map(([name, pool]) => {
        const metrics = pool.metrics();
        return { labels: { pool: name }, metrics, maxWorkers: pool.maxWorkers, jobs: jobsOf(metrics, hasTasks) };
      }),
      eventLoopDelay: this.#delay.read(),
    };
  }

  /** Ends what was begun to be measured for this reader. */
  close(): void {
    this.#delay.close();
  }
}

function jobsOf(metrics: PoolMetrics, hasTasks: boolean): PoolReading['jobs'] {
  if (!hasTasks) return [{ labels: {}, counts: metrics }];
  return Object.entries(metrics.byTask).map(([task, counts]) => ({ labels: { task }, counts }));
}
