import { TICKS_PER_MS } from '../base/ticks.js';
import { BoundedMap } from './bounded-map.js';
import { Histogram } from './histogram.js';
import type { TaskMetrics } from './pool-metrics.js';

/** A task, as its jobs are counted: several with the same name are counted as one. */
export interface NamedTask {
  readonly name: string;
}

const MAX_TASKS = 256;

/** Counts and times of the jobs of one task. */
export class TaskMeter {
  submitted = 0;
  completed = 0;
  failed = 0;
  cancelled = 0;
  retried = 0;
  timedOut = 0;
  readonly queued = new Histogram();
  readonly execution = new Histogram();

  snapshot(): TaskMetrics {
    const { submitted, completed, failed, cancelled, retried, timedOut } = this;
    const queuedMs = this.queued.snapshot(TICKS_PER_MS);
    const executionMs = this.execution.snapshot(TICKS_PER_MS);
    return Object.freeze({ submitted, completed, failed, cancelled, retried, timedOut, queuedMs, executionMs });
  }
}

/** A meter for each name of a task: bounded, as code that makes functions can make any number of names. */
export class TaskMeters {
  readonly #meters = new BoundedMap<string, TaskMeter>(MAX_TASKS, () => new TaskMeter());
  #lastTask: NamedTask | undefined;
  #last: TaskMeter | undefined;

  of(task: NamedTask): TaskMeter {
    return this.#last !== undefined && this.#lastTask === task ? this.#last : this.#find(task);
  }

  [Symbol.iterator](): Iterator<TaskMeter> {
    return this.#meters.values();
  }

  snapshot(): Readonly<Record<string, TaskMetrics>> {
    const byTask = Object.create(null) as Record<string, TaskMetrics>; // a dictionary: a task may have any name
    for (const [name, meter] of this.#meters) byTask[name] = meter.snapshot();
    return Object.freeze(byTask);
  }

  #find(task: NamedTask): TaskMeter {
    const meter = this.#meters.of(task.name);
    this.#lastTask = task;
    this.#last = meter;
    return meter;
  }
}
