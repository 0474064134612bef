import type { PoolMetrics, TaskMetrics } from '../metrics/pool-metrics.js';
import { type DelayQuantile, EventLoopDelay } from './event-loop-delay.js';
import type { ExportSettings, MeasuredQueue } from './export-options.js';

export type Labels = Readonly<Record<string, string>>;

/** A pool at one moment. */
export interface PoolReading {
  readonly labels: { readonly pool: string };
  readonly metrics: PoolMetrics;
  /** `undefined` if its jobs run elsewhere: on the hosts of a cluster. */
  readonly maxWorkers: number | undefined;
  /** By task; or one of all tasks, without the label. */
  readonly jobs: readonly { readonly labels: Labels; readonly counts: TaskMetrics }[];
}

/** A queue at one moment. */
export interface QueueReading {
  readonly labels: { readonly queue: string };
  readonly metrics: MeasuredQueue;
}

/** Everything at one moment, from which all metrics of a scrape are made. */
export interface Readings {
  readonly pools: readonly PoolReading[];
  readonly queues: readonly QueueReading[];
  readonly eventLoopDelay: readonly DelayQuantile[];
}

/** Reads each pool once, as a snapshot takes a tenth of a millisecond. */
export class PoolsReader {
  readonly settings: ExportSettings;
  readonly #delay: EventLoopDelay;

  constructor(settings: ExportSettings, delay = new EventLoopDelay()) {
    this.settings = settings;
    this.#delay = delay;
  }

  /** Whether there are pools of clusters, which are asked over the network. */
  get hasClusters(): boolean {
    return this.settings.clusters.length > 0;
  }

  /** Reads the pools of this process. */
  read(): Readings {
    const { pools } = this.settings;
    return {
      pools: pools.map(([name, pool]) => this.#poolReading(name, pool.metrics(), pool.maxWorkers)),
      queues: [],
      eventLoopDelay: this.#delay.read(),
    };
  }

  /** Reads all pools. One whose queue cannot be reached is left out. */
  async readAll(): Promise<Readings> {
    const { clusters } = this.settings;
    const asked = await Promise.allSettled(clusters.map(async ([, pool]) => await pool.metrics()));
    const { pools, eventLoopDelay } = this.read();
    const ofClusters: PoolReading[] = [];
    const queues: QueueReading[] = [];
    for (const [index, [name, { queue }]] of clusters.entries()) {
      const outcome = asked[index];
      if (outcome?.status !== 'fulfilled') continue;
      ofClusters.push(this.#poolReading(name, outcome.value.own, undefined));
      const isKnown = queues.some(({ labels }) => labels.queue === queue);
      if (!isKnown) queues.push({ labels: { queue }, metrics: outcome.value });
    }
    return { pools: [...pools, ...ofClusters], queues, eventLoopDelay };
  }

  #poolReading(pool: string, metrics: PoolMetrics, maxWorkers: number | undefined): PoolReading {
    return { labels: { pool }, metrics, maxWorkers, jobs: jobsOf(metrics, this.settings.hasTasks) };
  }

  /** Ends the measurements of this reader. */
  close(): void {
    this.#delay.close();
  }
}

function jobsOf(metrics: PoolMetrics, hasTasks: boolean): PoolReading['jobs'] {
  if (!hasTasks) return [{ labels: {}, counts: metrics }];
  return Object.entries(metrics.byTask).map(([task, counts]) => ({ labels: { task }, counts }));
}
