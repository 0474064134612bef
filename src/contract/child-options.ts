import { type Given, optionNames, readOptions } from '../base/check/options.js';
import { checkBoolean, checkDate, checkFinite, checkMs, checkText } from '../base/check/values.js';
import { checkContext } from '../base/context-stores.js';
import type { ChildOptions } from './current-job.js';
import { JOB_OPTION_NAMES } from './job-option-names.js';

const {
  signal: _signal,
  dependsOn: _dependsOn,
  key: _key,
  keyJoins: _keyJoins,
  retry: _retry,
  transfer: _transfer,
  affinity: _affinity,
  exclusive: _exclusive,
  ...OF_CHILDREN
} = JOB_OPTION_NAMES;
/** The compiler rejects a list with a missing or unknown name. */
const CHILD_OPTIONS = optionNames<ChildOptions & Pick<ChildOptions, keyof typeof OF_CHILDREN>>(OF_CHILDREN);

/** Reads the job options that are valid for a child. @throws {TypeError} if there are others. */
export function readChildOptions(options: unknown, action: string): Given<ChildOptions> {
  return readOptions(options, CHILD_OPTIONS, action);
}

/** Unchecked values of the options that all jobs have, children too. */
type Unchecked = { -readonly [K in keyof ChildOptions]: unknown };

/**
 * Checks the options that all jobs have, in place: points in time become ms since 1970, `context` becomes a copy. Not the
 * `token`: a worker does not load its class for that.
 *
 * @throws {TypeError | RangeError} for a bad option.
 */
export function checkSharedOptions(given: Unchecked, action: string): void {
  if (given.priority !== undefined) checkFinite(given.priority, 'priority', action);
  if (given.front !== undefined) checkBoolean(given.front, 'front', action);
  if (given.timeoutMs !== undefined) checkMs(given.timeoutMs, 'timeoutMs', action);
  if (given.deadline !== undefined) given.deadline = checkDate(given.deadline, 'deadline', action);
  if (given.graceMs !== undefined) checkMs(given.graceMs, 'graceMs', action);
  if (given.delayMs !== undefined) checkMs(given.delayMs, 'delayMs', action);
  if (given.startAt !== undefined) given.startAt = checkDate(given.startAt, 'startAt', action);
  if (given.context !== undefined) given.context = checkContext(given.context, action);
  if (given.name !== undefined) checkText(given.name, 'name', action);
}
