import type { PoolMetrics } from '../metrics/pool-metrics.js';
import type { DashboardSettings } from './dashboard-options.js';
import { IntervalTimes } from './interval-times.js';
import type { DashboardPoint } from './messages.js';
import { rounded } from './shown-text.js';

const MS_PER_S = 1e3;
/** After how many intervals without a reading the time counts as one without viewers. */
const PAUSE = 2.5;

/** Makes points from what a pool has counted, and keeps the last ones. */
export class PointReader {
  readonly #settings: Pick<DashboardSettings, 'everyMs' | 'history'>;
  readonly #queued = new IntervalTimes();
  readonly #execution = new IntervalTimes();
  readonly #points: DashboardPoint[] = [];
  #before: PoolMetrics;
  #beforeAt = Date.now();

  /** @param metrics the first reading, from which on is measured. */
  constructor(metrics: PoolMetrics, settings: Pick<DashboardSettings, 'everyMs' | 'history'>) {
    this.#settings = settings;
    this.#before = metrics;
    this.#queued.read(metrics.queuedMs);
    this.#execution.read(metrics.executionMs);
  }

  /** The points of the past, the oldest first. */
  get all(): readonly DashboardPoint[] {
    return this.#points;
  }

  /**
   * Makes the point of what was counted since the last one. After a time in which nobody looked it is the average of that time,
   * and stands at its beginning, too.
   */
  read(metrics: PoolMetrics): DashboardPoint {
    const at = Date.now();
    const { everyMs } = this.#settings;
    const [before, beforeAt] = [this.#before, this.#beforeAt];
    const seconds = Math.max((metrics.uptimeMs - before.uptimeMs) / MS_PER_S, 1e-3);
    const queuedMs = this.#queued.read(metrics.queuedMs);
    const executionMs = this.#execution.read(metrics.executionMs);
    const point: DashboardPoint = {
      at,
      throughput: rounded((settledIn(metrics) - settledIn(before)) / seconds),
      failures: rounded((metrics.failed - before.failed) / seconds),
      queued: metrics.queued,
      held: metrics.held,
      active: metrics.active,
      ...(queuedMs === undefined ? {} : { queuedMs }),
      ...(executionMs === undefined ? {} : { executionMs }),
    };
    if (at - beforeAt > PAUSE * everyMs) this.#keep({ ...point, at: Math.round(beforeAt + everyMs) });
    this.#keep(point);
    this.#before = metrics;
    this.#beforeAt = at;
    return point;
  }

  #keep(point: DashboardPoint): void {
    this.#points.push(point);
    if (this.#points.length > this.#settings.history) this.#points.shift();
  }
}

function settledIn({ completed, failed, cancelled }: PoolMetrics): number {
  return completed + failed + cancelled;
}
