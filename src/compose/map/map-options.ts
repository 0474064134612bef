import { wrongType } from '../../base/check/argument-errors.js';
import { optionNames, readOptions } from '../../base/check/options.js';
import { checkBoolean, checkInteger, copyArray } from '../../base/check/values.js';
import { JOB_OPTION_NAMES } from '../../contract/job-option-names.js';
import { type CheckedJobOptions, checkJobOptions, type JobOptions } from '../../jobs/job-options.js';

/** Options of `map`: those of its jobs, and how items are dealt out. */
export interface MapOptions extends Omit<JobOptions, 'transfer'> {
  /**
   * How many items one job takes, 1 or more. Default: adapted so that a job takes about 1.5 ms; 1 with `timeoutMs`,
   * which limits one job, and with `retry.onWorkerExit`.
   */
  readonly chunk?: number | undefined;
  /** Whether results come in the order of the items rather than of completion. Default: true. */
  readonly ordered?: boolean | undefined;
  /**
   * Maximum number of jobs in flight at once. Default, and upper limit: 2 for each place on a worker; 4 if the items
   * are in an array and `chunk` is not given.
   */
  readonly concurrency?: number | undefined;
  /**
   * Arguments that follow the item in every call: `task(item, ...args)`. Each worker is sent them once, and keeps them
   * until the map has ended. Leave them unchanged until then. Default: none.
   */
  readonly args?: readonly unknown[] | undefined;
  /**
   * Whether the map goes on after an item has failed: each result is then a `SettledItem`. Default: false, the
   * first failure ends the map.
   */
  readonly settled?: boolean | undefined;
  /**
   * Whether each value that a generator task yields, or each element of an array that a task returns, is a result of its
   * own. An item that fails has none. Default: false.
   */
  readonly flat?: boolean | undefined;
  /**
   * Whether items that are an `ArrayBuffer` or a view are moved, not copied: they are then gone on this thread. Excludes
   * `retry`. Default: false.
   */
  readonly transferItems?: boolean | undefined;
}

/** Includes `transfer`, so that it can be refused with a message of its own. */
const MAP_OPTIONS = optionNames<MapOptions & Pick<JobOptions, 'transfer'>>({
  chunk: true,
  ordered: true,
  concurrency: true,
  args: true,
  settled: true,
  flat: true,
  transferItems: true,
  ...JOB_OPTION_NAMES,
});

const COUNT = { from: 1, to: Number.MAX_SAFE_INTEGER };

export interface MapSettings {
  readonly chunk: number | undefined;
  readonly ordered: boolean;
  readonly concurrency: number;
  readonly args: readonly unknown[];
  readonly settled: boolean;
  readonly flat: boolean;
  readonly transferItems: boolean;
  readonly jobOptions: CheckedJobOptions;
}

/** @throws {TypeError | RangeError} that names the option, the rule and the value received. */
export function readMapOptions(options: unknown, action: string): MapSettings {
  const given = readOptions(options, MAP_OPTIONS, action);
  const { chunk, ordered = true, concurrency, args, settled = false, flat = false, transferItems = false } = given;
  const jobOptions = checkJobOptions(given, action);
  if (jobOptions.transfer !== undefined)
    throw wrongType(action, 'transfer is for one job; transferItems moves the items of a map');
  const movesItems = checkBoolean(transferItems, 'transferItems', action);
  if (movesItems && jobOptions.retry !== undefined)
    throw wrongType(action, 'retry and transferItems exclude each other, as what is moved is gone after one attempt');
  const isAlone = jobOptions.timeoutMs !== undefined || jobOptions.retry?.onWorkerExit === true; // these are meant for an item, and apply to a job
  return {
    chunk: chunk === undefined ? (isAlone ? 1 : undefined) : checkInteger(chunk, 'chunk', COUNT, action),
    ordered: checkBoolean(ordered, 'ordered', action),
    concurrency:
      concurrency === undefined ? Number.POSITIVE_INFINITY : checkInteger(concurrency, 'concurrency', COUNT, action),
    args: args === undefined ? [] : copyArray(args, 'args', action),
    settled: checkBoolean(settled, 'settled', action),
    flat: checkBoolean(flat, 'flat', action),
    transferItems: movesItems,
    jobOptions,
  };
}
