import type { Queue } from 'bullmq';
import { now } from '../../base/clock.js';
import { TICKS_PER_MS } from '../../base/ticks.js';
import type { DeferredJobs } from '../../core/lifecycle/deferred-jobs.js';
import type { Distribution } from '../../metrics/distribution.js';
import type { PoolMetrics } from '../../metrics/pool-metrics.js';
import type { MetricsRecorder } from '../../metrics/recorder.js';
import { type HostRecord, type HostStatus, TaskTallies } from '../codec/host-record.js';
import { fromBullPriority } from '../codec/priority.js';
import type { QueueKeys } from '../redis/keys.js';
import type { KnownHosts } from '../redis/known-hosts.js';
import type { ScriptedRedis } from '../redis/scripts.js';
import type { JobTable } from './job-table.js';

/** How many jobs of a queue, from all submitters, are in each state, as Redis counts them. */
export interface ClusterCounts {
  /** Jobs that wait to be fetched. */
  readonly pending: number;
  /** Jobs that wait until a time, or before another attempt. */
  readonly delayed: number;
  /** Jobs that a host has fetched. */
  readonly active: number;
  /** Settled jobs whose record is still kept. */
  readonly completed: number;
  /** Like `completed`, for jobs that failed or were cancelled. */
  readonly failed: number;
  /** Nodes of graphs that wait for those before them. */
  readonly waitingChildren: number;
}

/** A host, as it has described itself within the last 15 s. */
export interface ClusterHostMetrics extends HostStatus {
  /** Names of the tasks that it has run. */
  readonly tasks: readonly string[];
}

/** Counts and times of the jobs of one task that have settled on the hosts that are up now. */
export interface ClusterTaskMetrics {
  /** How many have completed. */
  readonly completed: number;
  /** How many have failed. */
  readonly failed: number;
  /** How many were cancelled. */
  readonly cancelled: number;
  /** Times from submission until the code began, in milliseconds. */
  readonly queuedMs: Distribution;
  /** Run times of the code, in milliseconds. */
  readonly executionMs: Distribution;
}

/** A snapshot of a queue and its hosts. */
export interface ClusterMetrics {
  /** How many jobs of the queue are in each state. */
  readonly counts: ClusterCounts;
  /** How many jobs wait, by priority; beyond 64 distinct priorities, under `other`. */
  readonly byPriority: Readonly<Record<string, number>>;
  /** The hosts that are up. */
  readonly hosts: readonly ClusterHostMetrics[];
  /** By the name of the task; beyond 256 names of a host, under `other`. */
  readonly tasks: Readonly<Record<string, ClusterTaskMetrics>>;
  /** How often jobs of this submitter came back from a host that had died. */
  readonly recoveries: number;
  /** The jobs of this submitter. */
  readonly own: PoolMetrics;
}

export interface MetricsReaderDeps {
  readonly name: string;
  readonly queue: Queue;
  readonly redis: ScriptedRedis;
  readonly keys: QueueKeys;
  readonly hosts: KnownHosts;
  readonly table: JobTable;
  readonly deferred: DeferredJobs;
  readonly metrics: MetricsRecorder;
}

/** Reads the metrics of the whole queue. */
export class MetricsReader {
  readonly #deps: MetricsReaderDeps;

  constructor(deps: MetricsReaderDeps) {
    this.#deps = deps;
  }

  async read(): Promise<ClusterMetrics> {
    const [counts, byPriority, hosts] = await Promise.all([
      this.#counts(),
      this.#byPriority(),
      this.#deps.hosts.refresh(),
    ]);
    return Object.freeze({
      counts,
      byPriority,
      hosts: Object.freeze(hosts.map(hostMetrics)),
      tasks: taskMetrics(hosts),
      recoveries: this.#deps.table.recoveries,
      own: this.#own(),
    });
  }

  #own(): PoolMetrics {
    const { name, table, deferred, metrics } = this.#deps;
    const nowMs = now();
    return metrics.snapshot(
      { name, active: table.running, held: deferred.size, oldestMs: table.oldestMs(nowMs), workers: [] },
      nowMs,
    );
  }

  async #counts(): Promise<ClusterCounts> {
    const names = ['wait', 'prioritized', 'delayed', 'active', 'completed', 'failed', 'waiting-children'] as const;
    const counts = await this.#deps.queue.getJobCounts(...names);
    const of = (name: (typeof names)[number]): number => counts[name] ?? 0;
    return Object.freeze({
      pending: of('wait') + of('prioritized'),
      delayed: of('delayed'),
      active: of('active'),
      completed: of('completed'),
      failed: of('failed'),
      waitingChildren: of('waiting-children'),
    });
  }

  async #byPriority(): Promise<Readonly<Record<string, number>>> {
    const { redis, keys } = this.#deps;
    const list = await redis.tsPriorities(keys.prioritized);
    const byPriority: Record<string, number> = {};
    for (let i = 0; i + 1 < list.length; i += 2) {
      const number = list[i] as number;
      byPriority[number < 0 ? 'other' : fromBullPriority(number)] = list[i + 1] as number;
    }
    return Object.freeze(byPriority);
  }
}

function hostMetrics({ tasks, node: _node, ...host }: HostRecord): ClusterHostMetrics {
  return Object.freeze({ ...host, tasks: Object.freeze(Object.keys(tasks)) });
}

function taskMetrics(hosts: readonly HostRecord[]): Readonly<Record<string, ClusterTaskMetrics>> {
  const sums = new TaskTallies();
  for (const { tasks } of hosts) for (const [name, packed] of Object.entries(tasks)) sums.of(name).add(packed);
  const all = [...sums].map(([name, { completed, failed, cancelled, queued, execution }]) => {
    const queuedMs = queued.snapshot(TICKS_PER_MS);
    const executionMs = execution.snapshot(TICKS_PER_MS);
    return [name, Object.freeze({ completed, failed, cancelled, queuedMs, executionMs })] as const;
  });
  return Object.freeze(Object.fromEntries(all));
}
