import type { Redis } from 'ioredis';

/** Oldest version of Redis that has what is used: XTRIM MINID, ZADD with several flags. */
const OLDEST = [6, 2] as const;
/** How far clocks may be apart without a warning, in ms. */
const CLOCKS_APART_MS = 1_000;

/** The findings about a server. */
export interface Findings {
  /** Why it cannot be used at all. */
  readonly refusal: string | undefined;
  /** What an operator should know. */
  readonly warnings: readonly string[];
  /** How far its clock is ahead of this one, in ms. */
  readonly clockOffsetMs: number;
}

/** Examines the server once a connection is up. What the server does not let a client ask is left out. */
export async function examine(redis: Redis): Promise<Findings> {
  const [info, policy, offset] = await Promise.all([
    redis.info('server', 'persistence').catch(() => ''),
    configOf(redis, 'maxmemory-policy'),
    clockOffsetMs(redis),
  ]);
  const warnings: string[] = [];
  const version = /redis_version:(\d+)\.(\d+)/.exec(info);
  const [major, minor] = [Number(version?.[1] ?? OLDEST[0]), Number(version?.[2] ?? OLDEST[1])];
  const isTooOld = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
  if (/(redis|server)_mode:cluster/.test(info) && !redis.isCluster)
    warnings.push('Redis is a node of a Redis Cluster: give a Cluster of ioredis as connection, to reach all nodes');
  if (policy !== undefined && policy !== 'noeviction')
    warnings.push(`maxmemory-policy is '${policy}': Redis may drop jobs. Set it to noeviction`);
  if (/aof_enabled:0/.test(info)) warnings.push('Redis does not write an append-only file: a restart loses jobs');
  if (Math.abs(offset) > CLOCKS_APART_MS)
    warnings.push(
      `The clock of Redis is ${Math.round(offset)} ms ahead of this one: deadlines and delays are off by that`,
    );
  return {
    refusal: isTooOld ? `Redis ${major}.${minor} is too old: ${OLDEST.join('.')} is needed` : undefined,
    warnings,
    clockOffsetMs: offset,
  };
}

async function configOf(redis: Redis, name: string): Promise<string | undefined> {
  try {
    return ((await redis.config('GET', name)) as string[])[1];
  } catch {
    return undefined; // not allowed, which is so with many providers
  }
}

/** Returns how far the clock of Redis is ahead, in ms, to half a round trip. */
export async function clockOffsetMs(redis: Redis): Promise<number> {
  const sentAt = Date.now();
  try {
    const [seconds, micros] = await redis.time();
    return Number(seconds) * 1000 + Number(micros) / 1000 - (sentAt + Date.now()) / 2;
  } catch {
    return 0;
  }
}
