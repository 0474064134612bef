import { TICKS_PER_MS } from '../base/ticks.js';
import { type Distribution, Histogram } from './histogram.js';
import { Throughput } from './throughput.js';

export interface PriorityCounts {
  readonly submitted: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
}

export interface WorkerMetrics {
  readonly id: number;
  readonly state: 'starting' | 'idle' | 'busy' | 'ending';
  /** How many jobs' code the worker has run. */
  readonly jobs: number;
  /** Share of time, 0 to 1, in which jobs ran on the worker since it was ready; an average over its `concurrency`. */
  readonly utilization: number;
}

/** A snapshot: `submitted = pending + active + completed + failed + cancelled` (I2). */
export interface PoolMetrics {
  readonly submitted: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  /** How many failed attempts were retried. */
  readonly retried: number;
  /** How many of the failed jobs exceeded their `timeoutMs` or `deadline`. */
  readonly timedOut: number;
  /** How many jobs are running, including those that have ended but whose answer is not read yet. */
  readonly active: number;
  readonly pending: number;
  readonly workers: readonly WorkerMetrics[];
  /** Times from submission until the code began, in milliseconds. */
  readonly queuedMs: Distribution;
  /** Run times of the code, in milliseconds. */
  readonly executionMs: Distribution;
  /** Counts by priority; beyond 64 distinct priorities, under `other`. */
  readonly byPriority: Readonly<Record<string, PriorityCounts>>;
  /** Jobs settled per second over the last 10 s. */
  readonly throughput: number;
  readonly uptimeMs: number;
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
  retried = 0;
  timedOut = 0;
  readonly #queued = new Histogram();
  readonly #execution = new Histogram();
  readonly #throughput: Throughput;
  /** How many settled jobs the throughput already includes. */
  #timed = 0;
  readonly #startedAtMs: number;
  readonly #byPriority = new Map<number | 'other', Counts>();
  #lastPriority: number | undefined;
  #lastCounts: Counts | undefined;

  constructor(nowMs: number) {
    this.#startedAtMs = nowMs;
    this.#throughput = new Throughput(nowMs);
  }

  jobSubmitted(priority: number): void {
    this.submitted++;
    this.unsettled++;
    this.#counts(priority).submitted++;
  }

  jobReprioritised(from: number, to: number): void {
    this.#counts(from).submitted--;
    this.#counts(to).submitted++;
  }

  jobCompleted(priority: number): void {
    this.completed++;
    this.unsettled--;
    this.#counts(priority).completed++;
  }

  jobFailed(priority: number): void {
    this.failed++;
    this.unsettled--;
    this.#counts(priority).failed++;
  }

  jobCancelled(priority: number): void {
    this.cancelled++;
    this.unsettled--;
    this.#counts(priority).cancelled++;
  }

  /** Records how long a job waited and how long its code ran. */
  jobRan(queuedTicks: number, executionTicks: number): void {
    this.#queued.record(queuedTicks);
    this.#execution.record(executionTicks);
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

  snapshot(active: number, workers: readonly WorkerMetrics[], nowMs: number): PoolMetrics {
    this.passed(nowMs);
    const byPriority: Record<string, PriorityCounts> = {};
    for (const [priority, counts] of this.#byPriority) byPriority[priority] = Object.freeze({ ...counts });
    return Object.freeze({
      submitted: this.submitted,
      completed: this.completed,
      failed: this.failed,
      cancelled: this.cancelled,
      retried: this.retried,
      timedOut: this.timedOut,
      active,
      pending: this.unsettled - active,
      workers: Object.freeze(workers.map((worker) => Object.freeze(worker))),
      queuedMs: this.#queued.snapshot(TICKS_PER_MS),
      executionMs: this.#execution.snapshot(TICKS_PER_MS),
      byPriority: Object.freeze(byPriority),
      throughput: this.#throughput.perSecond(nowMs),
      uptimeMs: nowMs - this.#startedAtMs,
    });
  }

  #counts(priority: number): Counts {
    return this.#lastCounts !== undefined && this.#lastPriority === priority
      ? this.#lastCounts
      : this.#findCounts(priority);
  }

  #findCounts(priority: number): Counts {
    const isFull = this.#byPriority.size >= MAX_PRIORITIES && !this.#byPriority.has(priority);
    const key = isFull ? 'other' : priority;
    let counts = this.#byPriority.get(key);
    if (counts === undefined) {
      counts = { submitted: 0, completed: 0, failed: 0, cancelled: 0 };
      this.#byPriority.set(key, counts);
    }
    this.#lastPriority = priority;
    this.#lastCounts = counts;
    return counts;
  }
}
