import { checkSharedOptions, readChildOptions } from '../contract/child-options.js';
import type { ChildOptions } from '../contract/current-job.js';
import { checkToken } from '../wire/message/shared-objects.js';

/** Reads and checks the options that a parent's code gave a child. @throws {TypeError | RangeError} for a bad option. */
export function checkChildOptions(options: unknown, action: string): ChildOptions {
  const given = readChildOptions(options, action);
  checkSharedOptions(given, action);
  if (given.token !== undefined) checkToken(given.token, action);
  return given as ChildOptions;
}
