import { TICKS_PER_MS } from '../../base/ticks.js';
import type { WorkerMetrics } from '../../metrics/pool-metrics.js';
import type { PoolWorker } from '../pool-worker.js';

/** What `metrics()` returns for a worker. */
export function workerMetrics(worker: PoolWorker, nowMs: number): WorkerMetrics {
  const lifeMs = worker.readyAtMs === 0 ? 0 : nowMs - worker.readyAtMs;
  const utilization = lifeMs <= 0 ? 0 : Math.min(1, worker.busyTicks / (TICKS_PER_MS * lifeMs * worker.concurrency));
  const { workerId: id, jobsRun: jobs } = worker;
  const where = worker.hasProcess ? { pid: worker.pid } : { threadId: worker.threadId };
  return { id, ...where, state: stateOf(worker), jobs, utilization };
}

function stateOf(worker: PoolWorker): WorkerMetrics['state'] {
  if (worker.state === 'starting' || (worker.state === 'ready' && worker.isSpare)) return 'starting';
  if (worker.state === 'ready') return worker.isIdle ? 'idle' : 'busy';
  return 'ending';
}
