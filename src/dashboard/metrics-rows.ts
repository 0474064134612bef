import type { Distribution } from '../metrics/distribution.js';
import type { PoolMetrics } from '../metrics/pool-metrics.js';
import type { PoolSnapshot, TaskRow, TimesSummary } from './messages.js';
import { rounded, shownName } from './shown-text.js';

type Counts = Pick<PoolSnapshot, (typeof COUNTS)[number] | 'oldestMs' | 'uptimeMs' | 'queuedMs' | 'executionMs'>;

const COUNTS = [
  ...(['submitted', 'completed', 'failed', 'cancelled', 'retried', 'timedOut', 'refused', 'dropped'] as const),
  ...(['active', 'pending', 'held', 'queued'] as const),
] as const;

export function countsIn(metrics: PoolMetrics): Counts {
  const counts = Object.fromEntries(COUNTS.map((name) => [name, metrics[name]]));
  return {
    ...(counts as Pick<PoolMetrics, (typeof COUNTS)[number]>),
    oldestMs: rounded(metrics.oldestMs),
    uptimeMs: rounded(metrics.uptimeMs),
    queuedMs: summaryOf(metrics.queuedMs),
    executionMs: summaryOf(metrics.executionMs),
  };
}

export function tasksIn({ byTask }: PoolMetrics): readonly TaskRow[] {
  return Object.entries(byTask).map(([task, { queuedMs, executionMs, ...counts }]) => ({
    task: shownName(task),
    ...counts,
    queuedMs: summaryOf(queuedMs),
    executionMs: summaryOf(executionMs),
  }));
}

/** Priorities with jobs that have not settled, the most urgent first. */
export function byPriorityIn({ byPriority }: PoolMetrics): PoolSnapshot['byPriority'] {
  return Object.entries(byPriority)
    .map(([priority, { submitted, completed, failed, cancelled }]) => ({
      priority,
      unsettled: submitted - completed - failed - cancelled,
    }))
    .filter(({ unsettled }) => unsettled > 0)
    .sort((a, b) => rankOf(b.priority) - rankOf(a.priority));
}

/** Those beyond the limit of the recorder, under `other`, are last. */
function rankOf(priority: string): number {
  const rank = Number(priority);
  return Number.isNaN(rank) ? Number.NEGATIVE_INFINITY : rank;
}

export function summaryOf({ count, mean, p50, p90, p99, max }: Distribution): TimesSummary {
  const [m, a, b, c, most] = [mean, p50, p90, p99, max].map(rounded) as [number, number, number, number, number];
  return { count, mean: m, p50: a, p90: b, p99: c, max: most };
}
