import { type Given, optionNames, readOptions } from '../base/check/options.js';
import { checkBoolean, checkDate, checkFinite, checkInstance, checkMs, checkText } from '../base/check/values.js';
import { checkContext } from '../base/context-stores.js';
import { CancellationToken } from '../sync/cancellation-token.js';
import type { ChildOptions } from './current-job.js';
import { JOB_OPTION_NAMES } from './job-option-names.js';

const {
  signal: _signal,
  dependsOn: _dependsOn,
  key: _key,
  retry: _retry,
  transfer: _transfer,
  ...OF_CHILDREN
} = JOB_OPTION_NAMES;
/** The compiler rejects a list with a missing or unknown name. */
const CHILD_OPTIONS = optionNames<ChildOptions & Pick<ChildOptions, keyof typeof OF_CHILDREN>>(OF_CHILDREN);

/** Reads the job options that are valid for a child. @throws {TypeError} if there are others. */
export function readChildOptions(options: unknown, action: string): Given<ChildOptions> {
  return readOptions(options, CHILD_OPTIONS, action);
}

/**
 * Reads and checks the options that a parent's code gave a child. @throws {TypeError | RangeError} for a bad option.
 */
export function checkChildOptions(options: unknown, action: string): ChildOptions {
  const given = readChildOptions(options, action);
  if (given.priority !== undefined) checkFinite(given.priority, 'priority', action);
  if (given.front !== undefined) checkBoolean(given.front, 'front', action);
  if (given.token !== undefined) checkInstance(given.token, CancellationToken, 'token', action);
  for (const name of ['timeoutMs', 'delayMs', 'graceMs'] as const)
    if (given[name] !== undefined) checkMs(given[name], name, action);
  for (const name of ['deadline', 'startAt'] as const)
    if (given[name] !== undefined) checkDate(given[name], name, action);
  if (given.context !== undefined) checkContext(given.context, action);
  if (given.name !== undefined) checkText(given.name, 'name', action);
  return given as ChildOptions;
}
