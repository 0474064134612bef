import { wrongType } from '../../base/check/argument-errors.js';
import { define } from '../../base/define.js';
import { describe } from '../../errors.js';
import { type FlowInput, isElsewhere } from '../codec/job-data.js';
import { decodeValue } from '../codec/value-codec.js';
import { JobLostError } from '../errors.js';
import type { QueueKeys } from '../redis/keys.js';
import { isEncoded } from '../redis/record.js';
import type { ScriptedRedis } from '../redis/scripts.js';
import type { HostRun } from './host-run.js';

/** Where arguments are stored that are not in the record of their job. */
interface JobStore {
  readonly redis: ScriptedRedis;
  readonly keys: QueueKeys;
}

/**
 * Returns the arguments of a job; for a plain job, its data.
 *
 * @throws {JobLostError} if they are gone from Redis.
 * @throws {TypeError} if they are no list.
 */
export async function readArgs(run: HostRun, store: JobStore): Promise<readonly unknown[]> {
  const { data, bull } = run;
  if (data === undefined) return [bull.data];
  const args = decodeValue(isElsewhere(data.a) ? await readBlob(run, store) : data.a, 'args');
  if (!Array.isArray(args)) throw wrongType(`run job '${bull.name}'`, 'its arguments must be a list', describe(args));
  if (data.o?.i !== undefined) await putInputs(args, run, store);
  return args;
}

/** Puts the results of the jobs before a job into its arguments. BullMQ keeps them beside the record of the job. */
async function putInputs(args: object, { id, bull, data }: HostRun, { redis, keys }: JobStore): Promise<void> {
  const action = `run job '${bull.name}'`;
  const inputs: unknown = data?.o?.i;
  if (!Array.isArray(inputs) || !inputs.every(isInput))
    throw wrongType(action, 'its inputs must be a list of [path, id]', describe(inputs));
  const ids = [...new Set(inputs.map(([, other]) => other))];
  const texts = ids.length === 0 ? [] : await redis.hmget(keys.children(id), ...ids.map((other) => keys.job(other)));
  const results = new Map<string, unknown>();
  for (const [index, other] of ids.entries()) {
    const text = texts[index];
    if (text == null)
      throw new JobLostError(
        `Cannot ${action} (id ${id}): the result of job ${other}, which it needs, is gone from Redis`,
      );
    const value: unknown = JSON.parse(text);
    results.set(other, isEncoded(value) ? decodeValue(value, 'result') : value);
  }
  for (const [path, other] of inputs) put(args, path, results.get(other), action);
}

/** @throws {TypeError} if there is no such place: the path comes from Redis. */
function put(args: object, path: readonly string[], value: unknown, action: string): void {
  let at: unknown = args;
  for (const [index, key] of path.entries()) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key))
      throw wrongType(action, 'the paths of its inputs must lead into its arguments', describe(path));
    if (index === path.length - 1) define(at, key, value);
    else at = (at as Record<string, unknown>)[key];
  }
}

function isInput(value: unknown): value is FlowInput {
  if (!Array.isArray(value)) return false;
  const [path, id] = value as readonly unknown[];
  return Array.isArray(path) && path.every((key) => typeof key === 'string') && typeof id === 'string';
}

async function readBlob({ id, bull }: HostRun, { redis, keys }: JobStore): Promise<unknown> {
  const text = await redis.get(keys.blob(id));
  if (text !== null) return JSON.parse(text);
  throw new JobLostError(`Cannot run job '${bull.name}' (id ${id}): its arguments are gone from Redis`);
}
