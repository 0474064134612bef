import type { Distribution } from '../metrics/distribution.js';
import type { TaskMetrics } from '../metrics/pool-metrics.js';
import type { ExportSettings, MeasuredQueue } from './export-options.js';
import type { Labels, PoolReading, Readings } from './readings.js';

/** A value of a metric, with the labels that distinguish it from the others. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** Times of a histogram, with the labels that distinguish them from the others. */
export interface TimesSample {
  readonly labels: Labels;
  readonly times: Distribution;
}

interface InstrumentBase {
  /** Name for Prometheus, after the prefix. */
  readonly name: string;
  /** Name for OpenTelemetry, after the prefix. */
  readonly otelName: string;
  /** Unit for OpenTelemetry, by UCUM. */
  readonly unit: string;
  readonly help: string;
  /** Names of the labels for OpenTelemetry, where they differ by metric. */
  readonly attributes?: Labels;
}

/** A metric, and how its values are derived from the readings. */
export type Instrument =
  | (InstrumentBase & { readonly type: 'counter'; read(readings: Readings): readonly Sample[] })
  | (InstrumentBase & {
      /** A summary if its values are quantiles, whose label Prometheus reserves for one. */
      readonly type: 'gauge' | 'summary';
      /** How the values of several processes are combined. */
      readonly together: 'sum' | 'max';
      read(readings: Readings): readonly Sample[];
    })
  | (InstrumentBase & { readonly type: 'histogram'; read(readings: Readings): readonly TimesSample[] });

/** Reads values of each pool. */
function ofPools(read: (pool: PoolReading) => readonly Sample[]): (readings: Readings) => readonly Sample[] {
  return ({ pools }) =>
    pools.flatMap((pool) => read(pool).map(({ labels, value }) => ({ labels: { ...pool.labels, ...labels }, value })));
}

/** Reads one value of each pool. */
function ofPool(read: (pool: PoolReading) => number): (readings: Readings) => readonly Sample[] {
  return ofPools((pool) => [{ labels: {}, value: read(pool) }]);
}

/** Reads one value of each task. */
function ofTasks(read: (counts: TaskMetrics) => number): (readings: Readings) => readonly Sample[] {
  return ofPools(({ jobs }) => jobs.map(({ labels, counts }) => ({ labels, value: read(counts) })));
}

/** Reads the times of each task. */
function timesOf(read: (counts: TaskMetrics) => Distribution): (readings: Readings) => readonly TimesSample[] {
  return ({ pools }) =>
    pools.flatMap((pool) =>
      pool.jobs.map(({ labels, counts }) => ({ labels: { ...pool.labels, ...labels }, times: read(counts) })),
    );
}

/** One value for each label of a record, such as a count for each reason. */
function each(label: string, values: Readonly<Record<string, number>>): readonly Sample[] {
  return Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));
}

function settledOf({ jobs }: PoolReading): readonly Sample[] {
  return jobs.flatMap(({ labels, counts: { completed, failed, cancelled } }) =>
    each('state', { completed, failed, cancelled }).map((sample) => ({
      labels: { ...labels, ...sample.labels },
      value: sample.value,
    })),
  );
}

function unsettledOf({ metrics }: PoolReading): readonly Sample[] {
  return Object.entries(metrics.byPriority).map(([priority, { submitted, completed, failed, cancelled }]) => ({
    labels: { priority },
    value: submitted - completed - failed - cancelled,
  }));
}

function workersOf({ metrics, maxWorkers }: PoolReading): readonly Sample[] {
  if (maxWorkers === undefined) return [];
  const counts = { starting: 0, idle: 0, busy: 0, ending: 0 };
  for (const { state } of metrics.workers) counts[state]++;
  return each('state', counts);
}

/** Reads values of each queue. */
function ofQueues(read: (metrics: MeasuredQueue) => readonly Sample[]): (readings: Readings) => readonly Sample[] {
  return ({ queues }) =>
    queues.flatMap((queue) =>
      read(queue.metrics).map(({ labels, value }) => ({ labels: { ...queue.labels, ...labels }, value })),
    );
}

function queuedOf({ counts: { waitingChildren, ...counts } }: MeasuredQueue): readonly Sample[] {
  return each('state', { ...counts, waiting_children: waitingChildren });
}

const MS_PER_S = 1e3;

/**
 * The metrics of pools. Nothing that grows without bound is a label: ids of jobs and workers, names given to single jobs. Tasks
 * and priorities are bounded by the recorder of a pool.
 */
const OF_POOLS: readonly Instrument[] = [
  {
    name: 'jobs_submitted_total',
    otelName: 'jobs.submitted',
    unit: '{job}',
    help: 'Jobs submitted',
    type: 'counter',
    read: ofTasks(({ submitted }) => submitted),
  },
  {
    name: 'jobs_settled_total',
    otelName: 'jobs.settled',
    unit: '{job}',
    help: 'Jobs settled, by how: completed, failed or cancelled',
    attributes: { state: 'thread_system.job.state' },
    type: 'counter',
    read: ofPools(settledOf),
  },
  {
    name: 'job_errors_total',
    otelName: 'job.errors',
    unit: '{job}',
    help: 'Jobs failed, by the code of their error or else its name',
    attributes: { code: 'error.type' },
    type: 'counter',
    read: ofPools(({ metrics }) => each('code', metrics.byError)),
  },
  {
    name: 'job_retries_total',
    otelName: 'job.retries',
    unit: '{attempt}',
    help: 'Failed attempts of jobs that were retried',
    type: 'counter',
    read: ofTasks(({ retried }) => retried),
  },
  {
    name: 'job_timeouts_total',
    otelName: 'job.timeouts',
    unit: '{job}',
    help: 'Jobs failed, as their timeout or deadline passed',
    type: 'counter',
    read: ofTasks(({ timedOut }) => timedOut),
  },
  {
    name: 'jobs_refused_total',
    otelName: 'jobs.refused',
    unit: '{job}',
    help: 'Jobs failed, as the queue was full: refused at their submission, or dropped in favour of another',
    attributes: { reason: 'thread_system.refusal.reason' },
    type: 'counter',
    read: ofPools(({ metrics: { refused, dropped } }) => each('reason', { refused, dropped })),
  },
  {
    name: 'job_queue_seconds',
    otelName: 'job.queue.duration',
    unit: 's',
    help: 'Time from the submission of a job until its code began',
    type: 'histogram',
    read: timesOf(({ queuedMs }) => queuedMs),
  },
  {
    name: 'job_run_seconds',
    otelName: 'job.run.duration',
    unit: 's',
    help: 'Run time of the code of a job',
    type: 'histogram',
    read: timesOf(({ executionMs }) => executionMs),
  },
  {
    name: 'jobs_pending',
    otelName: 'jobs.pending',
    unit: '{job}',
    help: 'Jobs that wait: queued, ready to run; held, by a delay, a dependency or before a retry',
    attributes: { reason: 'thread_system.pending.reason' },
    type: 'gauge',
    together: 'sum',
    read: ofPools(({ metrics: { queued, held } }) => each('reason', { queued, held })),
  },
  {
    name: 'jobs_active',
    otelName: 'jobs.active',
    unit: '{job}',
    help: 'Jobs that run',
    type: 'gauge',
    together: 'sum',
    read: ofPool(({ metrics }) => metrics.active),
  },
  {
    name: 'jobs_unsettled',
    otelName: 'jobs.unsettled',
    unit: '{job}',
    help: 'Jobs that wait or run, by priority',
    attributes: { priority: 'thread_system.job.priority' },
    type: 'gauge',
    together: 'sum',
    read: ofPools(unsettledOf),
  },
  {
    name: 'oldest_job_seconds',
    otelName: 'oldest_job.age',
    unit: 's',
    help: 'How long the job that begins next has waited since it was ready to run',
    type: 'gauge',
    together: 'max',
    read: ofPool(({ metrics }) => metrics.oldestMs / MS_PER_S),
  },
  {
    name: 'workers',
    otelName: 'workers',
    unit: '{worker}',
    help: 'Workers, by state',
    attributes: { state: 'thread_system.worker.state' },
    type: 'gauge',
    together: 'sum',
    read: ofPools(workersOf),
  },
  {
    name: 'workers_max',
    otelName: 'workers.max',
    unit: '{worker}',
    help: 'Highest number of workers that the pool may have',
    type: 'gauge',
    together: 'sum',
    read: ofPools(({ maxWorkers }) => (maxWorkers === undefined ? [] : [{ labels: {}, value: maxWorkers }])),
  },
  {
    name: 'worker_busy_seconds_total',
    otelName: 'worker.busy.time',
    unit: 's',
    help: 'Time for which workers ran code of jobs',
    type: 'counter',
    read: ofPool(({ metrics }) => metrics.busyMs / MS_PER_S),
  },
  {
    name: 'worker_exits_total',
    otelName: 'worker.exits',
    unit: '{worker}',
    help: 'Workers that have exited, by reason',
    attributes: { reason: 'thread_system.worker.exit.reason' },
    type: 'counter',
    read: ofPools(({ metrics }) => each('reason', metrics.workerExits)),
  },
  {
    name: 'event_loop_delay_seconds',
    otelName: 'event_loop.delay',
    unit: 's',
    help: 'How late the event loop of the thread with the pools was since the last scrape, by quantile',
    type: 'summary',
    together: 'max',
    read: ({ eventLoopDelay }) =>
      eventLoopDelay.map(({ quantile, seconds }) => ({ labels: { quantile }, value: seconds })),
  },
];

/** The metrics of queues, which exist only with pools of clusters. */
const OF_QUEUES: readonly Instrument[] = [
  {
    name: 'cluster_jobs',
    otelName: 'cluster.jobs',
    unit: '{job}',
    help: 'Jobs of a queue in Redis, by state; completed and failed ones while their records are kept',
    attributes: { state: 'thread_system.job.state' },
    type: 'gauge',
    together: 'max',
    read: ofQueues(queuedOf),
  },
  {
    name: 'cluster_hosts',
    otelName: 'cluster.hosts',
    unit: '{host}',
    help: 'Hosts of a queue that were heard of within 15 s',
    type: 'gauge',
    together: 'max',
    read: ofQueues(({ hosts }) => [{ labels: {}, value: hosts.length }]),
  },
  {
    name: 'cluster_job_recoveries_total',
    otelName: 'cluster.job.recoveries',
    unit: '{job}',
    help: 'Jobs of this process that came back from a host that had died',
    type: 'counter',
    read: ofQueues(({ recoveries }) => [{ labels: {}, value: recoveries }]),
  },
];

export function instrumentsOf({ clusters }: ExportSettings): readonly Instrument[] {
  return clusters.length === 0 ? OF_POOLS : [...OF_POOLS, ...OF_QUEUES];
}

/** Names of the labels that the metrics set by themselves, and `le` and `job`, which Prometheus does. */
export const OWN_LABELS: readonly string[] = [
  ...['pool', 'queue', 'task', 'state', 'reason', 'code', 'priority', 'quantile'],
  ...['le', 'job', 'instance'],
];
