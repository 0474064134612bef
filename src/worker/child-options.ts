import { checkBoolean, checkDate, checkFinite, checkMs, checkText } from '../base/check/values.js';
import { checkContext } from '../base/context-stores.js';
import { readChildOptions } from '../contract/child-options.js';
import type { ChildOptions } from '../contract/current-job.js';
import { checkToken } from '../wire/message/shared-objects.js';

/**
 * Reads and checks the options that a parent's code gave a child. @throws {TypeError | RangeError} for a bad option.
 */
export function checkChildOptions(options: unknown, action: string): ChildOptions {
  const given = readChildOptions(options, action);
  if (given.priority !== undefined) checkFinite(given.priority, 'priority', action);
  if (given.front !== undefined) checkBoolean(given.front, 'front', action);
  if (given.token !== undefined) checkToken(given.token, action);
  for (const name of ['timeoutMs', 'delayMs', 'graceMs'] as const)
    if (given[name] !== undefined) checkMs(given[name], name, action);
  for (const name of ['deadline', 'startAt'] as const)
    if (given[name] !== undefined) checkDate(given[name], name, action);
  if (given.context !== undefined) checkContext(given.context, action);
  if (given.name !== undefined) checkText(given.name, 'name', action);
  return given as ChildOptions;
}
