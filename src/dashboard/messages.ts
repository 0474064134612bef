import type { PoolMetrics, TaskMetrics } from '../metrics/pool-metrics.js';

// What the stream of a dashboard sends: each message is one line of JSON. Times are in milliseconds; points in time (`at`, `…At`)
// since 1970. The server and the page share these types.

/** What the page may be allowed to do. */
export type DashboardAction = 'cancel' | 'pause' | 'priority' | 'retry';

/** What can be recorded and downloaded. */
export type DashboardRecording = 'profile' | 'trace' | 'heap';

export type DashboardMessage = DashboardWelcome | DashboardSnapshot;

/** The first message of a stream. */
export interface DashboardWelcome {
  readonly kind: 'welcome';
  /** Version of the library. */
  readonly version: string;
  /** Time from one snapshot to the next. */
  readonly everyMs: number;
  readonly actions: readonly DashboardAction[];
  readonly recordings: readonly DashboardRecording[];
  /** What was measured before, by pool. */
  readonly history: readonly { readonly pool: string; readonly points: readonly DashboardPoint[] }[];
}

/** All pools at one moment. */
export interface DashboardSnapshot {
  readonly kind: 'snapshot';
  readonly at: number;
  readonly pools: readonly PoolSnapshot[];
}

/** What happened in a pool between two snapshots, and what waits and runs at the end of that time. */
export interface DashboardPoint {
  readonly at: number;
  /** Jobs settled per second. */
  readonly throughput: number;
  /** Jobs failed per second. */
  readonly failures: number;
  readonly queued: number;
  readonly held: number;
  readonly active: number;
  /** How long the jobs that began had waited: p50, p90, p99; `undefined` if none began. */
  readonly queuedMs?: Percentiles;
  /** How long the jobs that ended had run: p50, p90, p99; `undefined` if none ended. */
  readonly executionMs?: Percentiles;
}

export type Percentiles = readonly [p50: number, p90: number, p99: number];

export interface PoolSnapshot
  extends Pick<
    PoolMetrics,
    | 'submitted'
    | 'completed'
    | 'failed'
    | 'cancelled'
    | 'retried'
    | 'timedOut'
    | 'refused'
    | 'dropped'
    | 'active'
    | 'pending'
    | 'held'
    | 'queued'
    | 'oldestMs'
    | 'uptimeMs'
    | 'workerExits'
  > {
  /** Its name in the dashboard. */
  readonly name: string;
  readonly state: 'open' | 'paused' | 'draining' | 'closed';
  readonly point: DashboardPoint;
  /** Since the pool was made. */
  readonly queuedMs: TimesSummary;
  readonly executionMs: TimesSummary;
  readonly maxWorkers: number;
  readonly workers: readonly WorkerRow[];
  readonly lastExit?: WorkerExitRow;
  /** Runs of jobs that were seen since the last snapshot: not all, where jobs are shorter than a tenth of a second. */
  readonly runs: readonly RunRow[];
  readonly running: readonly RunningRow[];
  /** How many more run. */
  readonly moreRunning: number;
  readonly waiting: readonly WaitingRow[];
  /** How many more wait. */
  readonly moreWaiting: number;
  /** Jobs that wait or run, the most urgent first. */
  readonly byPriority: readonly { readonly priority: string; readonly unsettled: number }[];
  readonly tasks: readonly TaskRow[];
  /** How many failed, by code or name of their error. */
  readonly byError: readonly { readonly code: string; readonly count: number }[];
  /** The last failures, by task and message, the latest first; only if they have changed since the last snapshot. */
  readonly failures?: readonly FailureRow[];
  readonly schedules: readonly ScheduleRow[];
  /** Groups with jobs that have not settled. */
  readonly groups: readonly GroupRow[];
  /** Of a cluster: its hosts. What waits and runs, and the counts by task, are then those of the whole queue. */
  readonly hosts?: readonly HostRow[];
}

export interface TimesSummary {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export interface WorkerRow {
  readonly id: number;
  readonly state: 'starting' | 'idle' | 'busy' | 'ending';
  readonly threadId?: number;
  readonly pid?: number;
  /** How many jobs' code it has run. */
  readonly jobs: number;
  /** Share of time in which its jobs ran: 0 to 1, since it was ready. */
  readonly utilization: number;
  /** The same, since the last snapshot: of jobs that have ended, and of those that run. */
  readonly load: number;
  /** How many jobs it may run at once. */
  readonly concurrency: number;
}

export interface WorkerExitRow {
  readonly workerId: number;
  readonly reason: string;
  readonly exitCode: number;
  readonly jobs: number;
  readonly at: number;
  readonly error?: string;
}

/** A run of a job's code. */
export interface RunRow {
  readonly id: number;
  readonly workerId: number;
  readonly task: string;
  readonly startedAt: number;
  /** `undefined` while it runs. */
  readonly endedAt?: number;
  readonly state: 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'RETRIED';
}

export interface JobSummary {
  readonly id: number;
  readonly name: string;
  readonly task: string;
  readonly priority: number;
  readonly attempts: number;
  readonly submittedAt: number;
  /** With `show.args`. */
  readonly args?: string;
}

export interface RunningRow extends JobSummary {
  readonly workerId: number | undefined;
  readonly startedAt: number | undefined;
  /** How far it is, from 0 to 1, if it has reported that. */
  readonly share?: number;
  /** What it reported last: a number, or with `show.results` anything. */
  readonly report?: string;
}

export interface WaitingRow extends JobSummary {
  /** Why it may not run yet; `undefined` if it may. */
  readonly held?: 'delay' | 'dependency' | 'retry';
  /** Until when it is delayed. */
  readonly until?: number;
}

export interface TaskRow extends Omit<TaskMetrics, 'queuedMs' | 'executionMs'> {
  readonly task: string;
  readonly queuedMs: TimesSummary;
  readonly executionMs: TimesSummary;
}

/** Failures of one task with one message. */
export interface FailureRow {
  readonly task: string;
  readonly code: string;
  readonly message: string;
  /** Of the last of them; with `show.stacks`. */
  readonly stack?: string;
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
  /** The last job that failed so. */
  readonly jobId: number;
  readonly jobName: string;
  /** How often that job was attempted. */
  readonly attempts: number;
  /** Whether that job can be submitted again, by the action `retry`. */
  readonly canRetry: boolean;
}

export interface ScheduleRow {
  readonly id: number;
  readonly name: string;
  readonly state: 'active' | 'paused' | 'ended';
  readonly next?: number;
  readonly runs: number;
}

export interface GroupRow {
  readonly name: string;
  readonly submitted: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly unsettled: number;
}

/** A host of a cluster, as it has described itself last. */
export interface HostRow {
  readonly id: string;
  readonly workers: number;
  /** How many of them have jobs. */
  readonly busy: number;
  /** How many jobs it fetches ahead. */
  readonly window: number;
  /** Memory of its process, in bytes. */
  readonly rss: number;
  /** How late its event loop was. */
  readonly loopDelayMs: number;
  /** When it said so. */
  readonly seenAt: number;
  /** How many jobs it has taken over from hosts that had died. */
  readonly recovered: number;
}
