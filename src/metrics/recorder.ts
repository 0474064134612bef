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
  /** Jobs whose code it has run. */
  readonly jobs: number;
  /** Share of its time since it was ready in which jobs ran on it: 0 to 1. With `concurrency`, of all its places. */
  readonly utilization: number;
}

/** A snapshot: `submitted = pending + active + completed + failed + cancelled` (I2). */
export interface PoolMetrics {
  readonly submitted: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  /** How many attempts failed that another followed. */
  readonly retried: number;
  /** Of those that failed: whose `timeoutMs` or `deadline` had passed. */
  readonly timedOut: number;
  /** Jobs whose code runs, or has ended without its answer being read. */
  readonly active: number;
  readonly pending: number;
  readonly workers: readonly WorkerMetrics[];
  /** How long jobs waited from submission until their code began, in ms. */
  readonly queuedMs: Distribution;
  /** How long their code ran, in ms. */
  readonly executionMs: Distribution;
  /** Counts by priority; past 64 different ones, under `other`. */
  readonly byPriority: Readonly<Record<string, PriorityCounts>>;
  /** Jobs settled per second, over the last 10 s. */
  readonly throughput: number;
  readonly uptimeMs: number;
}

type Counts = { -readonly [K in keyof PriorityCounts]: number };

const MAX_PRIORITIES = 64;

/** Keeps a pool's numbers. It is told, and never asks. */
export class MetricsRecorder {
  submitted = 0;
  /** Of these, how many have not settled. */
  unsettled = 0;
  completed = 0;
  failed = 0;
  cancelled = 0;
  retried = 0;
  timedOut = 0;
  readonly #queued = new Histogram();
  readonly #execution = new Histogram();
  readonly #throughput: Throughput;
  /** How many settled jobs the throughput knows of. */
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

  /** A job's code has ended, after it waited and ran so many ticks. */
  jobRan(queuedTicks: number, executionTicks: number): void {
    this.#queued.record(queuedTicks);
    this.#execution.record(executionTicks);
  }

  /** The time of what has settled since the last call. Once a batch, as a look at the clock costs 35 ns. */
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
