import type { EventHub } from '../core/events.js';
import { eventsOf } from '../core/pool-emitter.js';
import type { PoolStatus } from '../core/pool-state.js';
import { shownIdOf } from '../jobs/job-engine.js';
import type { Distribution } from '../metrics/distribution.js';
import type { PoolMetrics } from '../metrics/pool-metrics.js';
import type { DashboardSettings } from './dashboard-options.js';
import { EarlierAttempts } from './earlier-attempts.js';
import { FailureLog } from './failure-log.js';
import type { DashboardPoint, HostRow, PoolSnapshot, TaskRow } from './messages.js';
import { countsIn, summaryOf } from './metrics-rows.js';
import { PointReader } from './point-reader.js';
import { rounded, shownName } from './shown-text.js';

/** What a dashboard reads of a `ClusterPool`. */
export interface ShownCluster {
  /** Whether it takes jobs. */
  readonly state: PoolStatus;
  /** Reads the queue and its hosts. */
  metrics(): Promise<ShownClusterMetrics>;
  /** Stops hosts from fetching jobs. */
  pause(): Promise<void>;
  /** Lets them fetch jobs again. */
  resume(): Promise<void>;
}

/** The part of the metrics that is read. */
interface ShownClusterMetrics {
  readonly counts: { readonly pending: number; readonly delayed: number; readonly active: number };
  readonly byPriority: Readonly<Record<string, number>>;
  readonly hosts: readonly HostRow[];
  readonly tasks: Readonly<Record<string, ClusterTask>>;
  readonly own: PoolMetrics;
}

interface ClusterTask {
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly queuedMs: Distribution;
  readonly executionMs: Distribution;
}

/** Checks by shape: the dashboard does not load the cluster. */
export function isCluster(value: unknown): value is ShownCluster {
  if (typeof value !== 'object' || value === null || !('state' in value)) return false;
  return ['metrics', 'pause', 'resume', 'submit'].every((name) => typeof Reflect.get(value, name) === 'function');
}

/**
 * Reads the queue of a cluster and its hosts. Redis replies later, so a snapshot has what was read for the one before it. The
 * jobs that are counted, and those that have failed, are those of this submitter; what waits and runs, and the counts by task,
 * are those of the whole queue.
 */
export class ClusterReader {
  readonly kind = 'cluster';
  readonly name: string;
  readonly pool: ShownCluster;
  readonly failures: FailureLog;
  readonly #settings: DashboardSettings;
  #points: PointReader | undefined;
  #metrics: ShownClusterMetrics | undefined;
  #isReading = false;
  readonly #stops: (() => void)[] = [];

  constructor(name: string, pool: ShownCluster, settings: DashboardSettings) {
    this.name = name;
    this.pool = pool;
    this.#settings = settings;
    this.failures = new FailureLog({ limit: settings.failures, hasStacks: settings.show.stacks });
    const events = eventsOf(pool);
    if (events !== undefined && settings.failures > 0) this.#listen(events);
  }

  #listen(events: EventHub): void {
    const earlier = new EarlierAttempts(this.#settings.show.stacks);
    this.#stops.push(
      events.watch('jobRetried', (job, attempt) => earlier.add(job, attempt)),
      events.watch('jobFailed', (job) => this.failures.add(job, { jobId: shownIdOf(job), earlier: earlier.take(job) })),
    );
  }

  get history(): readonly DashboardPoint[] {
    return this.#points?.all ?? [];
  }

  read(): PoolSnapshot {
    void this.#refresh();
    const metrics = this.#metrics;
    const own = metrics === undefined ? NOTHING : queueIn(metrics);
    if (metrics !== undefined) this.#points ??= new PointReader(own, this.#settings);
    return {
      ...countsIn(own),
      name: this.name,
      state: this.pool.state,
      point: this.#points?.read(own) ?? { ...NO_POINT, at: Date.now() },
      maxWorkers: metrics?.hosts.reduce((sum, { workers }) => sum + workers, 0) ?? 0,
      ...{ workers: [], workerExits: {}, runs: [], running: [], moreRunning: own.active },
      ...{ waiting: [], moreWaiting: own.pending, schedules: [], groups: [] },
      byPriority: Object.entries(metrics?.byPriority ?? {}).map(([priority, unsettled]) => ({ priority, unsettled })),
      tasks: Object.entries(metrics?.tasks ?? {}).map(taskRow),
      byError: Object.entries(own.byError).map(([code, count]) => ({ code: shownName(code), count })),
      ...(this.failures.takeChange() ? { failures: this.failures.rows } : {}),
      hosts: (metrics?.hosts ?? []).map(hostRow),
    };
  }

  sample(): void {}

  rest(): void {}

  close(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  /** Reads again, unless that is under way. While Redis is away, what was last read is shown: hosts say when they were seen. */
  async #refresh(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      this.#metrics = await this.pool.metrics();
    } catch {
      // Redis is away, or the pool is shut down
    } finally {
      this.#isReading = false;
    }
  }
}

const NO_TIMES: Distribution = {
  ...{ count: 0, sum: 0, mean: 0, p50: 0, p90: 0, p99: 0, max: 0 },
  buckets: (edges = []) => edges.map(() => 0),
};
/** Before the first reading. */
const NOTHING: PoolMetrics = {
  ...{ name: '', submitted: 0, completed: 0, failed: 0, cancelled: 0, retried: 0, timedOut: 0, refused: 0, dropped: 0 },
  ...{ active: 0, pending: 0, held: 0, queued: 0, oldestMs: 0, busyMs: 0, throughput: 0, uptimeMs: 0 },
  ...{ workers: [], workerExits: {}, byError: {}, byPriority: {}, byTask: {} },
  ...{ queuedMs: NO_TIMES, executionMs: NO_TIMES },
};
const NO_POINT = { throughput: 0, failures: 0, queued: 0, held: 0, active: 0 };

/** The jobs of this submitter, with what waits and runs of the whole queue. */
function queueIn({ own, counts: { pending, delayed, active } }: ShownClusterMetrics): PoolMetrics {
  return { ...own, pending: pending + delayed, queued: pending, held: delayed, active };
}

function taskRow([task, { completed, failed, cancelled, queuedMs, executionMs }]: [string, ClusterTask]): TaskRow {
  return {
    task: shownName(task),
    ...{ submitted: completed + failed + cancelled, completed, failed, cancelled, retried: 0, timedOut: 0 },
    queuedMs: summaryOf(queuedMs),
    executionMs: summaryOf(executionMs),
  };
}

function hostRow({ id, workers, busy, window, rss, loopDelayMs, seenAt, recovered }: HostRow): HostRow {
  const shown = { loopDelayMs: rounded(loopDelayMs), seenAt: rounded(seenAt) };
  return { id: shownName(id), workers, busy, window, rss, recovered, ...shown };
}
