import type { Cluster, Redis, RedisOptions } from 'ioredis';
import { mustBe } from '../../base/check/argument-errors.js';
import { now } from '../../base/clock.js';
import type { Peers } from './peers.js';
import { listenForErrors } from './socket-errors.js';

/**
 * How Redis is reached: a URL, options of ioredis, or a `Redis` or `Cluster` of ioredis, which is duplicated and never closed.
 */
export type ClusterConnection = string | RedisOptions | Redis | Cluster;

/** Commands wait for a connection without limit: callers that must not wait use a timer of their own. */
const PATIENT = { maxRetriesPerRequest: null } as const;

/**
 * How long the server may not answer before a connection counts as down, in ms, unless the given options say otherwise: a machine that has
 * vanished, or a server that is stopped, closes no connection. Longer than any read that blocks.
 */
const SILENT_MS = 30_000;

/** States of a connection of ioredis between two attempts to connect. */
const DOWN: ReadonlySet<string> = new Set(['close', 'reconnecting', 'connecting', 'connect']);

/** What connections report. */
export interface ConnectionEvents {
  /** All connections are up, for the first time or again. */
  readonly onConnected: () => void;
  /** The first of the connections is down. */
  readonly onDisconnected: (error: Error | undefined) => void;
}

/** The connections of a pool or host to Redis. */
export class Connections {
  readonly #given: ClusterConnection;
  readonly #peers: Peers;
  #events: ConnectionEvents | undefined;
  readonly #open = new Map<Redis, 'up' | 'down'>();
  /** Duplicates that BullMQ has made, for commands that block. */
  readonly #copies = new Set<Redis>();
  /** Since when a connection is down, in ms of `now()`; `undefined` while all are up. */
  #awaySinceMs: number | undefined = now();
  readonly #listeners = new Set<() => void>();
  #isClosed = false;
  /** The last error of a connection, which says why it is down. */
  lastError: Error | undefined;

  constructor(given: ClusterConnection, peers: Peers) {
    this.#given = given;
    this.#peers = peers;
  }

  /** Connects the receiver, which is made after this. Called in the turn in which the first connection is made. */
  reportTo(events: ConnectionEvents): void {
    this.#events = events;
  }

  get isConnected(): boolean {
    return this.#awaySinceMs === undefined;
  }

  /** For how long not all connections were up, in ms; 0 if they are. */
  get awayMs(): number {
    return this.#awaySinceMs === undefined ? 0 : now() - this.#awaySinceMs;
  }

  /** Makes a connection. */
  open(): Redis {
    const redis = this.#make();
    this.#open.set(redis, 'down');
    listenForErrors(redis, (error) => {
      this.lastError = error;
    });
    redis.on('ready', () => this.#changed(redis, 'up'));
    redis.on('close', () => this.#changed(redis, 'down'));
    const duplicate = redis.duplicate.bind(redis) as (...args: unknown[]) => Redis;
    redis.duplicate = (...args: unknown[]) => {
      const copy = duplicate(...args);
      listenForErrors(copy, () => {}); // BullMQ stops listening when it closes
      this.#copies.add(copy);
      return copy;
    };
    return redis;
  }

  #make(): Redis {
    const { Redis: Client } = this.#peers.ioredis;
    const given = this.#given;
    if (typeof given === 'string') return new Client(given, ownOptions({}));
    if (isRedisCluster(given)) {
      const options = given.options.redisOptions ?? {};
      const redisOptions = { ...options, ...ownOptions(options) } as OwnOptions;
      return given.duplicate([], { redisOptions }) as unknown as Redis; // it has the same commands and states
    }
    if (isRedis(given)) return given.duplicate(ownOptions(given.options));
    return new Client({ ...given, ...ownOptions(given) } as OwnOptions);
  }

  #changed(redis: Redis, to: 'up' | 'down'): void {
    if (this.#isClosed) return;
    this.#open.set(redis, to);
    const isConnected = [...this.#open.values()].every((state) => state === 'up');
    if (isConnected === this.isConnected) return;
    this.#awaySinceMs = isConnected ? undefined : now();
    if (isConnected) this.#events?.onConnected();
    else this.#events?.onDisconnected(this.lastError);
    for (const listener of [...this.#listeners]) listener();
  }

  /** Calls `fn` each time that all connections are up, or one of them is down. Returns how not to. */
  onChange(fn: () => void): () => void {
    this.#listeners.add(fn);
    return () => this.#listeners.delete(fn);
  }

  /**
   * Whether all connections are up, and all copies. A copy that is disconnected while it is down never reports its end,
   * for which BullMQ waits.
   */
  get isUp(): boolean {
    return this.isConnected && ![...this.#copies].some(({ status }) => DOWN.has(status));
  }

  /** Resolves once no connection and no copy is down. */
  async up(): Promise<void> {
    for (const redis of [...this.#open.keys(), ...this.#copies]) while (DOWN.has(redis.status)) await upOrEnded(redis);
  }

  /** Closes all connections, and the copies. Commands that have no reply yet reject. */
  close(): void {
    this.#isClosed = true;
    for (const redis of [...this.#open.keys(), ...this.#copies]) redis.disconnect();
  }
}

/** Resolves when a connection that is down is up again, or has given up. */
function upOrEnded(redis: Redis): Promise<void> {
  return new Promise((resolve) => {
    const changed = (): void => {
      redis.off('ready', changed);
      redis.off('end', changed);
      resolve();
    };
    redis.on('ready', changed);
    redis.on('end', changed);
  });
}

interface OwnOptions {
  readonly maxRetriesPerRequest: null;
  readonly socketTimeout: number;
}

function ownOptions({ socketTimeout = SILENT_MS }: Pick<RedisOptions, 'socketTimeout'>): OwnOptions {
  return { ...PATIENT, socketTimeout };
}

function isRedis(value: object): value is Redis | Cluster {
  return 'duplicate' in value && 'defineCommand' in value;
}

/** Whether a connection is one to a whole Redis Cluster. */
export function isRedisCluster(value: ClusterConnection): value is Cluster {
  return typeof value === 'object' && isRedis(value) && value.isCluster;
}

/** @throws {TypeError} that names the rule and the value received. */
export function checkConnection(value: unknown, action: string): ClusterConnection {
  const isGiven = (typeof value === 'string' && value !== '') || (typeof value === 'object' && value !== null);
  if (!isGiven || Array.isArray(value))
    throw mustBe(
      "a URL such as 'redis://127.0.0.1:6379', options of ioredis, or a Redis or Cluster of ioredis",
      value,
      'connection',
      action,
    );
  return value as ClusterConnection;
}
