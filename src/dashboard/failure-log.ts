import { RecentMap } from '../base/maps/recent-map.js';
import { errorTypeOf, messageOf, stackIfAny } from '../errors.js';
import type { Job } from '../jobs/job.js';
import { begunAttempts, contentOf, failureOf, optionsOf } from '../jobs/job-access.js';
import { hostOf, taskOf } from '../jobs/job-engine.js';
import type { JobOptions } from '../jobs/job-options.js';
import type { Task } from '../jobs/task.js';
import type { AttemptRow, FailureRow } from './messages.js';
import { sharedMessage, shownName, shownStack } from './shown-text.js';

/** A call that has failed, to be submitted again. */
export interface FailedCall {
  readonly task: Task;
  readonly args: readonly unknown[];
  readonly options: JobOptions;
}

interface Group {
  readonly task: string;
  readonly code: string;
  readonly message: string;
  readonly firstAt: number;
  lastAt: number;
  count: number;
  stack: string | undefined;
  job: Pick<FailureRow, 'jobId' | 'jobName' | 'hostId' | 'attempts' | 'earlier'>;
  call: FailedCall | undefined;
}

/** What is known of a job that has failed, besides the job. */
export interface FailedJob {
  /** The id by which the page knows it. */
  readonly jobId: number | string;
  /** Its attempts before the last. */
  readonly earlier: readonly AttemptRow[];
  readonly call?: FailedCall | undefined;
}

export interface FailureLogSettings {
  /** How many groups are kept. */
  readonly limit: number;
  readonly hasStacks: boolean;
}

/**
 * The last failures of a pool; those of one task whose messages are the same but for points in time are one. Costs nothing
 * except for jobs that fail. Reading a job here does not count as observing its failure, so the program is still warned of it.
 */
export class FailureLog {
  readonly #settings: FailureLogSettings;
  /** By task and message. */
  readonly #groups: RecentMap<string, Group>;
  #hasChanged = true;

  constructor(settings: FailureLogSettings) {
    this.#settings = settings;
    this.#groups = new RecentMap(settings.limit);
  }

  add(job: Job, { jobId, earlier, call }: FailedJob): void {
    if (this.#settings.limit === 0) return;
    const error = failureOf(job);
    const task = shownName(taskOf(job).name);
    const message = sharedMessage(messageOf(error));
    const key = `${task}\n${message}`;
    const nowMs = Date.now();
    const group: Group = this.#groups.get(key) ?? {
      ...{ task, message, code: shownName(errorTypeOf(error)), firstAt: nowMs, lastAt: nowMs },
      ...{ count: 0, stack: undefined, job: { jobId: 0, jobName: '', attempts: 0 }, call: undefined },
    };
    group.count++;
    group.lastAt = nowMs;
    const hostId = hostOf(job);
    group.job = {
      ...{ jobId, jobName: shownName(job.name), attempts: begunAttempts(job) },
      ...(hostId === undefined ? {} : { hostId: shownName(hostId) }),
      ...(earlier.length === 0 ? {} : { earlier }),
    };
    group.call = call;
    if (this.#settings.hasStacks) group.stack = stackIfAny(error);
    this.#groups.set(key, group);
    this.#hasChanged = true;
  }

  /** Whether there were failures since the last call. */
  takeChange(): boolean {
    const hasChanged = this.#hasChanged;
    this.#hasChanged = false;
    return hasChanged;
  }

  /** The failures, the latest first. */
  get rows(): readonly FailureRow[] {
    return [...this.#groups.values()]
      .reverse()
      .map(({ task, code, message, firstAt, lastAt, count, stack, job, call }) => ({
        ...{ task, code, message, firstAt, lastAt, count, ...job, canRetry: call !== undefined },
        ...(stack === undefined ? {} : { stack: shownStack(stack) }),
      }));
  }

  /** Removes and returns the call of a job that failed: it can be submitted again once. */
  takeCall(jobId: number): FailedCall | undefined {
    for (const group of this.#groups.values()) {
      if (group.job.jobId !== jobId) continue;
      const { call } = group;
      group.call = undefined;
      this.#hasChanged = true;
      return call;
    }
    return undefined;
  }
}

/** The options of a job that apply to another call: not those for what it waited for, joined or was ended by. */
const REPEATED = ['timeoutMs', 'graceMs', 'retry', 'affinity', 'exclusive', 'name'] as const;

/**
 * Returns the call of a job that is about to fail and still has its arguments; `undefined` if it cannot be repeated: its moved
 * objects are gone, or it was a part of a map.
 */
export function callOf(job: Job): FailedCall | undefined {
  const ref = taskOf(job);
  const given = optionsOf(job);
  if (given.transfer !== undefined || ref.origin.each) return undefined;
  const repeated = REPEATED.filter((name) => given[name] !== undefined).map((name) => [name, given[name]]);
  return {
    task: ref as unknown as Task, // the engine treats it as one, too
    args: contentOf(job) as readonly unknown[],
    options: { ...(Object.fromEntries(repeated) as JobOptions), priority: job.priority },
  };
}
