import { Job } from '../jobs/job.js';
import { checkOptionNames } from '../jobs/option-names.js';
import { withRetryIfOfNow } from '../jobs/retry-policy.js';
import type { Task } from '../jobs/task.js';
import { withContextOfNow } from '../sync/context-stores.js';
import { Schedule, type ScheduleOptions } from './schedule.js';

const KNOWN = new Set([
  ...['everyMs', 'cron', 'timeZone', 'startAt', 'overlap'],
  ...['priority', 'front', 'token', 'signal', 'timeoutMs', 'deadline', 'retry', 'graceMs', 'context', 'name'],
]);

/** What schedules ask of their pool. */
export interface SchedulesHost {
  submit(job: Job): void;
  isOpen(): boolean;
}

/** The schedules of a pool. */
export class Schedules {
  readonly #host: SchedulesHost;
  readonly #schedules = new Set<Schedule>();

  constructor(host: SchedulesHost) {
    this.#host = host;
  }

  /** Those that have not ended. */
  get all(): readonly Schedule[] {
    return [...this.#schedules];
  }

  /** @throws {TypeError} or {RangeError} for a bad task, argument list or option. */
  add(task: Task, args: readonly unknown[], options: ScheduleOptions): Schedule {
    checkOptionNames(options, KNOWN, 'schedule a task');
    const { everyMs: _everyMs, cron: _cron, timeZone: _zone, startAt: _startAt, overlap: _overlap, ...rest } = options;
    new Job(task, args, rest); // a bad call throws now
    const jobOptions = withRetryIfOfNow(withContextOfNow(rest));
    const submit = (): Job | undefined => {
      if (!this.#host.isOpen()) return undefined; // a run that was queued, as the one before it is cancelled
      const job = new Job(task, args, jobOptions);
      this.#host.submit(job);
      return job;
    };
    const schedule = new Schedule(options, { submit, ended: (ended) => this.#schedules.delete(ended) });
    if (schedule.next !== undefined) this.#schedules.add(schedule);
    return schedule;
  }

  cancelAll(): void {
    for (const schedule of this.all) schedule.cancel();
  }
}
