import type { Queue } from 'bullmq';
import { wrongType, wrongValue } from '../../base/check/argument-errors.js';
import { checkObject, checkOneOf, checkText } from '../../base/check/values.js';
import { readContext } from '../../base/context-stores.js';
import { readScheduleOptions } from '../../compose/schedule/schedule.js';
import { describe } from '../../errors.js';
import { Job } from '../../jobs/job.js';
import { setContext } from '../../jobs/job-engine.js';
import type { Task } from '../../jobs/task.js';
import type { AttachedJobs } from '../pool/attached-jobs.js';
import { type ClusterJobOptions, checkRemoteOptions, readRemoteTask } from '../pool/cluster-job-options.js';
import type { ClusterPoolSettings } from '../pool/cluster-pool-options.js';
import { specOf } from '../pool/job-spec.js';
import { ClusterSchedule, type ScheduleRecord, type ScheduleStore } from './cluster-schedule.js';

const ACTION = 'schedule a task';

/** Options of a schedule of a cluster. */
export interface ClusterScheduleOptions
  extends Omit<ClusterJobOptions, 'delayMs' | 'dependsOn' | 'key' | 'token' | 'signal' | 'front' | 'startAt'> {
  /** Name of the schedule in the queue, without colons: made under the same id by several processes, it is one. */
  readonly id: string;
  /** Milliseconds from one run to the next, at a fixed rate. Default: none, and `cron` is needed. */
  readonly everyMs?: number | undefined;
  /** A cron expression of 5 fields, or 6 with seconds, in the syntax of the package croner. Default: none. */
  readonly cron?: string | undefined;
  /** IANA name of the time zone for `cron`. Default: that of this process. */
  readonly timeZone?: string | undefined;
  /** Earliest run: a `Date`, or milliseconds since 1970. Default: `everyMs` from now, or the next time of `cron`. */
  readonly startAt?: Date | number | undefined;
  /** A run that is due while the previous one is still running waits in the queue like any other job. Default: `'queue'`. */
  readonly overlap?: 'queue' | undefined;
}

export interface ClusterSchedulesDeps {
  readonly queue: Queue;
  readonly settings: ClusterPoolSettings;
  readonly attached: AttachedJobs;
  /** How far the clock of Redis is ahead, in ms. */
  readonly clockOffsetMs: () => number;
}

/** Options of a job that need the process that submitted it. */
const OF_THIS_PROCESS = ['token', 'signal', 'front'] as const;

/** The schedules that a pool has made. BullMQ keeps them, and each run adds the next. */
export class ClusterSchedules {
  readonly #deps: ClusterSchedulesDeps;
  readonly #schedules = new Set<ClusterSchedule>();

  constructor(deps: ClusterSchedulesDeps) {
    this.#deps = deps;
  }

  get all(): readonly ClusterSchedule[] {
    return [...this.#schedules];
  }

  /**
   * Reads a call of `schedule`.
   *
   * @returns a function that makes the schedule in Redis.
   * @throws {TypeError | RangeError} for a bad task, argument list or option.
   */
  read(task: unknown, args: readonly unknown[], options: unknown): () => Promise<ClusterSchedule> {
    const ref = readRemoteTask(task, ACTION);
    const {
      id,
      overlap = 'queue',
      ...rest
    } = { ...checkObject(options, 'options', ACTION) } as Record<string, unknown>;
    const name = checkText(id, 'id', ACTION);
    if (name.includes(':')) throw wrongValue(ACTION, 'id must have no colon', describe(name));
    checkOneOf(overlap, ['queue'] as const, 'overlap', ACTION);
    for (const option of OF_THIS_PROCESS)
      if (rest[option] !== undefined)
        throw wrongType(ACTION, `${option} must not be given, as the schedule goes on without this process`);
    const { jobOptions } = readScheduleOptions({ ...rest, overlap });
    const job = new Job(ref as unknown as Task, args, checkRemoteOptions(jobOptions, ACTION));
    if (jobOptions.context !== undefined) setContext(job, readContext(jobOptions.context));
    return () => this.#make(name, job, rest as Omit<ClusterScheduleOptions, 'id' | 'overlap'>);
  }

  async #make(
    id: string,
    job: Job,
    { everyMs, cron, timeZone, startAt }: Omit<ClusterScheduleOptions, 'id' | 'overlap'>,
  ): Promise<ClusterSchedule> {
    const { queue, settings, attached, clockOffsetMs } = this.#deps;
    const offsetMs = clockOffsetMs();
    // the arguments are kept with the schedule, however large they are, as it has no end
    const inline = { ...settings, maxInline: Number.POSITIVE_INFINITY, submitter: undefined, clockOffsetMs: offsetMs };
    const { name, data, opts } = specOf({ job, id, delayMs: 0, attemptsBefore: 0 }, inline);
    const { jobId: _jobId, ...template } = opts;
    const every = everyMs === undefined ? undefined : Math.max(1, Math.round(everyMs));
    const firstMs = startAt === undefined ? (every === undefined ? undefined : Date.now() + every) : Number(startAt);
    const startDate = firstMs === undefined ? undefined : Math.round(firstMs + offsetMs);
    const rhythm = {
      ...(every === undefined ? { pattern: cron as string, tz: timeZone ?? ownTimeZone() } : { every }),
      ...(startDate !== undefined && { startDate }),
    };
    const read = async (): Promise<ScheduleRecord | undefined> => {
      const found = await queue.getJobScheduler(id);
      if (found?.next == null) return undefined;
      const runs = Math.max(0, (found.iterationCount ?? 1) - 1);
      return { nextMs: Math.round(found.next - clockOffsetMs()), dueMs: found.next, runs };
    };
    const store: ScheduleStore = {
      everyMs: every,
      read,
      write: async () => {
        await queue.upsertJobScheduler(id, rhythm, { name, data, opts: template });
        return await read();
      },
      remove: () => queue.removeJobScheduler(id),
      run: (dueMs) => attached.find(`repeat:${id}:${dueMs}`),
      ended: (schedule) => this.#schedules.delete(schedule),
    };
    const schedule = new ClusterSchedule(id, store, await store.write());
    this.#schedules.add(schedule);
    return schedule;
  }

  /** The pool has shut down: the schedules go on without it. */
  close(): void {
    for (const schedule of this.#schedules) schedule.close();
    this.#schedules.clear();
  }
}

function ownTimeZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}
