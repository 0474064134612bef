import { countsOf } from '../compose/job-group.js';
import type { Schedule } from '../compose/schedule/schedule.js';
import type { Engine } from '../core/engine.js';
import { mostUrgent, runningJobs } from '../core/job-list.js';
import type { ThreadPool } from '../core/pool.js';
import { messageOf } from '../errors.js';
import type { Job } from '../jobs/job.js';
import type { PoolMetrics } from '../metrics/pool-metrics.js';
import type { DashboardSettings } from './dashboard-options.js';
import { EarlierAttempts } from './earlier-attempts.js';
import { callOf, type FailedCall, FailureLog } from './failure-log.js';
import { JobRows } from './job-rows.js';
import type { DashboardPoint, PoolSnapshot, ScheduleRow, WorkerExitRow, WorkerRow } from './messages.js';
import { byPriorityIn, countsIn, tasksIn } from './metrics-rows.js';
import { PointReader } from './point-reader.js';
import { RunSampler } from './run-sampler.js';
import { rounded, shownMessage, shownName } from './shown-text.js';
import { WorkerLoads } from './worker-loads.js';

/** How many running jobs are listed, and how many waiting ones. */
const MOST_ROWS = 100;
/** Most waiting jobs among which the first are found: half a millisecond. */
const MOST_SEARCHED = 10_000;

/** Reads one pool. */
export class PoolReader {
  readonly kind = 'pool';
  readonly name: string;
  readonly pool: ThreadPool;
  readonly engine: Engine;
  readonly failures: FailureLog;
  readonly #points: PointReader;
  readonly #runs: RunSampler;
  readonly #loads: WorkerLoads;
  readonly #rows: JobRows;
  /** Ids of schedules: they have none of their own. */
  readonly #scheduleIds = new Map<Schedule, number>();
  #lastScheduleId = 0;
  #lastExit: WorkerExitRow | undefined;
  readonly #stops: (() => void)[] = [];

  constructor(
    name: string,
    { pool, engine }: { readonly pool: ThreadPool; readonly engine: Engine },
    settings: DashboardSettings,
  ) {
    this.name = name;
    this.pool = pool;
    this.engine = engine;
    this.failures = new FailureLog({ limit: settings.failures, hasStacks: settings.show.stacks });
    this.#points = new PointReader(pool.metrics(), settings);
    this.#runs = new RunSampler(engine);
    this.#loads = new WorkerLoads(engine);
    this.#rows = new JobRows(settings.show);
    this.#listen(settings);
  }

  get history(): readonly DashboardPoint[] {
    return this.#points.all;
  }

  read(): PoolSnapshot {
    const { pool, engine, failures } = this;
    const metrics = pool.metrics();
    const running = this.#running();
    const waiting = this.#waiting(metrics);
    return {
      ...countsIn(metrics),
      name: this.name,
      state: pool.state,
      point: this.#points.read(metrics),
      maxWorkers: pool.maxWorkers,
      workers: this.#workers(metrics),
      workerExits: metrics.workerExits,
      ...(this.#lastExit === undefined ? {} : { lastExit: this.#lastExit }),
      runs: this.#runs.take(),
      running: running.slice(0, MOST_ROWS).map((job) => this.#rows.running(job)),
      moreRunning: Math.max(0, running.length - MOST_ROWS),
      waiting,
      moreWaiting: Math.max(0, metrics.pending - waiting.length),
      byPriority: byPriorityIn(metrics),
      tasks: tasksIn(metrics),
      byError: Object.entries(metrics.byError).map(([code, count]) => ({ code: shownName(code), count })),
      ...(failures.takeChange() ? { failures: failures.rows } : {}),
      schedules: pool.schedules.map((schedule) => this.#scheduleRow(schedule)),
      groups: Array.from(engine.groups, (group) => ({ name: shownName(group.name), ...countsOf(group) })).slice(
        0,
        MOST_ROWS,
      ),
    };
  }

  /** Samples the jobs that run, between two readings. */
  sample(): void {
    this.#runs.sample();
  }

  /** The last viewer has left. */
  rest(): void {
    this.#runs.clear();
  }

  scheduleOf(id: number): Schedule | undefined {
    return this.pool.schedules.find((schedule) => this.#scheduleIds.get(schedule) === id);
  }

  close(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  #listen({ failures, actions, show }: DashboardSettings): void {
    const { events, ledger } = this.engine;
    this.#stops.push(
      events.watch('workerExited', ({ workerId, reason, exitCode, jobs, error }) => {
        const why = error === undefined ? {} : { error: shownMessage(messageOf(error)) };
        this.#lastExit = { workerId, reason, exitCode, jobs, at: Date.now(), ...why };
      }),
    );
    if (failures === 0) return;
    const calls = new WeakMap<Job, FailedCall>();
    const earlier = new EarlierAttempts(show.stacks);
    this.#stops.push(
      events.watch('jobRetried', (job, attempt) => earlier.add(job, attempt)),
      events.watch('jobFailed', (job) =>
        this.failures.add(job, { jobId: job.id, earlier: earlier.take(job), call: calls.get(job) }),
      ),
    );
    if (!actions.includes('retry')) return;
    const keep = (job: Job): void => {
      const call = callOf(job);
      if (call !== undefined) calls.set(job, call);
    };
    ledger.failing.add(keep);
    this.#stops.push(() => ledger.failing.delete(keep));
  }

  #running(): readonly Job[] {
    return [...runningJobs(this.engine)].sort((a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0));
  }

  #waiting({ pending }: PoolMetrics): PoolSnapshot['waiting'] {
    if (pending === 0 || pending > MOST_SEARCHED) return [];
    const { control, deferred } = this.engine;
    return mostUrgent(control.unsettled(), { state: 'PENDING', limit: MOST_ROWS }).map((job) =>
      this.#rows.waiting(job, deferred.has(job)),
    );
  }

  #workers({ workers }: PoolMetrics): readonly WorkerRow[] {
    const loads = this.#loads.read();
    return workers.map(({ id, state, threadId, pid, jobs, utilization }) => ({
      ...{ id, state, jobs, utilization: rounded(utilization) },
      ...(threadId === undefined ? {} : { threadId }),
      ...(pid === undefined ? {} : { pid }),
      load: rounded(loads.get(id)?.load ?? 0),
      concurrency: loads.get(id)?.concurrency ?? 1,
    }));
  }

  #scheduleRow(schedule: Schedule): ScheduleRow {
    let id = this.#scheduleIds.get(schedule);
    if (id === undefined) {
      id = ++this.#lastScheduleId;
      this.#scheduleIds.set(schedule, id);
    }
    const { name, state, next, runs } = schedule;
    return { id, name: shownName(name), state, runs, ...(next === undefined ? {} : { next: next.getTime() }) };
  }
}
