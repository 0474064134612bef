import type { QueueKeys } from '../redis/keys.js';
import type { Peers } from '../redis/peers.js';
import type { ScriptedRedis } from '../redis/scripts.js';
import type { HostRun } from './host-run.js';

/** Low half of a score in the set of waiting jobs: the rank among equals. */
const RANKS = 2 ** 32;

/** Puts jobs back that this host has fetched and will not run. */
export class GiveBack {
  readonly #peers: Peers;
  readonly #redis: ScriptedRedis;
  readonly #keys: QueueKeys;
  /** How many jobs were given back. */
  count = 0;

  constructor(peers: Peers, redis: ScriptedRedis, keys: QueueKeys) {
    this.#peers = peers;
    this.#redis = redis;
    this.#keys = keys;
  }

  /** The error that tells BullMQ that the job has been dealt with. */
  get done(): Error {
    return new this.#peers.bullmq.WaitingError();
  }

  /** Puts a job at the head of its priority, without using an attempt. Throws the error that tells BullMQ so. */
  async toHead(run: HostRun): Promise<never> {
    await run.bull.moveToWait(run.token);
    this.count++;
    // BullMQ wakes no host for a job that is put back
    await this.#redis.zadd(this.#keys.marker, 0, '0').catch(() => 0);
    throw this.done;
  }

  /** Puts a job back for `ms`, without using an attempt. */
  async forMs(run: HostRun, ms: number): Promise<never> {
    await run.bull.moveToDelayed(Date.now() + ms, run.token);
    this.count++;
    throw new this.#peers.bullmq.DelayedError();
  }

  /**
   * BullMQ puts a job whose host has died ahead of all others. Gives it back if a more urgent one waits, so that its
   * priority counts.
   */
  async keepOrder(run: HostRun): Promise<void> {
    const { bull } = run;
    if (bull.stalledCounter === 0 || bull.priority === 0) return;
    const [, score] = await this.#redis.zrange(this.#keys.prioritized, '0', '0', 'WITHSCORES');
    if (score !== undefined && Math.floor(Number(score) / RANKS) < bull.priority) await this.toHead(run);
  }
}
