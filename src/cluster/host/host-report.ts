import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { clearInterval, setInterval } from '../../base/clock.js';
import { toTicks } from '../../base/ticks.js';
import type { PoolMetrics } from '../../metrics/pool-metrics.js';
import { NODE_MAJOR, TaskTallies, writeHostRecord } from '../codec/host-record.js';
import type { Notice } from '../codec/notices.js';
import type { QueueKeys } from '../redis/keys.js';
import type { ScriptedRedis } from '../redis/scripts.js';
import type { ClusterHostSettings } from './cluster-host-options.js';

/** How often a host reports of itself, in ms. */
const EVERY_MS = 5_000;
/** How long a report is kept, in seconds. A host that is silent for longer is forgotten. */
const TTL_SECONDS = 15;
/** How often the event loop is probed, in ms. */
const RESOLUTION_MS = 10;
const NS_PER_MS = 1e6;

export interface HostReportDeps {
  readonly redis: ScriptedRedis;
  readonly keys: QueueKeys;
  readonly settings: ClusterHostSettings;
  /** How many jobs it has taken over from hosts that had died. */
  readonly recovered: () => number;
}

/**
 * Reports the state of a host, for the metrics of the cluster. Times are sent as buckets, as percentiles of several hosts
 * cannot be added up.
 */
export class HostReport {
  readonly #deps: HostReportDeps;
  readonly #tasks = new TaskTallies();
  readonly #loop: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: HostReportDeps) {
    this.#deps = deps;
  }

  /** Counts the outcome of a job. */
  count(task: string, outcome: Notice): void {
    const meter = this.#tasks.of(task);
    if (outcome[0] !== 'completed' && outcome[0] !== 'failed' && outcome[0] !== 'cancelled') return;
    meter[outcome[0]]++;
    const [, queuedMs, executionMs] = outcome[3];
    meter.queued.record(toTicks(Math.max(0, queuedMs)));
    meter.execution.record(toTicks(executionMs));
  }

  /** Begins to report. Resolves after the first report. */
  async start(): Promise<void> {
    this.#loop.enable();
    this.#timer = setInterval(() => void this.#write().catch(() => {}), EVERY_MS).unref();
    await this.#write().catch(() => {});
  }

  /** The host leaves: removes its report. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#loop.disable();
    const { redis, keys, settings } = this.#deps;
    await redis.pipeline().del(keys.host(settings.id)).srem(keys.hosts, settings.id).exec();
  }

  async #write(): Promise<void> {
    const { redis, keys, settings, recovered } = this.#deps;
    const { id, pool, window } = settings;
    const record = writeHostRecord({
      id,
      window,
      workers: pool.maxWorkers,
      busy: busyIn(pool.metrics()),
      rss: process.memoryUsage().rss,
      loopDelayMs: this.#takeLoopDelayMs(),
      seenAt: Date.now(),
      node: NODE_MAJOR,
      recovered: recovered(),
      tasks: Object.fromEntries([...this.#tasks].map(([name, meter]) => [name, meter.pack()])),
    });
    await redis
      .pipeline()
      .hset(keys.host(id), 'm', record)
      .expire(keys.host(id), TTL_SECONDS)
      .sadd(keys.hosts, id)
      .expire(keys.hosts, TTL_SECONDS)
      .exec();
  }

  /** The 99th percentile since the last call. */
  #takeLoopDelayMs(): number {
    const { count } = this.#loop;
    const delayMs = count === 0 ? 0 : Math.max(0, this.#loop.percentile(99) / NS_PER_MS - RESOLUTION_MS);
    this.#loop.reset();
    return delayMs;
  }
}

function busyIn({ workers }: PoolMetrics): number {
  return workers.filter(({ state }) => state === 'busy').length;
}
