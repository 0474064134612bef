import { wrongValue } from '../base/check/argument-errors.js';
import { checkString } from '../base/check/values.js';
import { describe } from '../errors.js';
import { type ClusterConnection, checkConnection, isRedisCluster } from './redis/connections.js';
import { QueueKeys } from './redis/keys.js';

/** Options that say which queue on which Redis a pool or host is for. */
export interface QueueOptions {
  /** A URL, options of ioredis, or a `Redis` or `Cluster` of ioredis, which is duplicated and never closed. */
  readonly connection: ClusterConnection;
  /** Name of the queue: letters, digits, `-`, `_` and `.`. */
  readonly queue: string;
  /** Prefix of BullMQ's keys. Default: `'bull'`. With a `Cluster` it needs a part in braces, such as `'{bull}'`. */
  readonly prefix?: string | undefined;
}

/** The options, checked. */
export interface QueueSettings {
  readonly connection: ClusterConnection;
  readonly keys: QueueKeys;
}

/** @throws {TypeError | RangeError} that names the option, the rule and the value received. */
export function checkQueueOptions(
  { connection, queue, prefix = 'bull' }: { readonly [K in keyof QueueOptions]?: unknown },
  action: string,
): QueueSettings {
  checkString(queue, 'queue', action);
  if (!/^[\w.-]+$/.test(queue as string))
    throw wrongValue(action, 'queue must be letters, digits, -, _ and . only', describe(queue));
  checkString(prefix, 'prefix', action);
  if (!/^[^\s:]+$/.test(prefix as string))
    throw wrongValue(action, 'prefix must have neither a colon nor white space, and not be empty', describe(prefix));
  const checked = checkConnection(connection, action);
  if (isRedisCluster(checked) && !/\{[^{}]+\}/.test(prefix as string))
    throw wrongValue(
      action,
      "prefix must have a part in braces, such as '{bull}', on a Redis Cluster",
      describe(prefix),
    );
  return {
    connection: checked,
    keys: new QueueKeys(prefix as string, queue as string),
  };
}
