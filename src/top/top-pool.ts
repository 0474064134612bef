/** A pool at one moment, as `top` shows it. A snapshot of the dashboard has the same fields, and more. Times are in ms. */
export interface TopPool {
  readonly name: string;
  readonly state: string;
  readonly uptimeMs: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly active: number;
  readonly held: number;
  readonly queued: number;
  /** How long the job that begins next has been ready to run. */
  readonly oldestMs: number;
  /** What happened since the moment before: jobs settled and failed, per second. */
  readonly point: { readonly throughput: number; readonly failures: number };
  readonly queuedMs: TopTimes;
  readonly executionMs: TopTimes;
  readonly maxWorkers: number;
  readonly workers: readonly TopWorker[];
  readonly running: readonly TopJob[];
  /** How many more run. */
  readonly moreRunning: number;
  readonly tasks: readonly TopTask[];
}

export interface TopTimes {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

export interface TopWorker {
  readonly id: number;
  readonly state: string;
  readonly jobs: number;
  /** Share of time in which its jobs ran, 0 to 1: lately, if known, or since it was ready. */
  readonly load?: number;
  readonly utilization: number;
}

export interface TopJob {
  readonly id: number | string;
  readonly name: string;
  readonly attempts: number;
  readonly workerId?: number | undefined;
  /** In milliseconds since 1970. */
  readonly startedAt?: number | undefined;
  /** How far it is, 0 to 1, if it has reported that. */
  readonly share?: number | undefined;
}

export interface TopTask {
  readonly task: string;
  readonly completed: number;
  readonly failed: number;
  readonly executionMs: TopTimes;
}

/** All pools at one moment. */
export interface TopSnapshot {
  /** In milliseconds since 1970. */
  readonly at: number;
  readonly pools: readonly TopPool[];
}
