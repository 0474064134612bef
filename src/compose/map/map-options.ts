import { checkBoolean, checkInteger, optionNames, readOptions } from '../../base/check.js';
import type { CurrentJob } from '../../contract/current-job.js';
import { type CheckedJobOptions, checkJobOptions, JOB_OPTION_NAMES, type JobOptions } from '../../jobs/job-options.js';
import type { ModuleTask } from '../../jobs/task.js';

/** A task that takes one item. */
export type ItemTask<T, R> = ((this: CurrentJob, item: T) => R) | ModuleTask<(this: CurrentJob, item: T) => R>;

export interface MapOptions extends Omit<JobOptions, 'transfer'> {
  /**
   * How many items one job takes. Default: as many as take about 1.5 ms, from what the first ones took; with `timeoutMs`,
   * which bounds one job, 1.
   */
  readonly chunk?: number | undefined;
  /** Whether the results come in the order of the items, or as they are done. Default: true. */
  readonly ordered?: boolean | undefined;
  /**
   * How many jobs at most are out at once. Default, and most: 2 for each place on a worker; 4 where the items are in an array
   * and `chunk` is not given.
   */
  readonly concurrency?: number | undefined;
}

/** The option `transfer` is named to be refused by a sentence of its own. */
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
    throw new TypeError(`Cannot ${action}: transfer is for one job; the items of a map are copied, or shared`);
  return {
    chunk: chunk === undefined ? undefined : checkInteger(chunk, 'chunk', COUNT, action),
    ordered: checkBoolean(ordered, 'ordered', action),
    concurrency:
      concurrency === undefined ? Number.POSITIVE_INFINITY : checkInteger(concurrency, 'concurrency', COUNT, action),
    jobOptions,
  };
}
