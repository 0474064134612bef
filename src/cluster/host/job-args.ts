import { wrongType } from '../../base/check/argument-errors.js';
import { describe } from '../../errors.js';
import { isElsewhere } from '../codec/job-data.js';
import { decodeValue } from '../codec/value-codec.js';
import { JobLostError } from '../errors.js';
import type { QueueKeys } from '../redis/keys.js';
import type { ScriptedRedis } from '../redis/scripts.js';
import type { HostRun } from './host-run.js';

/** Where arguments are stored that are too large for the record of their job. */
interface BlobStore {
  readonly redis: ScriptedRedis;
  readonly keys: QueueKeys;
}

/**
 * Returns the arguments of a job; for a plain job, its data.
 *
 * @throws {JobLostError} if they are gone from Redis.
 * @throws {TypeError} if they are no list.
 */
export async function readArgs(run: HostRun, store: BlobStore): Promise<readonly unknown[]> {
  const { data, bull } = run;
  if (data === undefined) return [bull.data];
  const args = decodeValue(isElsewhere(data.a) ? await readBlob(run, store) : data.a, 'args');
  if (Array.isArray(args)) return args;
  throw wrongType(`run job '${bull.name}'`, 'its arguments must be a list', describe(args));
}

async function readBlob({ id, bull }: HostRun, { redis, keys }: BlobStore): Promise<unknown> {
  const text = await redis.get(keys.blob(id));
  if (text !== null) return JSON.parse(text);
  throw new JobLostError(`Cannot run job '${bull.name}' (id ${id}): its arguments are gone from Redis`);
}
