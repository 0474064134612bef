import { optionNames, readOptions } from '../base/check/options.js';
import { checkInteger, checkOneOf, checkString } from '../base/check/values.js';
import { toEpoch } from '../base/clock.js';
import { rankOf, ranksBefore } from '../host/rank.js';
import { submittedAtMs } from '../jobs/attempt.js';
import type { Job } from '../jobs/job.js';
import { seqOf } from '../jobs/job-access.js';
import { lastReportOf, taskOf } from '../jobs/job-engine.js';
import type { Engine } from './engine.js';

/** Which jobs `pool.jobs` lists. */
export interface JobFilter {
  /** Only jobs in that state. Default: both. */
  readonly state?: 'PENDING' | 'RUNNING' | undefined;
  /** Only jobs of tasks with that name. Default: all. */
  readonly task?: string | undefined;
  /** Most jobs to list; `Infinity` for all. Default: 100. */
  readonly limit?: number | undefined;
}

/** A job that has not settled, as it was when the list was made. */
export interface JobRow {
  /** The id of the job. */
  readonly id: number;
  /** The option `name`, or else the task's name. */
  readonly name: string;
  /** The name of its task. */
  readonly task: string;
  /** Whether its code runs. */
  readonly state: 'PENDING' | 'RUNNING';
  /** Its priority: higher runs first. */
  readonly priority: number;
  /** How many times its code has begun. */
  readonly attempts: number;
  /** Id of the worker that runs it or ran it last; `undefined` before. */
  readonly workerId: number | undefined;
  /** When it was submitted, in milliseconds since 1970. */
  readonly submittedAt: number;
  /** When the code of its last attempt began, in milliseconds since 1970; `undefined` before the first. */
  readonly startedAt: number | undefined;
  /** What its code reported last. */
  readonly progress: unknown;
}

const FILTER = optionNames<JobFilter>({ state: true, task: true, limit: true });
const STATES = ['PENDING', 'RUNNING'] as const;
const ACTION = 'list jobs';

/**
 * Lists jobs, the most urgent first. Looks at every unsettled job: about 50 ns each.
 *
 * @throws {TypeError | RangeError} that names the option, the rule and the value received.
 */
export function listJobs(unsettled: Iterable<Job>, filter: unknown): readonly JobRow[] {
  return Object.freeze(mostUrgent(unsettled, readFilter(filter)).map(rowOf));
}

/** Finds jobs, the most urgent first. */
export function mostUrgent(
  unsettled: Iterable<Job>,
  { state, task, limit }: JobFilter & { readonly limit: number },
): readonly Job[] {
  const found: Job[] = [];
  for (const job of unsettled) {
    if (task !== undefined && taskOf(job).name !== task) continue;
    if (state !== undefined && job.state !== state) continue;
    addByRank(found, job, limit);
  }
  return found;
}

/** The running jobs. Does not go through the queue, which may contain a million. */
export function* runningJobs({ workers, childJobs }: Pick<Engine, 'workers' | 'childJobs'>): Generator<Job> {
  yield* childJobs;
  for (const worker of workers.all) {
    if (worker.inFlight.size === 0) continue;
    for (const job of worker.inFlight) if (worker.hasBegun(seqOf(job))) yield job;
  }
}

function readFilter(filter: unknown): JobFilter & { readonly limit: number } {
  const given = readOptions<JobFilter>(filter, FILTER, ACTION);
  const { limit = 100 } = given;
  return {
    state: given.state === undefined ? undefined : checkOneOf(given.state, STATES, 'state', ACTION),
    task: given.task === undefined ? undefined : checkString(given.task, 'task', ACTION),
    limit:
      limit === Number.POSITIVE_INFINITY
        ? limit
        : checkInteger(limit, 'limit', { from: 0, to: Number.MAX_SAFE_INTEGER }, ACTION),
  };
}

/** Adds a job at its rank. A full list drops its last job, so most jobs of a long queue are never added. */
function addByRank(jobs: Job[], job: Job, limit: number): void {
  const rank = rankOf(job);
  let from = 0;
  let to = jobs.length;
  const last = jobs.at(-1);
  if (last === undefined || ranksBefore(rankOf(last), rank)) from = to;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (ranksBefore(rank, rankOf(jobs[middle] as Job))) to = middle;
    else from = middle + 1;
  }
  if (from >= limit) return;
  jobs.splice(from, 0, job);
  if (jobs.length > limit) jobs.pop();
}

export function rowOf(job: Job): JobRow {
  const { id, name, state, priority, attempts, workerId, startedAt } = job;
  return Object.freeze({
    id,
    name,
    task: taskOf(job).name,
    state: state === 'RUNNING' ? state : 'PENDING',
    priority,
    attempts,
    workerId,
    submittedAt: toEpoch(submittedAtMs(job)),
    startedAt,
    progress: lastReportOf(job),
  });
}
