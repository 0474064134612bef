import { hostname } from 'node:os';
import { mustBe } from '../../base/check/argument-errors.js';
import {
  checkBoolean,
  checkCount,
  checkMs,
  checkObject,
  checkOneOf,
  checkPositiveMs,
  checkText,
} from '../../base/check/values.js';
import { checkLogger, type Logger } from '../../core/options/logger.js';
import type { ThreadPoolOptions } from '../../core/options/options.js';
import { ThreadPool } from '../../core/pool.js';
import { closedError } from '../../core/pool-state.js';
import { checkQueueOptions, type QueueOptions, type QueueSettings } from '../queue-options.js';
import { type HostTaskList, HostTasks } from './host-tasks.js';

/** How many BullMQ jobs a host fetches ahead for each worker, by default. */
const WINDOW_PER_WORKER = 4;
const ACTION = 'create cluster host';

/** Options of a host besides those of its pool. */
interface OwnOptions extends QueueOptions {
  /** What the host runs: a `taskModule`, or `{ name: task | { task, retryIf, concurrency } }`. */
  readonly tasks: HostTaskList;
  /**
   * A pool to run jobs on, shared with local work and not shut down by the host, which leaves the queue if somebody else does. Default:
   * one made of the other options.
   */
  readonly pool?: ThreadPool | undefined;
  /**
   * How many jobs are fetched and unsettled at once; `'exact'`: as many as there are workers. Default: 4 for each worker.
   */
  readonly window?: number | 'exact' | undefined;
  /** How long a job is locked for its host, in ms: the lock is renewed while the host lives. Default: 10 000. */
  readonly lockMs?: number | undefined;
  /** How often hosts look for jobs whose lock has expired, in ms. Default: 5 000. */
  readonly stalledMs?: number | undefined;
  /** How many hosts a job may take down before it fails with a `HostLostError`. Default: 3. */
  readonly maxCrashes?: number | undefined;
  /** How long running jobs may go on when the host drains, in ms, before they are given back. Default: 30 000. */
  readonly drainMs?: number | undefined;
  /**
   * What becomes of a job whose task this host lacks: it goes back for 5 s, 20 times, and then fails with a
   * `TaskNotFoundError`; or it fails at once. Default: `'defer'`.
   */
  readonly unknownTask?: 'defer' | 'fail' | undefined;
  /** Whether jobs of plain BullMQ producers run, as `task(job.data)`. Default: true. */
  readonly plainJobs?: boolean | undefined;
  /** The host's name in `hostId`. Default: `hostname-pid`. */
  readonly id?: string | undefined;
}

/** Options of a host: its queue, its tasks, and its pool of threads. */
export interface ClusterHostOptions extends OwnOptions, ThreadPoolOptions {}

/** The options with their defaults, checked. */
export interface ClusterHostSettings extends QueueSettings {
  readonly tasks: HostTasks;
  readonly pool: ThreadPool;
  /** Whether the pool was made for the host, and ends with it. */
  readonly ownsPool: boolean;
  readonly window: number;
  readonly lockMs: number;
  readonly stalledMs: number;
  readonly maxCrashes: number;
  readonly drainMs: number;
  readonly unknownTask: 'defer' | 'fail';
  readonly plainJobs: boolean;
  readonly logger: Logger | undefined;
  readonly id: string;
}

/**
 * Reads the options, and makes the pool unless one is given.
 *
 * @throws {TypeError | RangeError} that names the option, the rule and the value received.
 * @throws {PoolClosedError} if the pool that is given is shut down.
 */
export function resolveClusterHostOptions(options: unknown): ClusterHostSettings {
  const given = checkObject(options, 'options', ACTION) as { readonly [K in keyof ClusterHostOptions]?: unknown };
  const {
    connection,
    queue,
    prefix,
    tasks,
    pool: givenPool,
    window,
    lockMs,
    stalledMs,
    maxCrashes,
    drainMs,
    ...more
  } = given;
  const { unknownTask, plainJobs, id, ...poolOptions } = more;
  if (givenPool !== undefined && !(givenPool instanceof ThreadPool))
    throw mustBe('a ThreadPool', givenPool, 'pool', ACTION);
  if (givenPool !== undefined && isShutDown(givenPool)) throw closedError(ACTION);
  const { logger } = poolOptions;
  checkLogger(logger, ACTION);
  const settings = {
    ...checkQueueOptions({ connection, queue, prefix }, ACTION),
    tasks: new HostTasks(tasks),
    lockMs: checkPositiveMs(lockMs ?? 10_000, 'lockMs', ACTION),
    stalledMs: checkPositiveMs(stalledMs ?? 5_000, 'stalledMs', ACTION),
    maxCrashes: checkCount(maxCrashes ?? 3, { name: 'maxCrashes', from: 0, action: ACTION }),
    drainMs: checkMs(drainMs ?? 30_000, 'drainMs', ACTION),
    unknownTask: checkOneOf(unknownTask ?? 'defer', ['defer', 'fail'] as const, 'unknownTask', ACTION),
    plainJobs: checkBoolean(plainJobs ?? true, 'plainJobs', ACTION),
    logger,
    id: checkText(id ?? `${hostname()}-${process.pid}`, 'id', ACTION),
  };
  if (window !== undefined && window !== 'exact')
    checkCount(window, { name: 'window', from: 1, to: 100_000, action: ACTION });
  // last, as it may start threads
  const pool = givenPool ?? new ThreadPool(poolOptions as ThreadPoolOptions);
  const workers = pool.maxWorkers;
  return {
    ...settings,
    pool,
    ownsPool: givenPool === undefined,
    window: window === 'exact' ? workers : ((window as number | undefined) ?? WINDOW_PER_WORKER * workers),
  };
}

/** Whether a pool takes no more jobs. One that is paused does. */
export function isShutDown({ state }: ThreadPool): boolean {
  return state === 'draining' || state === 'closed';
}
