import { BoundedMap } from '../../metrics/bounded-map.js';
import { Histogram, type PackedHistogram } from '../../metrics/histogram.js';

/** How many tasks are counted each by itself; others are counted together. */
const MAX_TASKS = 256;

/** What a host reports of the jobs of one task that have settled there. */
export interface PackedTaskMeter {
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Times in ticks. */
  readonly queued: PackedHistogram;
  readonly execution: PackedHistogram;
}

/** Major version of the Node.js that runs this process. */
export const NODE_MAJOR = Number(process.versions.node.split('.')[0]);

/** How a host does, as it has described itself. */
export interface HostStatus {
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
  /** How late its event loop was, in ms: the 99th percentile of 5 s. */
  readonly loopDelayMs: number;
  /** When it described itself, in milliseconds since 1970, by its own clock. */
  readonly seenAt: number;
  /** How many jobs it has taken over from hosts that had died. */
  readonly recovered: number;
}

/** What a host reports of itself, every few seconds. */
export interface HostRecord extends HostStatus {
  /** Major version of Node.js. */
  readonly node: number;
  /** By the name of the task. */
  readonly tasks: Readonly<Record<string, PackedTaskMeter>>;
}

export function writeHostRecord(record: HostRecord): string {
  return JSON.stringify(record);
}

/**
 * Returns the record; `undefined` if the text is none. What should be a number and is not counts as 0: others can write to
 * Redis.
 */
export function readHostRecord(text: string | null | undefined): HostRecord | undefined {
  try {
    const given = JSON.parse(text ?? 'null') as Readonly<Record<string, unknown>> | null;
    if (typeof given?.['id'] !== 'string') return undefined;
    const { id } = given;
    const tasks = Object.entries(objectIn(given, 'tasks')).slice(0, MAX_TASKS + 1);
    return {
      id,
      workers: numberIn(given, 'workers'),
      busy: numberIn(given, 'busy'),
      window: numberIn(given, 'window'),
      rss: numberIn(given, 'rss'),
      loopDelayMs: numberIn(given, 'loopDelayMs'),
      seenAt: numberIn(given, 'seenAt'),
      node: numberIn(given, 'node'),
      recovered: numberIn(given, 'recovered'),
      tasks: Object.fromEntries(tasks.map(([name, meter]) => [name, readMeter(meter as object)])),
    };
  } catch {
    return undefined;
  }
}

function readMeter(given: object): PackedTaskMeter {
  return {
    completed: numberIn(given, 'completed'),
    failed: numberIn(given, 'failed'),
    cancelled: numberIn(given, 'cancelled'),
    queued: readHistogram(objectIn(given, 'queued')),
    execution: readHistogram(objectIn(given, 'execution')),
  };
}

function readHistogram(given: object): PackedHistogram {
  const buckets: unknown = Reflect.get(given, 'buckets');
  return {
    sum: numberIn(given, 'sum'),
    max: numberIn(given, 'max'),
    buckets: Array.isArray(buckets) && buckets.every(isCount) ? buckets : [],
  };
}

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;

function numberIn(object: object, name: string): number {
  const value: unknown = Reflect.get(object, name);
  return isCount(value) ? value : 0;
}

function objectIn(object: object, name: string): object {
  const value: unknown = Reflect.get(object, name);
  return typeof value === 'object' && value !== null ? value : {};
}

/** The settled jobs of one task. */
export class TaskTally {
  completed = 0;
  failed = 0;
  cancelled = 0;
  readonly queued = new Histogram();
  readonly execution = new Histogram();

  /** Adds what a host has reported. */
  add(packed: PackedTaskMeter): void {
    this.completed += packed.completed;
    this.failed += packed.failed;
    this.cancelled += packed.cancelled;
    this.queued.add(Histogram.unpack(packed.queued));
    this.execution.add(Histogram.unpack(packed.execution));
  }

  pack(): PackedTaskMeter {
    const { completed, failed, cancelled, queued, execution } = this;
    return { completed, failed, cancelled, queued: queued.pack(), execution: execution.pack() };
  }
}

/** Settled jobs by task: of the first 256 names, and of all others together. */
export class TaskTallies extends BoundedMap<string, TaskTally> {
  constructor() {
    super(MAX_TASKS, () => new TaskTally());
  }
}
