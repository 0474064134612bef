import { TICKS_PER_MS } from '../base/ticks.js';
import { BoundedMap } from './bounded-map.js';
import { ErrorCounts } from './error-counts.js';
import { Histogram } from './histogram.js';
import type { PoolMetrics, PriorityCounts, WorkerMetrics } from './pool-metrics.js';
import { type NamedTask, type TaskMeter, TaskMeters } from './task-meters.js';
import { Throughput } from './throughput.js';

/** By what a job is counted. */
export interface CountedKind {
  readonly priority: number;
  readonly task: NamedTask;
}

/** What a snapshot contains besides what was recorded. */
export interface PoolView {
  readonly name: string;
  readonly active: number;
  readonly held: number;
  readonly oldestMs: number;
  readonly workers: readonly WorkerMetrics[];
}

type Counts = { -readonly [K in keyof PriorityCounts]: number };

const MAX_PRIORITIES = 64;

/** Records a pool's metrics. Push only: it never reads the pool's state. */
export class MetricsRecorder {
  submitted = 0;
  /** How many of the submitted jobs have not settled. */
  unsettled = 0;
  completed = 0;
  failed = 0;
  cancelled = 0;
  refused = 0;
  dropped = 0;
  #retried = 0;
  #timedOut = 0;
  readonly #throughput: Throughput;
  /** How many settled jobs the throughput already includes. */
  #timed = 0;
  readonly #startedAtMs: number;
  readonly #workerExits: Record<string, number>;
  readonly #byTask = new TaskMeters();
  readonly #byError = new ErrorCounts();
  readonly #byPriority = new BoundedMap<number, Counts>(MAX_PRIORITIES, newCounts);
  #lastKind: CountedKind | undefined;
  /** Where jobs of that kind are counted. */
  #counts!: Counts;
  #meter!: TaskMeter;

  /** @param exitReasons why workers exit, as `workerExited` reports. */
  constructor(nowMs: number, exitReasons: readonly string[]) {
    this.#startedAtMs = nowMs;
    this.#workerExits = Object.fromEntries(exitReasons.map((reason) => [reason, 0]));
    this.#throughput = new Throughput(nowMs);
  }

  jobSubmitted(kind: CountedKind): void {
    this.submitted++;
    this.unsettled++;
    this.#turnTo(kind);
    this.#counts.submitted++;
    this.#meter.submitted++;
  }

  jobReprioritised(from: number, to: number): void {
    this.#byPriority.of(from).submitted--;
    this.#byPriority.of(to).submitted++;
  }

  jobCompleted(kind: CountedKind): void {
    this.completed++;
    this.unsettled--;
    this.#turnTo(kind);
    this.#counts.completed++;
    this.#meter.completed++;
  }

  jobFailed(kind: CountedKind, error: unknown): void {
    this.failed++;
    this.unsettled--;
    this.#byError.count(error);
    this.#turnTo(kind);
    this.#counts.failed++;
    this.#meter.failed++;
  }

  jobCancelled(kind: CountedKind): void {
    this.cancelled++;
    this.unsettled--;
    this.#turnTo(kind);
    this.#counts.cancelled++;
    this.#meter.cancelled++;
  }

  /** A job is about to fail as its time is over. */
  jobTimedOut(task: NamedTask): void {
    this.#timedOut++;
    this.#byTask.of(task).timedOut++;
  }

  jobRetried(task: NamedTask): void {
    this.#retried++;
    this.#byTask.of(task).retried++;
  }

  /**
   * Records how long a job waited and how long its code ran. By task only: a snapshot adds up all tasks, so that two
   * histograms a job are written, not four.
   */
  jobRan(kind: CountedKind, queuedTicks: number, executionTicks: number): void {
    this.#turnTo(kind);
    this.#meter.queued.record(queuedTicks);
    this.#meter.execution.record(executionTicks);
  }

  workerExited(reason: string): void {
    this.#workerExits[reason] = (this.#workerExits[reason] ?? 0) + 1;
  }

  /**
   * Adds the jobs settled since the last call to the throughput. Called once per batch, as reading the clock costs 35
   * ns.
   */
  passed(nowMs: number): void {
    const settled = this.submitted - this.unsettled;
    this.#throughput.add(settled - this.#timed, nowMs);
    this.#timed = settled;
  }

  snapshot({ name, active, held, oldestMs, workers }: PoolView, nowMs: number): PoolMetrics {
    this.passed(nowMs);
    const pending = this.unsettled - active;
    const queued = new Histogram();
    const execution = new Histogram();
    for (const meter of this.#byTask) {
      queued.add(meter.queued);
      execution.add(meter.execution);
    }
    const byPriority: Record<string, PriorityCounts> = {};
    for (const [priority, counts] of this.#byPriority) byPriority[priority] = Object.freeze({ ...counts });
    return Object.freeze({
      name,
      submitted: this.submitted,
      completed: this.completed,
      failed: this.failed,
      cancelled: this.cancelled,
      retried: this.#retried,
      timedOut: this.#timedOut,
      refused: this.refused,
      dropped: this.dropped,
      active,
      pending,
      held,
      queued: pending - held,
      oldestMs,
      workers: Object.freeze(workers.map((worker) => Object.freeze(worker))),
      workerExits: Object.freeze({ ...this.#workerExits }),
      queuedMs: queued.snapshot(TICKS_PER_MS),
      executionMs: execution.snapshot(TICKS_PER_MS),
      busyMs: execution.sum / TICKS_PER_MS,
      byError: this.#byError.snapshot(),
      byPriority: Object.freeze(byPriority),
      byTask: this.#byTask.snapshot(),
      throughput: this.#throughput.perSecond(nowMs),
      uptimeMs: nowMs - this.#startedAtMs,
    });
  }

  #turnTo(kind: CountedKind): void {
    if (this.#lastKind !== kind) this.#find(kind);
  }

  #find(kind: CountedKind): void {
    this.#counts = this.#byPriority.of(kind.priority);
    this.#meter = this.#byTask.of(kind.task);
    this.#lastKind = kind;
  }
}

function newCounts(): Counts {
  return { submitted: 0, completed: 0, failed: 0, cancelled: 0 };
}
