import type { Job as BullJob } from 'bullmq';
import { type ContextValues, storesOf } from '../../base/context-stores.js';
import type { ThreadPool } from '../../core/pool.js';
import { PoolClosedError } from '../../errors.js';
import { Job } from '../../jobs/job.js';
import { setOrigin } from '../../jobs/job-engine.js';
import { type JobOptions, readJobOptions } from '../../jobs/job-options.js';
import type { Task } from '../../jobs/task.js';
import type { TaskRef } from '../../jobs/task-ref.js';
import type { JobDetails } from '../codec/job-data.js';
import { fromBullPriority, toBullPriority } from '../codec/priority.js';
import { readCarrier } from '../codec/trace-carrier.js';
import { decodeValue } from '../codec/value-codec.js';
import { CommonArgsCache } from './common-args-cache.js';
import type { HostRun } from './host-run.js';
import type { KnownHostTask } from './host-tasks.js';

/** A call to make: that of a job, or of a member of a batch. */
export interface LocalCall {
  /** The id by which its code and its submitter know it. */
  readonly id: string;
  readonly args: readonly unknown[];
  /** The headers of its trace, if it is a member of a batch and in one. */
  readonly headers?: string | null | undefined;
}

/** Makes jobs of the host's pool from the jobs that were fetched. */
export class LocalJobs {
  readonly #pool: ThreadPool;
  readonly #clockOffsetMs: () => number;
  readonly #commonArgs = new CommonArgsCache();

  /** @param clockOffsetMs how far the clock of Redis is ahead, in ms. */
  constructor(pool: ThreadPool, clockOffsetMs: () => number) {
    this.#pool = pool;
    this.#clockOffsetMs = clockOffsetMs;
  }

  /** Submits a call to the pool; `undefined` if that is shut down. */
  submit(run: HostRun, known: KnownHostTask, { id, args, headers }: LocalCall): Job | undefined {
    const { bull, data } = run;
    const details = data?.o ?? {};
    const context =
      details.c === undefined ? readCarrier(headers ?? carrierOf(bull)) : decodeValue(details.c, 'context');
    const options = readJobOptions(this.#optionsOf(bull, details, context), `run job '${bull.name}'`);
    const local = new Job(this.#taskOf(known, details) as unknown as Task, args, options);
    const fetched = { queue: bull.queueName, together: data?.n ?? 1, isRecovered: bull.stalledCounter > 0 };
    setOrigin(local, { id, attemptsBefore: run.attempt - 1, fetched });
    try {
      return this.#pool.submitJob(local);
    } catch (error) {
      if (error instanceof PoolClosedError) return undefined;
      throw error;
    }
  }

  /** Returns the task as the job calls it: once, or for each item of a part of a map. */
  #taskOf({ ref }: KnownHostTask, { e, m }: JobDetails): TaskRef {
    if (e === undefined) return ref;
    return m === undefined ? ref.each : this.#commonArgs.add(ref.each, m);
  }

  #optionsOf(bull: BullJob, { n, p, t, g, d, f, x }: JobDetails, context: unknown): JobOptions {
    const isOwn = p !== undefined && toBullPriority(p) === bull.priority; // it may have been changed since
    return {
      priority: isOwn ? p : fromBullPriority(bull.priority),
      graceMs: g === undefined ? undefined : g === -1 ? Number.POSITIVE_INFINITY : g,
      name: n,
      timeoutMs: t,
      affinity: f,
      exclusive: x === 1,
      deadline: d === undefined ? undefined : d - this.#clockOffsetMs(),
      // as an option, so that the pool adds it to its own context
      context: context === undefined ? undefined : storesOf(context as ContextValues),
    };
  }
}

/** What BullMQ has kept of the trace of a job. */
function carrierOf(bull: BullJob): unknown {
  return bull.opts.telemetry?.metadata;
}
