import type { PoolMetrics, TaskMetrics } from '../metrics/pool-metrics.js';

// What the stream of a dashboard sends: each message is one line of JSON. Times are in milliseconds; points in time (`at`, `…At`)
// since 1970. The server and the page share these types.

/** What the page may be allowed to do. */
export type DashboardAction = 'cancel' | 'pause' | 'priority' | 'retry';

/** What can be recorded and downloaded. */
export type DashboardRecording = 'profile' | 'trace' | 'heap';

/** A line of the stream. */
export type DashboardMessage = DashboardWelcome | DashboardSnapshot;

/** The first message of a stream. */
export interface DashboardWelcome {
  /** Which message it is. */
  readonly kind: 'welcome';
  /** Version of the library. */
  readonly version: string;
  /** Time from one snapshot to the next. */
  readonly everyMs: number;
  /** What may be done. */
  readonly actions: readonly DashboardAction[];
  /** What can be recorded. */
  readonly recordings: readonly DashboardRecording[];
  /** What was measured before, by pool. */
  readonly history: readonly {
    /** Name of the pool. */
    readonly pool: string;
    /** The oldest first. */
    readonly points: readonly DashboardPoint[];
  }[];
}

/** All pools at one moment. */
export interface DashboardSnapshot {
  /** Which message it is. */
  readonly kind: 'snapshot';
  /** When it was made, in ms since 1970. */
  readonly at: number;
  /** In the order in which the dashboard was given them. */
  readonly pools: readonly PoolSnapshot[];
}

/** What happened in a pool between two snapshots, and what waits and runs at the end of that time. */
export interface DashboardPoint {
  /** The end of that time, in ms since 1970. */
  readonly at: number;
  /** Jobs settled per second. */
  readonly throughput: number;
  /** Jobs failed per second. */
  readonly failures: number;
  /** Jobs ready to run. */
  readonly queued: number;
  /** Jobs that wait for a time or another job. */
  readonly held: number;
  /** Jobs that run. */
  readonly active: number;
  /** How long the jobs that began had waited: p50, p90, p99; `undefined` if none began. */
  readonly queuedMs?: Percentiles;
  /** How long the jobs that ended had run: p50, p90, p99; `undefined` if none ended. */
  readonly executionMs?: Percentiles;
}

/** Percentiles of times, in ms. */
export type Percentiles = readonly [p50: number, p90: number, p99: number];

/** A pool at one moment. */
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
  /** Whether it takes jobs, and starts them. */
  readonly state: 'open' | 'paused' | 'draining' | 'closed';
  /** What has happened since the last snapshot. */
  readonly point: DashboardPoint;
  /** Since the pool was made. */
  readonly queuedMs: TimesSummary;
  /** How long code ran, since the pool was made. */
  readonly executionMs: TimesSummary;
  /** The highest number of workers. */
  readonly maxWorkers: number;
  /** The workers there are. */
  readonly workers: readonly WorkerRow[];
  /** The last exit of a worker. */
  readonly lastExit?: WorkerExitRow;
  /** Runs of jobs that were seen since the last snapshot: not all, where jobs are shorter than a tenth of a second. */
  readonly runs: readonly RunRow[];
  /** Jobs that run, the longest-running first. */
  readonly running: readonly RunningRow[];
  /** How many more run. */
  readonly moreRunning: number;
  /** Jobs that wait, the most urgent first. */
  readonly waiting: readonly WaitingRow[];
  /** How many more wait. */
  readonly moreWaiting: number;
  /** Jobs that wait or run, the most urgent first. */
  readonly byPriority: readonly {
    /** A number as text, or `other`. */
    readonly priority: string;
    /** How many wait or run. */
    readonly unsettled: number;
  }[];
  /** Counts and times by task. */
  readonly tasks: readonly TaskRow[];
  /** How many failed, by code or name of their error. */
  readonly byError: readonly {
    /** The code or name. */
    readonly code: string;
    /** How many jobs. */
    readonly count: number;
  }[];
  /** The last failures, by task and message, the latest first; only if they have changed since the last snapshot. */
  readonly failures?: readonly FailureRow[];
  /** The schedules that have not ended. */
  readonly schedules: readonly ScheduleRow[];
  /** Groups with jobs that have not settled. */
  readonly groups: readonly GroupRow[];
  /** Of a cluster: its hosts. What waits and runs, and the counts by task, are then those of the whole queue. */
  readonly hosts?: readonly HostRow[];
}

/** A summary of times, in ms; all 0 while `count` is 0. */
export interface TimesSummary {
  /** How many there are. */
  readonly count: number;
  /** Their mean. */
  readonly mean: number;
  /** The median. */
  readonly p50: number;
  /** The 90th percentile. */
  readonly p90: number;
  /** The 99th percentile. */
  readonly p99: number;
  /** The longest. */
  readonly max: number;
}

/** What one worker does. */
export interface WorkerRow {
  /** Its id, unique in the pool. */
  readonly id: number;
  /** Whether its thread starts, waits for jobs, has jobs, or ends. */
  readonly state: 'starting' | 'idle' | 'busy' | 'ending';
  /** The `threadId` of its thread. */
  readonly threadId?: number;
  /** The process id of its child process. */
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

/** The exit of a worker. */
export interface WorkerExitRow {
  /** Id of the worker. */
  readonly workerId: number;
  /** Why, as `workerExited` says. */
  readonly reason: string;
  /** Exit code of its thread or process. */
  readonly exitCode: number;
  /** How many jobs' code it had run. */
  readonly jobs: number;
  /** When, in ms since 1970. */
  readonly at: number;
  /** Message of what ended its thread, if that did not end by itself. */
  readonly error?: string;
}

/** A run of a job's code. */
export interface RunRow {
  /** Id of the job. */
  readonly id: number;
  /** Id of the worker. */
  readonly workerId: number;
  /** Name of the task. */
  readonly task: string;
  /** When the code began, in ms since 1970. */
  readonly startedAt: number;
  /** `undefined` while it runs. */
  readonly endedAt?: number;
  /** What became of it. */
  readonly state: 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'RETRIED';
}

/** A job. */
export interface JobSummary {
  /** Its id. */
  readonly id: number;
  /** The option `name`, or else the task's name. */
  readonly name: string;
  /** Name of the task. */
  readonly task: string;
  /** Higher runs first. */
  readonly priority: number;
  /** How many times its code was begun. */
  readonly attempts: number;
  /** When it was submitted, in ms since 1970. */
  readonly submittedAt: number;
  /** With `show.args`. */
  readonly args?: string;
}

/** A job that runs. */
export interface RunningRow extends JobSummary {
  /** Id of its worker. */
  readonly workerId: number | undefined;
  /** When its code began, in ms since 1970. */
  readonly startedAt: number | undefined;
  /** How far it is, from 0 to 1, if it has reported that. */
  readonly share?: number;
  /** What it reported last: a number, or with `show.results` anything. */
  readonly report?: string;
}

/** A job that waits. */
export interface WaitingRow extends JobSummary {
  /** Why it may not run yet; `undefined` if it may. */
  readonly held?: 'delay' | 'dependency' | 'retry';
  /** Until when it is delayed. */
  readonly until?: number;
}

/** Counts and times of one task. */
export interface TaskRow extends Omit<TaskMetrics, 'queuedMs' | 'executionMs'> {
  /** Name of the task. */
  readonly task: string;
  /** Times from submission until the code began. */
  readonly queuedMs: TimesSummary;
  /** Run times of the code. */
  readonly executionMs: TimesSummary;
}

/** Failures of one task with one message. */
export interface FailureRow {
  /** Name of the task. */
  readonly task: string;
  /** The `code` of the error, or else its name. */
  readonly code: string;
  /** Message of the error. */
  readonly message: string;
  /** Of the last of them; with `show.stacks`. */
  readonly stack?: string;
  /** How many jobs have failed so. */
  readonly count: number;
  /** When the first did, in ms since 1970. */
  readonly firstAt: number;
  /** When the last did, in ms since 1970. */
  readonly lastAt: number;
  /** The last job that failed so: of a cluster, its id there. */
  readonly jobId: number | string;
  /** The name of that job. */
  readonly jobName: string;
  /** Of a cluster: the host that ran that job last; left out if none did. */
  readonly hostId?: string;
  /** How often that job was attempted. */
  readonly attempts: number;
  /** Its failed attempts before the last, of up to 5; left out if it was not retried. */
  readonly earlier?: readonly AttemptRow[];
  /** Whether that job can be submitted again, by the action `retry`. */
  readonly canRetry: boolean;
}

/** An attempt of a job that has failed, and that another followed. */
export interface AttemptRow {
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /** When its code began, in ms since 1970. */
  readonly startedAt: number;
  /** How long it ran, in ms. */
  readonly executionMs: number;
  /** Id of the worker that ran it. */
  readonly workerId?: number;
  /** The `code` of the error, or else its name. */
  readonly code: string;
  /** Message of the error. */
  readonly message: string;
  /** Its stack; with `show.stacks`. */
  readonly stack?: string;
}

/** A schedule. */
export interface ScheduleRow {
  /** By which the page names it. */
  readonly id: number;
  /** The name of its jobs. */
  readonly name: string;
  /** Whether it makes runs. */
  readonly state: 'active' | 'paused' | 'ended';
  /** When the next run is due, in ms since 1970. */
  readonly next?: number;
  /** How many runs were submitted. */
  readonly runs: number;
}

/** A group, with counts of its jobs. */
export interface GroupRow {
  /** Its name. */
  readonly name: string;
  /** How many were submitted. */
  readonly submitted: number;
  /** How many have completed. */
  readonly completed: number;
  /** How many have failed. */
  readonly failed: number;
  /** How many were cancelled. */
  readonly cancelled: number;
  /** How many wait or run. */
  readonly unsettled: number;
}

/** A host of a cluster, as it has described itself last. */
export interface HostRow {
  /** Its name, as in `hostId`. */
  readonly id: string;
  /** The highest number of workers of its pool. */
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
