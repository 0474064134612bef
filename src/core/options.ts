import { availableParallelism } from 'node:os';
import { type ResourceLimits, SHARE_ENV, type Worker } from 'node:worker_threads';
import { describe } from '../errors.js';
import { checkOptionNames } from '../jobs/option-names.js';
import { NO_ARGS, type Task, type TaskRef } from '../jobs/task.js';
import { checkMs } from '../sync/timer.js';
import { type AgingOptions, type AgingSettings, resolveAging } from './aging.js';
import { checkLogger, type Logger } from './logger.js';
import { checkReserved, type ReservedWorkers } from './reserved-workers.js';
import { checkTask, type TaskCall } from './task-call.js';

export interface ThreadPoolOptions {
  /**
   * Where jobs run: on threads; each worker in a child process of its own, for native code that may crash; or, for unit
   * tests, on the calling thread, with the same cloning. Default: `'thread'`.
   */
  readonly kind?: 'thread' | 'process' | 'inline' | undefined;
  /** How many threads at most. Default: `os.availableParallelism()`; 0 or negative: that plus the value, at least 1. */
  readonly maxWorkers?: number | undefined;
  /** How many are kept, started at once. Default: 0, workers start on demand. */
  readonly minWorkers?: number | undefined;
  /** A worker idle for so long, above `minWorkers`, ends. Default: 30 000. */
  readonly idleTimeoutMs?: number | undefined;
  /** How many jobs one worker has open at once: for async tasks. Default: 1. */
  readonly concurrency?: number | undefined;
  /**
   * How long a cancelled running job may go on before its thread is replaced. Default: 1 000; 0 ends the thread at once,
   * `Infinity` never does.
   */
  readonly graceMs?: number | undefined;
  /** How many jobs may wait at most, those besides that run or could run at once. Default: `Infinity`. */
  readonly maxQueue?: number | undefined;
  /**
   * Which job settles FAILED with a `QueueFullError` when a full queue is given another: that one, the oldest that waits, or
   * the least urgent. Default: `'reject'`.
   */
  readonly overflow?: 'reject' | 'dropOldest' | 'dropLowest' | undefined;
  /**
   * Keeps workers free for urgent jobs: those of a priority below `atLeast` may have at most `maxWorkers` less `workers` of
   * them at once. Several add up. Default: none.
   */
  readonly reserved?: readonly ReservedWorkers[] | undefined;
  /** A task that runs in each worker before its first job. Where it fails the worker could not be started. */
  readonly setup?: Task | undefined;
  /** Its arguments, cloned for each worker: leave them unchanged. */
  readonly setupArgs?: readonly unknown[] | undefined;
  /** A task that runs in each worker that has been set up before it ends in order, for at most `graceMs`. */
  readonly teardown?: Task | undefined;
  /** Lets jobs rise while they wait, so that the less urgent have their turn too: `{ everyMs, step }`. Default: off. */
  readonly aging?: AgingOptions | undefined;
  /** Whether the stack of a job's error ends with the line that submitted it. It costs a stack a job. Default: false. */
  readonly submitStacks?: boolean | undefined;
  /** Is told, in one line each, what a supervisor wants to know: `console`, a logger of pino. Default: none. */
  readonly logger?: Logger | undefined;
  /** Prefix of the threads' names. Default: `thread-system`. */
  readonly name?: string | undefined;
  /** As of `node:worker_threads`. */
  readonly resourceLimits?: ResourceLimits | undefined;
  /** As of `node:worker_threads`. Default: a copy of this thread's. */
  readonly env?: Readonly<Record<string, string | undefined>> | typeof SHARE_ENV | undefined;
  /** As of `node:worker_threads`. Default: this thread's. */
  readonly execArgv?: readonly string[] | undefined;
  /** Makes a worker, for bundlers that must see `new Worker(new URL(…))`: its file imports `thread-system/pool-worker`. */
  readonly worker?: (() => Worker) | undefined;
}

/** The options with their defaults, checked. */
export interface PoolSettings {
  readonly kind: 'thread' | 'process' | 'inline';
  readonly maxWorkers: number;
  readonly minWorkers: number;
  readonly idleTimeoutMs: number;
  readonly concurrency: number;
  readonly graceMs: number;
  readonly maxQueue: number;
  readonly overflow: 'reject' | 'dropOldest' | 'dropLowest';
  readonly reserved: readonly ReservedWorkers[];
  readonly setup: TaskCall | undefined;
  readonly teardown: TaskRef | undefined;
  readonly aging: AgingSettings | undefined;
  readonly submitStacks: boolean;
  readonly logger: Logger | undefined;
  readonly name: string;
  readonly thread: Pick<ThreadPoolOptions, 'resourceLimits' | 'env' | 'execArgv' | 'worker'>;
}

const KNOWN: ReadonlySet<string> = new Set([
  ...[
    'maxWorkers',
    'kind',
    'minWorkers',
    'idleTimeoutMs',
    'concurrency',
    'graceMs',
    'maxQueue',
    'overflow',
    'aging',
    'submitStacks',
    'logger',
    'name',
  ],
  ...['resourceLimits', 'env', 'execArgv', 'worker', 'reserved', 'setup', 'setupArgs', 'teardown'],
]);
/** A worker's slots are for jobs not begun, too. */
const MAX_CONCURRENCY = 1024;
const ACTION = 'create pool';
const KINDS = ['thread', 'process', 'inline'];
const OVERFLOWS = ['reject', 'dropOldest', 'dropLowest'];

/** @throws {TypeError} or {RangeError} that names the option, the rule and the value received. */
export function resolvePoolOptions(options: ThreadPoolOptions): PoolSettings {
  checkOptionNames(options, KNOWN, ACTION);
  const maxWorkers = resolveMaxWorkers(options.maxWorkers);
  const minWorkers = checkInteger(options.minWorkers ?? 0, 'minWorkers', { from: 0, to: maxWorkers });
  const concurrency = checkInteger(options.concurrency ?? 1, 'concurrency', { from: 1, to: MAX_CONCURRENCY });
  const { name = 'thread-system' } = options;
  if (typeof name !== 'string' || name === '')
    throw new TypeError(`Cannot ${ACTION}: name must be a string that is not empty, received ${describe(name)}`);
  checkObject(options.resourceLimits, 'resourceLimits');
  if (options.env !== SHARE_ENV) checkObject(options.env, 'env');
  const { execArgv, worker, resourceLimits, env, overflow = 'reject', submitStacks = false } = options;
  if (!OVERFLOWS.includes(overflow))
    throw new TypeError(
      `Cannot ${ACTION}: overflow must be one of ${OVERFLOWS.join(', ')}, received ${describe(overflow)}`,
    );
  if (typeof submitStacks !== 'boolean')
    throw new TypeError(`Cannot ${ACTION}: submitStacks must be a boolean, received ${describe(submitStacks)}`);
  if (execArgv !== undefined && !(Array.isArray(execArgv) && execArgv.every((flag) => typeof flag === 'string')))
    throw new TypeError(`Cannot ${ACTION}: execArgv must be an array of strings, received ${describe(execArgv)}`);
  if (worker !== undefined && typeof worker !== 'function')
    throw new TypeError(
      `Cannot ${ACTION}: worker must be a function that makes a Worker, received ${describe(worker)}`,
    );
  checkLogger(options.logger, ACTION);
  const { kind = 'thread' } = options;
  if (!KINDS.includes(kind))
    throw new TypeError(`Cannot ${ACTION}: kind must be one of ${KINDS.join(', ')}, received ${describe(kind)}`);
  return {
    kind,
    maxWorkers,
    minWorkers,
    concurrency,
    name,
    idleTimeoutMs: checkMs(options.idleTimeoutMs ?? 30_000, 'idleTimeoutMs', ACTION),
    graceMs: checkMs(options.graceMs ?? 1_000, 'graceMs', ACTION),
    maxQueue: checkMaxQueue(options.maxQueue ?? Number.POSITIVE_INFINITY),
    overflow,
    reserved: checkReserved(options.reserved, maxWorkers),
    setup: checkSetup(options.setup, options.setupArgs),
    teardown: options.teardown === undefined ? undefined : checkTask(options.teardown, ACTION, 'teardown'),
    aging: options.aging === undefined ? undefined : resolveAging(options.aging, ACTION),
    submitStacks,
    logger: options.logger,
    thread: { resourceLimits, env, execArgv, worker },
  };
}

function checkSetup(setup: unknown, args: unknown): TaskCall | undefined {
  if (args !== undefined && !Array.isArray(args))
    throw new TypeError(`Cannot ${ACTION}: setupArgs must be an array, received ${describe(args)}`);
  if (setup !== undefined) return { task: checkTask(setup, ACTION, 'setup'), args: args ?? NO_ARGS };
  if (args === undefined) return undefined;
  throw new TypeError(`Cannot ${ACTION}: setupArgs must come with setup, received setup undefined`);
}

function checkMaxQueue(value: unknown): number {
  if (value === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
  return checkInteger(value, 'maxQueue', { from: 0, to: Number.MAX_SAFE_INTEGER });
}

/** @throws {TypeError} or {RangeError} that names the option, the rule and the value received. */
export function resolveMaxWorkers(value: unknown, action = ACTION): number {
  if (value === undefined) return availableParallelism();
  const limits = { from: -Number.MAX_SAFE_INTEGER, to: Number.MAX_SAFE_INTEGER };
  const count = checkInteger(value, 'maxWorkers', limits, action);
  return count > 0 ? count : Math.max(1, availableParallelism() + count);
}

/** @throws {TypeError} or {RangeError} that names the option, the rule and the value received. */
export function checkInteger(
  value: unknown,
  name: string,
  limits: { readonly from: number; readonly to: number },
  action = ACTION,
): number {
  if (typeof value !== 'number')
    throw new TypeError(`Cannot ${action}: ${name} must be an integer, received ${describe(value)}`);
  if (!Number.isSafeInteger(value))
    throw new RangeError(`Cannot ${action}: ${name} must be an integer, received ${value}`);
  if (value < limits.from || value > limits.to)
    throw new RangeError(`Cannot ${action}: ${name} must be from ${limits.from} to ${limits.to}, received ${value}`);
  return value;
}

function checkObject(value: unknown, name: string): void {
  if (value !== undefined && (typeof value !== 'object' || value === null))
    throw new TypeError(`Cannot ${ACTION}: ${name} must be an object, received ${describe(value)}`);
}
