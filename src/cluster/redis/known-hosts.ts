import type { Redis } from 'ioredis';
import { type HostRecord, NODE_MAJOR, readHostRecord } from '../codec/host-record.js';
import type { QueueKeys } from './keys.js';

/** How many jobs are assumed to run at once while no host is known. */
const PLACES = 16;

/** The hosts of a queue, as they have described themselves. */
export class KnownHosts {
  readonly #redis: Redis;
  readonly #keys: QueueKeys;
  readonly #warn: (message: string) => void;
  /** Major versions of Node.js of which an operator was warned. */
  readonly #warnedOf = new Set([NODE_MAJOR]);
  #places = PLACES;

  /** @param warn warns an operator, once for each version, that a host runs another major version of Node.js. */
  constructor(redis: Redis, keys: QueueKeys, warn: (message: string) => void) {
    this.#redis = redis;
    this.#keys = keys;
    this.#warn = warn;
  }

  /** How many jobs all of them run at once, as last read. */
  get places(): number {
    return this.#places;
  }

  /** Reads their descriptions, and forgets hosts that are silent. */
  async refresh(): Promise<readonly HostRecord[]> {
    const ids = await this.#redis.smembers(this.#keys.hosts);
    if (ids.length === 0) return [];
    const pipeline = this.#redis.pipeline();
    for (const id of ids) pipeline.hget(this.#keys.host(id), 'm');
    const replies = (await pipeline.exec()) ?? [];
    const records: HostRecord[] = [];
    const silent: string[] = [];
    for (const [index, id] of ids.entries()) {
      const text = replies[index]?.[1] as string | null | undefined;
      const record = readHostRecord(text);
      if (record !== undefined) records.push(record);
      else if (text === null) silent.push(id);
    }
    if (silent.length > 0) void this.#redis.srem(this.#keys.hosts, ...silent).catch(() => 0);
    this.#places = records.reduce((sum, { workers }) => sum + workers, 0) || PLACES;
    for (const record of records) this.#checkVersion(record);
    return records;
  }

  /**
   * Warns of a host with another major version: values that JSON cannot carry are sent in V8's format, which depends on the
   * version.
   */
  #checkVersion({ id, node }: HostRecord): void {
    if (node === 0 || this.#warnedOf.has(node)) return;
    this.#warnedOf.add(node);
    const why = 'one may not be able to read the Maps, typed arrays, dates and the like that the other sends';
    this.#warn(`Host '${id}' runs Node.js ${node}, and this process Node.js ${NODE_MAJOR}: ${why}`);
  }
}
