import { now } from '../base/clock.js';
import type { PoolMetrics } from '../metrics/pool-metrics.js';
import type { Engine } from './engine.js';
import { workerMetrics } from './workers/worker-metrics.js';

/** Returns what `metrics()` returns: what was recorded, and the present state of the pool's parts. */
export function poolMetrics({ metrics, workers, backlog, childJobs, deferred }: Engine, name: string): PoolMetrics {
  const nowMs = now();
  return metrics.snapshot(
    {
      name,
      active: backlog.activeCount + childJobs.waiting,
      held: deferred.size,
      oldestMs: backlog.oldestMs(nowMs),
      workers: workers.all.map((worker) => workerMetrics(worker, nowMs)),
    },
    nowMs,
  );
}
