import { wrongType } from '../../base/check/argument-errors.js';
import { optionNames, readOptions } from '../../base/check/options.js';
import { checkBoolean, checkInteger } from '../../base/check/values.js';
import type { CurrentJob } from '../../contract/current-job.js';
import { JOB_OPTION_NAMES } from '../../contract/job-option-names.js';
import { type CheckedJobOptions, checkJobOptions, type JobOptions } from '../../jobs/job-options.js';
import type { ModuleTask } from '../../jobs/task.js';

/** A task that takes one item. */
export type ItemTask<T, R> = ((this: CurrentJob, item: T) => R) | ModuleTask<(this: CurrentJob, item: T) => R>;

export interface MapOptions extends Omit<JobOptions, 'transfer'> {
  /**
   * How many items one job takes, 1 or more. Default: adapted so that a job takes about 1.5 ms; 1 with `timeoutMs`,
   * which limits one job.
   */
  readonly chunk?: number | undefined;
  /** Whether results come in the order of the items rather than of completion. Default: true. */
  readonly ordered?: boolean | undefined;
  /**
   * Maximum number of jobs in flight at once. Default, and upper limit: 2 for each place on a worker; 4 if the items
   * are in an array and `chunk` is not given.
   */
  readonly concurrency?: number | undefined;
}

/** Includes `transfer`, so that it can be refused with a message of its own. */
const MAP_OPTIONS = optionNames<MapOptions & Pick<JobOptions, 'transfer'>>({
  chunk: true,
  ordered: true,
  concurrency: true,
  ...JOB_OPTION_NAMES,
});

const COUNT = { from: 1, to: Number.MAX_SAFE_INTEGER };

interface MapSettings {
  readonly chunk: number | undefined;
  readonly ordered: boolean;
  readonly concurrency: number;
  readonly jobOptions: CheckedJobOptions;
}

export function readMapOptions(options: unknown, action: string): MapSettings {
  const given = readOptions(options, MAP_OPTIONS, action);
  const { chunk, ordered = true, concurrency } = given;
  const jobOptions = checkJobOptions(given, action);
  if (jobOptions.transfer !== undefined)
    throw wrongType(action, 'transfer is for one job; the items of a map are copied, or shared');
  return {
    chunk: chunk === undefined ? undefined : checkInteger(chunk, 'chunk', COUNT, action),
    ordered: checkBoolean(ordered, 'ordered', action),
    concurrency:
      concurrency === undefined ? Number.POSITIVE_INFINITY : checkInteger(concurrency, 'concurrency', COUNT, action),
    jobOptions,
  };
}
