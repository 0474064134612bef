import type { Redis } from 'ioredis';
import { type HostRecord, readHostRecord } from '../codec/host-record.js';
import type { QueueKeys } from '../redis/keys.js';

/** How many jobs are taken to run at once while no host is known. */
const PLACES = 16;

/** The hosts of a queue, by what they have told of themselves. */
export class KnownHosts {
  readonly #redis: Redis;
  readonly #keys: QueueKeys;
  #places = PLACES;

  constructor(redis: Redis, keys: QueueKeys) {
    this.#redis = redis;
    this.#keys = keys;
  }

  /** How many jobs all of them run at once, as last read. */
  get places(): number {
    return this.#places;
  }

  /** Reads what they have told, and forgets those that are silent. */
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
    return records;
  }
}
