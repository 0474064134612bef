import type { ContextStores } from '../../base/context-stores.js';
import { Job } from '../../jobs/job.js';
import { withCurrentContext } from '../../jobs/job-options.js';
import type { Task } from '../../jobs/task.js';
import { readScheduleOptions, Schedule, type ScheduleOptions } from './schedule.js';

/** What schedules use of their pool. */
export interface SchedulesDeps {
  submit(job: Job): void;
  isOpen(): boolean;
  /** The pool's own context. */
  readonly context: ContextStores | undefined;
}

/** The schedules of a pool. */
export class Schedules {
  readonly #deps: SchedulesDeps;
  readonly #schedules = new Set<Schedule>();

  constructor(deps: SchedulesDeps) {
    this.#deps = deps;
  }

  /** The schedules that have not ended. */
  get all(): readonly Schedule[] {
    return [...this.#schedules];
  }

  /** @throws {TypeError | RangeError} for a bad task, argument list or option. */
  add(task: Task, args: readonly unknown[], options: ScheduleOptions): Schedule {
    const { rhythm, jobOptions: given } = readScheduleOptions(options);
    const { name } = new Job(task, args, given); // a bad call throws now
    const jobOptions = withCurrentContext(given, this.#deps.context);
    const submit = (): Job | undefined => {
      if (!this.#deps.isOpen()) return undefined; // a queued run, as the previous one was cancelled by a shutdown
      const job = new Job(task, args, jobOptions);
      this.#deps.submit(job);
      return job;
    };
    const schedule = new Schedule(rhythm, { name, submit, ended: (ended) => this.#schedules.delete(ended) });
    if (schedule.next !== undefined) this.#schedules.add(schedule);
    return schedule;
  }

  cancelAll(): void {
    for (const schedule of this.all) schedule.cancel();
  }
}
