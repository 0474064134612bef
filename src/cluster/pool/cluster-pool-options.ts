import { mustBeWithin } from '../../base/check/argument-errors.js';
import { optionNames, readOptions } from '../../base/check/options.js';
import { checkCount, checkNumber, checkOneOf, checkPositiveMs, checkText } from '../../base/check/values.js';
import { checkLogger, type Logger } from '../../core/options/logger.js';
import { MAX_PAYLOAD } from '../codec/value-codec.js';
import { checkQueueOptions, type QueueOptions, type QueueSettings } from '../queue-options.js';
import type { BatchSettings } from './batcher.js';

/** How many times `sweepMs` a record must be kept at least, so that a sweep finds it. */
const SWEEPS = 4;
/** Longest time for which a record is kept, in seconds. */
const FOREVER = 2 ** 31;
const ACTION = 'create cluster pool';

/** Options of a submitter: its queue, and how jobs go there. */
export interface ClusterPoolOptions extends QueueOptions {
  /**
   * Small jobs that are alike and are submitted in the same turn of the event loop share one BullMQ job: `max` of them at most,
   * with `maxBytes` of encoded arguments. `false`: never. Default: `{ max: 32, maxBytes: 65_536 }`.
   */
  readonly batch?: BatchOptions | false | undefined;
  /** How many pipelines of at most 250 jobs are under way to Redis at once. Default: 4. */
  readonly inFlight?: number | undefined;
  /**
   * How many jobs of the queue may wait. Those of this pool are known; those of others are counted every 250 ms. Default:
   * `Infinity`.
   */
  readonly maxQueue?: number | undefined;
  /**
   * What happens to a job that is submitted to a full queue: it settles FAILED with a `QueueFullError`. Default: `'reject'`.
   */
  readonly overflow?: 'reject' | undefined;
  /** Size of encoded arguments, in bytes, beyond which they are stored under a key of their own. Default: 65 536. */
  readonly maxInline?: number | undefined;
  /** Largest size of encoded arguments, in bytes. Default: 32 MB. */
  readonly maxPayload?: number | undefined;
  /** How long the record of a completed job is kept, in seconds; at least 4 × `sweepMs`. Default: 3 600. */
  readonly keepResults?: number | undefined;
  /** How long the record of a failed or cancelled job is kept, in seconds; at least 4 × `sweepMs`. Default: 86 400. */
  readonly keepFailures?: number | undefined;
  /** How long nothing is heard of a job, in ms, before its record is read. Default: 30 000. */
  readonly sweepMs?: number | undefined;
  /**
   * What becomes of a job whose record is gone: it settles FAILED with a `JobLostError`, or is added again under its id, at
   * most 3 times. Default: `'fail'`.
   */
  readonly onLost?: 'fail' | 'resubmit' | undefined;
  /**
   * How long Redis may take to accept a job, in ms, and how long it may be away while a shutdown cancels jobs. After that the
   * job settles FAILED with a `ClusterUnavailableError`. `Infinity` waits. Default: 10 000.
   */
  readonly connectTimeoutMs?: number | undefined;
  /** Receives what an operator should know, one line each: `console`, a pino logger. Default: none. */
  readonly logger?: Logger | undefined;
  /** Name of the pool in what it logs. Default: `cluster`. */
  readonly name?: string | undefined;
}

/** How small jobs share one BullMQ job. */
export interface BatchOptions {
  /** How many jobs share one BullMQ job at most. Default: 32. */
  readonly max?: number | undefined;
  /** How many bytes their encoded arguments may have together. Default: 65 536. */
  readonly maxBytes?: number | undefined;
}

/** The options with their defaults, checked. */
export interface ClusterPoolSettings extends QueueSettings {
  readonly batch: BatchSettings;
  readonly inFlight: number;
  readonly maxQueue: number;
  readonly maxInline: number;
  readonly maxPayload: number;
  /** In seconds, like the next. */
  readonly keepResults: number;
  readonly keepFailures: number;
  readonly sweepMs: number;
  readonly onLost: 'fail' | 'resubmit';
  readonly connectTimeoutMs: number;
  readonly logger: Logger | undefined;
  readonly name: string;
}

const NAMES = optionNames<ClusterPoolOptions>({
  connection: true,
  queue: true,
  prefix: true,
  batch: true,
  inFlight: true,
  maxQueue: true,
  overflow: true,
  maxInline: true,
  maxPayload: true,
  keepResults: true,
  keepFailures: true,
  sweepMs: true,
  onLost: true,
  connectTimeoutMs: true,
  logger: true,
  name: true,
});

/** @throws {TypeError | RangeError} that names the option, the rule and the value received. */
export function resolveClusterPoolOptions(options: unknown): ClusterPoolSettings {
  const given = readOptions<ClusterPoolOptions>(options ?? {}, NAMES, ACTION);
  const { logger, overflow } = given;
  checkLogger(logger, ACTION);
  if (overflow !== undefined) checkOneOf(overflow, ['reject'] as const, 'overflow', ACTION);
  const sweepMs = checkPositiveMs(given.sweepMs ?? 30_000, 'sweepMs', ACTION);
  const keep = (value: unknown, name: string, byDefault: number): number => {
    const least = (SWEEPS * sweepMs) / 1000;
    const seconds = checkNumber(value ?? Math.max(byDefault, least), name, ACTION);
    if (!(seconds >= least))
      throw mustBeWithin(`at least ${least} seconds, ${SWEEPS} x sweepMs`, seconds, name, ACTION);
    return Math.min(Math.ceil(seconds), FOREVER);
  };
  const maxPayload = checkCount(given.maxPayload ?? MAX_PAYLOAD, { name: 'maxPayload', from: 1, action: ACTION });
  return {
    ...checkQueueOptions(given, ACTION),
    batch: checkBatch(given.batch),
    inFlight: checkCount(given.inFlight ?? 4, { name: 'inFlight', from: 1, to: 1_000, action: ACTION }),
    maxQueue: checkMaxQueue(given.maxQueue ?? Number.POSITIVE_INFINITY),
    maxInline: checkCount(given.maxInline ?? 65_536, { name: 'maxInline', from: 0, action: ACTION }),
    maxPayload: Math.min(maxPayload, MAX_PAYLOAD),
    keepResults: keep(given.keepResults, 'keepResults', 3_600),
    keepFailures: keep(given.keepFailures, 'keepFailures', 86_400),
    sweepMs,
    onLost: checkOneOf(given.onLost ?? 'fail', ['fail', 'resubmit'] as const, 'onLost', ACTION),
    connectTimeoutMs: checkPositiveMs(given.connectTimeoutMs ?? 10_000, 'connectTimeoutMs', ACTION),
    logger,
    name: checkText(given.name ?? 'cluster', 'name', ACTION),
  };
}

function checkMaxQueue(value: unknown): number {
  if (value === Number.POSITIVE_INFINITY) return value;
  return checkCount(value, { name: 'maxQueue', from: 0, action: ACTION });
}

const BATCH = optionNames<BatchOptions>({ max: true, maxBytes: true }, 'batch.');

function checkBatch(value: unknown): BatchSettings {
  if (value === false) return { max: 1, maxBytes: 0 };
  const { max = 32, maxBytes = 65_536 } = readOptions<BatchOptions>(value, BATCH, ACTION);
  return {
    max: checkCount(max, { name: 'batch.max', from: 1, to: 10_000, action: ACTION }),
    maxBytes: checkCount(maxBytes, { name: 'batch.maxBytes', from: 1, action: ACTION }),
  };
}
