import { inspect } from 'node:util';
import { mustBe } from '../../base/check/argument-errors.js';
import { optionNames, readOptions } from '../../base/check/options.js';
import { checkMs } from '../../base/check/values.js';
import { type Inspecting, shown } from '../../base/inspect.js';
import type { PoolEvent, PoolEvents, PoolListener } from '../../core/events.js';
import { partsOf } from '../../core/pool-emitter.js';
import { handleSignals, holdForShutdown, type SignalOptions } from '../../core/shutdown-all.js';
import { messageOf } from '../../errors.js';
import type { PoolMetrics } from '../../metrics/pool-metrics.js';
import { stays } from '../../sync/sharing/crossing.js';
import {
  type ClusterHostEngine,
  createClusterHostEngine,
  HOST_EVENT_NAMES,
  type HostEvents,
} from './cluster-host-engine.js';
import {
  type ClusterHostOptions,
  type ClusterHostSettings,
  resolveClusterHostOptions,
} from './cluster-host-options.js';

/** The name of a host's event. */
export type HostEvent = Exclude<PoolEvent, keyof HostEvents> | keyof HostEvents;

/** Called with what happened. */
export type HostListener<E extends HostEvent> = E extends keyof HostEvents
  ? (detail: HostEvents[E]) => void
  : E extends keyof PoolEvents
    ? PoolListener<E>
    : never;

/** How a host leaves. */
export interface DrainOptions {
  /** How long running jobs may go on, in milliseconds, before they are given back. Default: the host's `drainMs`. */
  readonly timeoutMs?: number | undefined;
}

/** The metrics of a host: those of its pool, and what it has fetched. */
export interface HostMetrics extends PoolMetrics {
  /** How many BullMQ jobs were fetched. */
  readonly fetched: number;
  /** How many were given back unattempted. */
  readonly returned: number;
  /** How many were taken over from hosts that had died. */
  readonly crashesRecovered: number;
  /** How many were stopped as their lock was lost. */
  readonly lockFailures: number;
  /** Whether all connections to Redis are up. */
  readonly connected: boolean;
}

const DRAIN_OPTIONS = optionNames<DrainOptions>({ timeoutMs: true });

/**
 * Runs jobs of a queue in Redis on the threads of this machine: one process a machine. The code of jobs never runs on the main
 * thread of the host, so that its locks are always renewed in time.
 *
 * - Only the tasks that it is given can be run, whatever Redis contains.
 * - A host whose locks could not be renewed stops what it runs: another may run it by now.
 *
 * @example
 * ```ts
 * await using host = new ClusterHost({ connection: 'redis://10.0.0.5:6379', queue: 'hash', tasks, maxWorkers: 8 });
 * ClusterHost.handleSignals();
 * await host.closed;
 * ```
 */
export class ClusterHost implements AsyncDisposable {
  /**
   * Drains all hosts, and shuts down all pools and threads, on SIGINT and SIGTERM, and then lets the signal end the process. A
   * second signal aborts them.
   *
   * @returns a function that stops doing so.
   */
  static handleSignals(options?: SignalOptions): () => void {
    return handleSignals(options);
  }

  readonly #settings: ClusterHostSettings;
  readonly #engine: ClusterHostEngine;
  /**
   * Resolves once the host hears requests and has begun to fetch jobs. Rejects with a `ClusterUnavailableError` if Redis refuses it, or is
   * too old; while Redis is away it is waited for.
   */
  readonly ready: Promise<void>;
  /** Resolves once the host has left the queue. */
  readonly closed: Promise<void>;
  #close: () => void = () => {};
  readonly #unregister: () => void;

  /**
   * Begins to connect.
   *
   * @throws {TypeError | RangeError} for a bad option, naming it, the rule and the value received; if `bullmq` and `ioredis` are
   * not installed.
   * @throws {PoolClosedError} if the pool that is given is shut down.
   */
  constructor(options: ClusterHostOptions) {
    this.#settings = resolveClusterHostOptions(options);
    this.#engine = createClusterHostEngine(this.#settings);
    this.closed = new Promise((resolve) => {
      this.#close = resolve;
    });
    partsOf(this.#settings.pool)?.state.onceShutDown(() => this.#poolShutDown());
    this.ready = this.#engine.start();
    // it may never be looked at
    this.ready.catch((error) => this.#settings.logger?.error(`${this.id}: The host runs no jobs: ${messageOf(error)}`));
    // a host counts no jobs in shutdownAll: its pool does
    const NONE = { completed: 0, failed: 0, cancelled: 0 };
    this.#unregister = holdForShutdown({
      shutdown: async ({ mode, timeoutMs }) => {
        await this.drain({ timeoutMs: mode === 'abort' ? 0 : Math.min(timeoutMs, this.#settings.drainMs) });
        return NONE;
      },
    });
  }

  static {
    stays(ClusterHost, 'ClusterHost', (value) =>
      #engine in value ? 'a ClusterHost, which stays on its thread' : undefined,
    );
  }

  /** Name of the host in `hostId`. */
  get id(): string {
    return this.#settings.id;
  }

  /** Returns a snapshot of the metrics of the host and its pool. */
  metrics(): HostMetrics {
    const { counts, giveBack, connections } = this.#engine;
    const own = { ...counts, returned: giveBack.count, connected: connections.isConnected };
    return Object.freeze({ ...this.#settings.pool.metrics(), ...own });
  }

  /**
   * Leaves the queue: fetches no more, waits for what runs, then cancels it with the reason `drain`, and gives it back with all that
   * has not begun: unattempted, at the head of its priority. While Redis is away, nothing can be given back: Redis is waited for within
   * the same time, but for 5 s at most; jobs then go to other hosts as after a crash. A repeated call can shorten the time.
   *
   * @returns a promise that resolves once the host has left.
   */
  async drain(options?: DrainOptions): Promise<void> {
    const { timeoutMs } = readOptions(options, DRAIN_OPTIONS, 'drain host');
    const ms = timeoutMs === undefined ? this.#settings.drainMs : checkMs(timeoutMs, 'timeoutMs', 'drain host');
    await this.#engine.departure.begin(ms);
    this.#unregister();
    this.#close();
  }

  /** Without its pool the host can run nothing: it leaves, unless it is about to, as at the end of the process. */
  #poolShutDown(): void {
    queueMicrotask(() => {
      if (this.#engine.departure.hasBegun) return;
      this.#settings.logger?.warn(`${this.id}: The pool was shut down: the host leaves the queue`);
      void this.drain();
    });
  }

  /**
   * Calls `fn` at each event of that name: one of the host's, or of its pool.
   *
   * @returns a function that unregisters `fn`.
   */
  on<E extends HostEvent>(event: E, fn: HostListener<E>): () => void {
    if (typeof fn !== 'function') throw mustBe('a function', fn, 'the listener', `listen to '${event}'`);
    if (!HOST_EVENT_NAMES.includes(event))
      return this.#settings.pool.on(event as PoolEvent, fn as PoolListener<PoolEvent>);
    return this.#engine.hub.on(event as PoolEvent, fn as PoolListener<PoolEvent>);
  }

  [inspect.custom](...inspecting: Inspecting): string {
    const { fetched, returned, connected, active, pending } = this.metrics();
    return shown('ClusterHost', { id: this.id, connected, fetched, returned, active, pending }, inspecting);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }
}
