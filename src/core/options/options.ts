import { availableParallelism } from 'node:os';
import { wrongType } from '../../base/check/argument-errors.js';
import { optionNames, readOptions } from '../../base/check/options.js';
import { checkSupported } from '../../base/check/support.js';
import {
  checkArray,
  checkBoolean,
  checkFunction,
  checkInteger,
  checkMs,
  checkObject,
  checkOneOf,
  checkText,
} from '../../base/check/values.js';
import { type ContextStores, checkContext } from '../../base/context-stores.js';
import type { CurrentJob } from '../../contract/current-job.js';
import type { PoolFunction, PoolFunctions } from '../../contract/pool-functions.js';
import type { ModuleTask, Task } from '../../jobs/task.js';
import { NO_ARGS, type TaskRef } from '../../jobs/task-ref.js';
import { type AgingOptions, type AgingSettings, resolveAging } from './aging-options.js';
import { checkLogger, type Logger } from './logger.js';
import type { PoolKind } from './pool-kind.js';
import { type RecycleOptions, type RecycleSettings, readRecycle } from './recycle-options.js';
import { checkReserved, type ReservedWorkers } from './reserved-workers.js';
import { checkTask, type TaskCall } from './task-call.js';
import { readThreadOptions, THREAD_OPTIONS, type ThreadOptions } from './thread-options.js';

/** A function `(job, next) => next()`, or a task of a `taskModule` that is one. */
export type AroundTask = ((job: CurrentJob, next: () => unknown) => unknown) | ModuleTask;

/** Options of a pool, all of which may be left out. */
export interface ThreadPoolOptions extends ThreadOptions {
  /**
   * Where jobs run: on threads (`'thread'`); in a child process per worker, for native code that may crash
   * (`'process'`); or, for unit tests, on the calling thread, with the same cloning (`'inline'`). Default: `'thread'`.
   */
  readonly kind?: PoolKind | undefined;
  /** Maximum number of workers. 0 or less is added to `os.availableParallelism()`; at least 1. Default: 0. */
  readonly maxWorkers?: number | undefined;
  /** How many workers are started at once and kept. Default: 0, so that workers start on demand. */
  readonly minWorkers?: number | undefined;
  /**
   * How long a worker may be idle, in milliseconds, before it ends, unless it is one of `minWorkers`. Default: 30 000.
   */
  readonly idleTimeoutMs?: number | undefined;
  /** How many jobs one worker runs at once, for async tasks. Default: 1. */
  readonly concurrency?: number | undefined;
  /**
   * How long a job that was asked to stop may run on, in milliseconds, before its thread is replaced. 0 ends the thread
   * at once, `Infinity` never does. Default: 1 000.
   */
  readonly graceMs?: number | undefined;
  /** Maximum number of waiting jobs, in addition to those that run or could run at once. Default: `Infinity`. */
  readonly maxQueue?: number | undefined;
  /**
   * Which job settles FAILED with a `QueueFullError` when another is submitted to a full queue: the new one, the oldest
   * waiting one, or the least urgent. Default: `'reject'`.
   */
  readonly overflow?: 'reject' | 'dropOldest' | 'dropLowest' | undefined;
  /**
   * Keeps workers free for urgent jobs: jobs of a priority below `atLeast` may occupy at most `maxWorkers` minus `workers`
   * workers at once. Several entries add up. Default: none.
   */
  readonly reserved?: readonly ReservedWorkers[] | undefined;
  /** A task that runs in each worker before its first job. If it fails, the start of the worker has failed. Default: none. */
  readonly setup?: Task | undefined;
  /** The arguments of `setup`, cloned for each worker: leave them unchanged. Default: none. */
  readonly setupArgs?: readonly unknown[] | undefined;
  /** A task that runs in each worker that was set up, before it ends in order, for at most `graceMs`. Default: none. */
  readonly teardown?: Task | undefined;
  /**
   * A task that runs in the worker around every job, called with the job and a function that runs it: `(job, next) => next()`. What
   * it returns is the job's result. For tracing, logging context, timing. Default: none.
   */
  readonly around?: AroundTask | undefined;
  /** When workers are replaced by new ones: after a number of jobs, after a time, or when their heap has grown. Default: never. */
  readonly recycle?: RecycleOptions | undefined;
  /** Raises the priority of jobs while they wait, so that none waits forever: `{ everyMs, step }`. Default: off. */
  readonly aging?: AgingOptions | undefined;
  /** Whether the stack of a job's error ends with the line that submitted it, at the cost of a stack per job. Default: false. */
  readonly submitStacks?: boolean | undefined;
  /**
   * `AsyncLocalStorage`s by name, like the job option `context`, but for every job; a job's own win. Default: none.
   */
  readonly context?: ContextStores | undefined;
  /** Receives what an operator wants to know, each as one string: `console`, a pino logger. Default: none. */
  readonly logger?: Logger | undefined;
  /**
   * What tasks may ask of the thread that makes the pool: they call these functions by `currentJob().call` and `callSync`.
   * Arguments and results are cloned. Default: none.
   */
  readonly functions?: PoolFunctions | undefined;
  /** Prefix of the threads' names. Default: `thread-system`. */
  readonly name?: string | undefined;
}

/** The options with their defaults, checked. */
export interface PoolSettings {
  readonly kind: PoolKind;
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
  readonly around: TaskRef | undefined;
  readonly recycle: RecycleSettings | undefined;
  readonly aging: AgingSettings | undefined;
  readonly submitStacks: boolean;
  readonly context: ContextStores | undefined;
  readonly logger: Logger | undefined;
  readonly functions: ReadonlyMap<string, PoolFunction>;
  readonly name: string;
  readonly thread: ThreadOptions;
}

const POOL_OPTIONS = optionNames<ThreadPoolOptions>({
  kind: true,
  maxWorkers: true,
  minWorkers: true,
  idleTimeoutMs: true,
  concurrency: true,
  graceMs: true,
  maxQueue: true,
  overflow: true,
  reserved: true,
  setup: true,
  setupArgs: true,
  teardown: true,
  around: true,
  recycle: true,
  aging: true,
  submitStacks: true,
  context: true,
  logger: true,
  functions: true,
  name: true,
  ...THREAD_OPTIONS,
});
/** Highest `concurrency`: a worker also needs slots for jobs that it has not begun. */
const MAX_CONCURRENCY = 1024;
const ACTION = 'create pool';
const KINDS = ['thread', 'process', 'inline'] as const;
const OVERFLOWS = ['reject', 'dropOldest', 'dropLowest'] as const;

/** @throws {TypeError | RangeError} that names the option, the rule and the value received. */
export function resolvePoolOptions(options: unknown): PoolSettings {
  const given = readOptions(options, POOL_OPTIONS, ACTION);
  const { maxWorkers: most, minWorkers = 0, concurrency = 1, logger, teardown, around, aging } = given;
  const maxWorkers = most === undefined ? availableParallelism() : toMaxWorkers(most, ACTION);
  const kind = checkOneOf(given.kind ?? 'thread', KINDS, 'kind', ACTION);
  if (kind === 'process') checkSupported('processes', "kind 'process'", ACTION);
  checkLogger(logger, ACTION);
  return {
    kind,
    maxWorkers,
    minWorkers: checkInteger(minWorkers, 'minWorkers', { from: 0, to: maxWorkers }, ACTION),
    concurrency: checkInteger(concurrency, 'concurrency', { from: 1, to: MAX_CONCURRENCY }, ACTION),
    name: checkText(given.name ?? 'thread-system', 'name', ACTION),
    idleTimeoutMs: checkMs(given.idleTimeoutMs ?? 30_000, 'idleTimeoutMs', ACTION),
    graceMs: checkMs(given.graceMs ?? 1_000, 'graceMs', ACTION),
    maxQueue: checkMaxQueue(given.maxQueue ?? Number.POSITIVE_INFINITY),
    overflow: checkOneOf(given.overflow ?? 'reject', OVERFLOWS, 'overflow', ACTION),
    reserved: checkReserved(given.reserved, maxWorkers),
    setup: checkSetup(given.setup, given.setupArgs),
    teardown: teardown === undefined ? undefined : checkTask(teardown, ACTION, 'teardown'),
    around: around === undefined ? undefined : checkTask(around, ACTION, 'around'),
    recycle: readRecycle(given.recycle, kind, ACTION),
    aging: aging === undefined ? undefined : resolveAging(aging, ACTION),
    submitStacks: checkBoolean(given.submitStacks ?? false, 'submitStacks', ACTION),
    context: given.context === undefined ? undefined : checkContext(given.context, ACTION),
    logger,
    functions: readFunctions(given.functions),
    thread: readThreadOptions(given, kind, ACTION),
  };
}

function readFunctions(value: unknown): ReadonlyMap<string, PoolFunction> {
  const functions = new Map<string, PoolFunction>();
  if (value === undefined) return functions;
  for (const [name, fn] of Object.entries(checkObject(value, 'functions', ACTION))) {
    checkFunction<PoolFunction>(fn, `functions.${name}`, ACTION);
    functions.set(name, fn);
  }
  return functions;
}

function checkSetup(setup: unknown, args: unknown): TaskCall | undefined {
  const list = args === undefined ? NO_ARGS : checkArray(args, 'setupArgs', ACTION);
  if (setup !== undefined) return { task: checkTask(setup, ACTION, 'setup'), args: list };
  if (args === undefined) return undefined;
  throw wrongType(ACTION, 'setupArgs must come with setup', 'setup undefined');
}

function checkMaxQueue(value: unknown): number {
  if (value === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
  return checkInteger(value, 'maxQueue', { from: 0, to: Number.MAX_SAFE_INTEGER }, ACTION);
}

/** @throws {TypeError | RangeError} that names the option, the rule and the value received. */
export function toMaxWorkers(value: unknown, action: string): number {
  const limits = { from: -Number.MAX_SAFE_INTEGER, to: Number.MAX_SAFE_INTEGER };
  const count = checkInteger(value, 'maxWorkers', limits, action);
  return count > 0 ? count : Math.max(1, availableParallelism() + count);
}
